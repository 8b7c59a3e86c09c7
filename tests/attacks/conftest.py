"""One scene and one tier at a time for the whole corpus."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import cast

import pytest

from grader.sandbox.interface import TIERS, Tier
from tests.attacks.scene import Scene, new_scene
from tests.stage import best_tier

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
    return ("full", "bwrap") if best_tier() == "full" else ("bwrap",)


@pytest.fixture(scope="session", params=tiers())
def tier(request: pytest.FixtureRequest) -> Tier:
    """A tier that this machine offers."""
    return cast(Tier, request.param)


class Scenes:
    """One scene at a time: it stays until another tier is asked for."""

    def __init__(self) -> None:
        self._open: Scene | None = None

    def of(self, tier: Tier) -> Scene:
        """The scene of a tier, with a neighbour who was graded before anything happened."""
        if self._open is None or self._open.tier != tier:
            self.close()
            self._open = new_scene(tier)
            assert self._open.honest("probe") == []
        return self._open

    def close(self) -> None:
        """Take it away, if there is one."""
        made, self._open = self._open, None
        if made is not None:
            made.close()


@pytest.fixture(scope="session")
def scenes() -> Iterator[Scenes]:
    """Scenes, whichever tier is attacked."""
    made = Scenes()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def scene(scenes: Scenes, tier: Tier) -> Scene:
    """The scene of the test's tier. A scene as a session's fixture would not last: tests that are
    given their tier and their attack together end it, each after itself."""
    return scenes.of(tier)
