"""Every attack fails, as pinned, and the neighbour's grade is the same after it."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator

import pytest

from grader.labs.promises import PROMISES
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


#: One attack of each family that is not deep: the plainest.
SMOKE = frozenset(
    {
        "bombs/fork",
        "daemons/sleeper",
        "ending/exit_zero",
        "engine/read_through_the_jvm",
        "forging/reply_with_the_right_id",
        "injection/escape_sequences",
        "intake/link_to_the_reference",
        "models/looks_up_the_answers",
        "network/tcp",
        "parsers/python_brackets",
        "patching/read_the_expected_value",
        "reading/keys",
        "shadowing/pytest_ini",
    }
)
#: What they attack is the same on every tier: what the host makes of what comes over the wall.
ONE_TIER = ("patching", "parsers", "injection", "models")


def _pairs() -> Iterator[object]:
    """Yield each attack with each tier that makes a difference to it.

    What `tests/tiers/test_elsewhere.py` tries on `bwrap` as an ordinary user, who is the one to
    have that tier, is not tried there by root, too.
    """
    elsewhere = bool(os.environ.get(VARIABLE))
    both = set(tiers()) == {"full", "bwrap"} and not elsewhere
    both = both and os.geteuid() == 0  # nobody else can become that user
    best = tiers()[0]
    for tier in tiers():
        for attack in ATTACKS:
            if attack.family in ONE_TIER and (elsewhere or tier != best):
                continue
            if both and tier == "bwrap" and not any(word in attack.id for word in DEAR):
                continue
            smoke = attack.id in SMOKE and tier == best
            marks = (pytest.mark.smoke,) if smoke else ()
            yield pytest.param(tier, attack, id=f"{tier}-{attack.id}", marks=marks)


@pytest.mark.parametrize(("tier", "attack"), list(_pairs()))
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


@pytest.mark.smoke
def test_there_are_as_many_as_promised() -> None:
    """At least 60, of at least 12 families, each with a name of its own."""
    assert len(ATTACKS) >= 60
    assert len({a.family for a in ATTACKS}) >= 12
    assert len({a.student for a in ATTACKS}) == len(ATTACKS)
    assert {a.id for a in ATTACKS} >= SMOKE
    assert {a.family for a in ATTACKS} == {id_.partition("/")[0] for id_ in SMOKE}
