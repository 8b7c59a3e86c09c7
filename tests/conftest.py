"""The order of the tests. The plugin itself is installed with the package (entry point
`grader.plugin`), and each test folder has a conftest of its own where it needs one."""

from __future__ import annotations

from pathlib import Path

import pytest

_UNIT = Path(__file__).parent / "unit"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put unit tests first: they answer within seconds, and they count what their process has open.

    Engine tests leave stations warming in the background of theirs until the session ends.
    """
    items.sort(key=lambda item: _UNIT not in item.path.parents)
