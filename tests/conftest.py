"""Which tests are deep, and the order of all.

The plugin itself is installed with the package (entry point `grader.plugin`), and each test folder
has a conftest of its own where it needs one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

_HERE = Path(__file__).parent
#: What comes first, in this order.
_FIRST = [_HERE / name for name in ("unit", "guest", "properties")]
#: Folders whose tests take their time: they are deep, unless they are marked `smoke`.
_DEEP = [_HERE / name for name in ("attacks", "conformance", "engine", "properties", "tiers")]


def pytest_configure(config: pytest.Config) -> None:
    """Register our own marker; `deep` is the plugin's."""
    config.addinivalue_line("markers", "smoke: not deep, though the others of its folder are")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what is deep."""
    if item.get_closest_marker("smoke") is None and any(f in item.path.parents for f in _DEEP):
        item.add_marker("deep")


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
