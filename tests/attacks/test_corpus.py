"""Every attack fails, as pinned, and the neighbour's grade is the same right after."""

from __future__ import annotations

import os
import time

import pytest

from grader.labs.promises import PROMISES
from tests.attacks.builders import built
from tests.attacks.catalogue import Attack, from_files
from tests.attacks.scene import Scene

pytestmark = pytest.mark.engine

#: By what they cost: those without an engine first.
LABS = ("probe", "tight", "table", "store", "model", "engine")
ATTACKS = sorted([*from_files(), *built()], key=lambda a: (LABS.index(a.lab), a.id))
#: Labs that start nothing: the neighbour is graded after each attack.
CHEAP = ("probe", "tight")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.id)
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
    if attack.lab in CHEAP:
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
