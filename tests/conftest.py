"""The order of the tests. The plugin itself is installed with the package (entry point
`grader.plugin`), and each test folder has a conftest of its own where it needs one."""

from __future__ import annotations

from pathlib import Path

import pytest

#: What comes first, in this order.
_FIRST = [Path(__file__).parent / name for name in ("unit", "guest", "properties")]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what wants a process to itself: engine tests leave stations in the background of
    theirs until the session ends.

    Unit tests answer within seconds, and count what their process has open. Tests of properties
    become another user for a while, with all threads.
    """
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    return next((n for n, f in enumerate(_FIRST) if f in item.path.parents), len(_FIRST))
