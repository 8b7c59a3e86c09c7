"""Every attack fails, as pinned, and the neighbour's grade is the same after it."""

from __future__ import annotations

import itertools
import os
import time

import pytest

from grader.labs.promises import PROMISES
from grader.sandbox.interface import Tier
from tests.attacks.builders import built
from tests.attacks.catalogue import Attack, from_files
from tests.attacks.conftest import DEAR, VARIABLE, tiers
from tests.attacks.scene import Scene

pytestmark = pytest.mark.engine

#: By what they cost: those without an engine first.
LABS = ("probe", "tight", "table", "store", "model", "engine")
ATTACKS = sorted([*from_files(), *built()], key=lambda a: (LABS.index(a.lab), a.id))
#: Labs that start nothing: the neighbour is graded after each attack, elsewhere after every fifth.
CHEAP = ("probe", "tight")
OFTEN = 5 if os.environ.get(VARIABLE) else 1
_turn = itertools.count(1)


def _pairs() -> list[tuple[Tier, Attack]]:
    """Each attack on each tier. What `test_elsewhere` tries on `bwrap` as an ordinary user, who is
    the one to have that tier, is not tried there by root, too."""
    both = set(tiers()) == {"full", "bwrap"} and not os.environ.get(VARIABLE)
    both = both and os.geteuid() == 0  # nobody else can become that user
    return [
        (tier, attack)
        for tier in tiers()
        for attack in ATTACKS
        if not (both and tier == "bwrap" and not any(word in attack.id for word in DEAR))
    ]


@pytest.mark.parametrize(("tier", "attack"), _pairs(), ids=lambda v: getattr(v, "id", v))
def test_the_attack_fails(attack: Attack, scene: Scene) -> None:
    """It earns nothing, learns nothing, touches nothing, and is told as pinned."""
    if attack.root and os.geteuid() != 0:
        pytest.skip("only root can build this one")
    kept = not attack.promise or scene.tier in PROMISES[attack.promise].tiers
    with scene.submission(attack) as folder:
        outcome = scene.grade(folder, attack.lab)
        if attack.family == "daemons":
            time.sleep(0.5)  # what survived would act now
        if kept:
            complaints = scene.complaints(attack, outcome)
        else:  # the tier says so; it must still be worth nothing, and leave nothing behind
            complaints = [f"{r.name} earned {r.points}" for r in outcome.results if r.points]
            scene.witness.words.clear()
            complaints += scene.damage()
    if attack.lab in CHEAP and next(_turn) % OFTEN == 0:
        complaints += scene.honest(attack.lab)
    if complaints:
        pytest.fail("\n".join([attack.summary, *complaints]), pytrace=False)


@pytest.mark.parametrize("lab", LABS)
def test_the_reference_still_scores_full(lab: str, scene: Scene) -> None:
    """After all of that an honest student is graded as before."""
    assert scene.honest(lab) == []


def test_there_are_as_many_as_promised() -> None:
    """At least 60, of at least 12 families, each with a name of its own."""
    assert len(ATTACKS) >= 60
    assert len({a.family for a in ATTACKS}) >= 12
    assert len({a.student for a in ATTACKS}) == len(ATTACKS)
