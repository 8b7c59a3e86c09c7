"""One scene and one tier at a time for the whole corpus."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attacks.scene import Scene, new_scene

#: Hostile files and a course to rob are data here: nothing in them is a test or a conftest.
collect_ignore = ["corpus", "course"]


@pytest.fixture(scope="session", params=["bwrap"])
def tier(request: pytest.FixtureRequest) -> str:
    """A tier that this machine offers."""
    return str(request.param)


@pytest.fixture(scope="session")
def scene(tier: str) -> Iterator[Scene]:
    """The scene of a tier, with a neighbour who was graded before anything happened."""
    made = new_scene(tier)
    try:
        assert made.honest("probe") == []
        yield made
    finally:
        made.close()
