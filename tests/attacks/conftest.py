"""One scene and one tier at a time for the whole corpus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from grader.sandbox.interface import Tier
from tests.attacks.scene import Scene, new_scene

#: Hostile files and a course to rob are data here: nothing in them is a test or a conftest.
collect_ignore = ["corpus", "course"]


#: The tiers to attack, of those that the machine offers.
TIERS: tuple[Tier, ...] = ("bwrap",)


@pytest.fixture(scope="session", params=TIERS)
def tier(request: pytest.FixtureRequest) -> Tier:
    """A tier that this machine offers."""
    return cast(Tier, request.param)


@pytest.fixture(scope="session")
def scene(tier: Tier) -> Iterator[Scene]:
    """The scene of a tier, with a neighbour who was graded before anything happened."""
    made = new_scene(tier)
    try:
        assert made.honest("probe") == []
        yield made
    finally:
        made.close()
