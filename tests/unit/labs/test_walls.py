"""`grader.labs.walls`: the strongest sandbox there is, the one asked for, or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from grader.errors import ProvisionError, SandboxFault
from grader.labs import walls
from grader.labs.walls import Wanted, open_sandbox
from grader.sandbox.interface import TIERS, Tier

Works = Callable[..., list[Any]]


class Sandbox:
    """A sandbox of a tier, no more."""

    def __init__(self, tier: Tier) -> None:
        self.tier = tier


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> Works:
    """Say which tiers work here; the list of those that are tried, and `sweep`."""

    def those(*tiers: Tier) -> list[Any]:
        tried: list[Any] = []

        def trying(tier: Tier) -> Callable[[], Sandbox]:
            def one() -> Sandbox:
                tried.append(tier)
                if tier not in tiers:
                    raise SandboxFault(f"the {tier} of this machine is broken")
                return Sandbox(tier)

            return one

        monkeypatch.setattr(walls, "_TRY", {tier: trying(tier) for tier in TIERS})
        monkeypatch.setattr(walls, "sweep", lambda: tried.append("sweep"))
        return tried

    return those


@pytest.mark.parametrize(
    ("working", "wanted", "got"),
    [
        (("full", "bwrap", "landlock", "none"), Wanted(), "full"),
        (("bwrap", "landlock", "none"), Wanted(), "bwrap"),
        (("landlock", "none"), Wanted(), "landlock"),
        (("none",), Wanted(trusted=True), "none"),
        (("full", "none"), Wanted(trusted=True), "full"),
        (("full", "bwrap", "landlock"), Wanted("bwrap"), "bwrap"),
        (("full", "bwrap", "landlock"), Wanted("landlock"), "landlock"),
        (("full", "none"), Wanted("none", trusted=True), "none"),
        (("full", "none"), Wanted("none", "none", trusted=True), "none"),
        (("bwrap",), Wanted("auto", "bwrap"), "bwrap"),
        (("bwrap", "none"), Wanted("auto", "bwrap", trusted=True), "bwrap"),
    ],
)
def test_the_strongest_that_will_do_is_opened(
    works: Works, working: tuple[Tier, ...], wanted: Wanted, got: Tier
) -> None:
    """Or the very one that is asked for, though a stronger one works. Sweeping comes first."""
    tried = works(*working)
    assert open_sandbox(wanted).tier == got
    assert tried[0] == "sweep"
    assert tried[-1] == got


@pytest.mark.parametrize(
    ("wanted", "tried"),
    [
        (Wanted(), ["full", "bwrap", "landlock"]),
        (Wanted("auto", "bwrap"), ["full", "bwrap"]),
        (Wanted("auto", "bwrap", trusted=True), ["full", "bwrap"]),
        (Wanted("auto", "none"), ["full", "bwrap", "landlock"]),
        (Wanted(trusted=True), ["full", "bwrap", "landlock", "none"]),
        (Wanted("bwrap"), ["bwrap"]),
    ],
)
def test_nothing_weaker_than_allowed_is_tried(
    works: Works, wanted: Wanted, tried: list[Tier]
) -> None:
    """Each that was tried is told with why it does not work, and what would bring it."""
    seen = works()
    with pytest.raises(ProvisionError) as caught:
        open_sandbox(wanted)
    assert seen[1:] == tried
    lines = str(caught.value).splitlines()
    assert lines[0] == f"no sandbox of tier {' or '.join(tried)} works here:"
    for line, tier in zip(lines[1:], tried, strict=True):
        why = f"the {tier} of this machine is broken"
        assert line == f"  {tier}: {why}; to have it, {walls.MENDS[tier]}"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Wanted("none"), "--sandbox=none runs students' code as yourself"),
        (Wanted("none", "none"), "--sandbox=none runs students' code as yourself"),
        (
            Wanted("none", "landlock", trusted=True),
            "--sandbox=none is weaker than the least that is allowed here, landlock",
        ),
        (
            Wanted("bwrap", "full"),
            "--sandbox=bwrap is weaker than the least that is allowed here, full",
        ),
        (Wanted("landlock", "bwrap", trusted=True), "--sandbox=landlock is weaker"),
    ],
)
def test_a_tier_that_will_not_do_is_refused_untried(
    works: Works, wanted: Wanted, message: str
) -> None:
    """Although it works."""
    seen = works(*TIERS)
    with pytest.raises(ProvisionError) as caught:
        open_sandbox(wanted)
    assert str(caught.value).startswith(message)
    assert seen == ["sweep"]


def test_a_defect_of_our_own_is_not_passed_over(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A weaker tier is for what a machine lacks, not for what we broke."""
    works("bwrap")

    def broken() -> Sandbox:
        raise ZeroDivisionError

    monkeypatch.setitem(walls._TRY, "full", broken)
    with pytest.raises(ZeroDivisionError):
        open_sandbox()


def test_there_is_advice_for_every_tier() -> None:
    """And a way to try it."""
    assert set(walls.MENDS) == set(walls._TRY) == set(TIERS)
