"""One scene and one tier at a time for the whole corpus."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import cast

import pytest

from grader.sandbox.cgroups import Hierarchy
from grader.sandbox.interface import TIERS, Tier
from tests.attacks.scene import Scene, new_scene

#: Hostile files and a course to rob are data here: nothing in them is a test or a conftest.
collect_ignore = ["corpus", "course"]


#: Names the tiers to attack, instead of those that this process can have by itself.
VARIABLE = "GRADER_ATTACK_TIERS"
#: What the names of attacks on labs that start engines have in them.
DEAR = ("model", "store", "engine/")


def tiers() -> tuple[Tier, ...]:
    """The tiers to attack: as root both of bubblewrap, where control groups can be made."""
    named = os.environ.get(VARIABLE)
    if named:
        return tuple(t for t in TIERS if t in named.split(","))
    return ("full", "bwrap") if Hierarchy.find() else ("bwrap",)


@pytest.fixture(scope="session", params=tiers())
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
