"""Attacks win against a naive grader: an attack that nothing suffers from proves nothing.

Only those run that are harmless without a wall: they read canaries, call the witness, write into
the scene. No bomb is among them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.attacks.catalogue import HERE, Attack
from tests.attacks.props import unclean
from tests.attacks.scene import Scene
from tests.attacks.test_corpus import ATTACKS
from tests.builders import ROOT

pytestmark = pytest.mark.engine

TRIED = [a for a in ATTACKS if a.win != "not-tried"]


def naively(attack: Attack, folder: Path, scene: Scene) -> tuple[int, str]:
    """Exit status and output of the naive grader."""
    lab = "pytest" if attack.family == "shadowing" else attack.lab
    command = [sys.executable, str(HERE / "naive.py"), str(folder), str(scene.course), lab]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, env=environment, capture_output=True, check=False, timeout=60, cwd=folder
    )
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("attack", TRIED, ids=lambda a: a.id)
def test_the_attack_wins_without_a_wall(attack: Attack, scene: Scene) -> None:
    """It passes all checks, or steals a canary, or touches what is not its own, as it says."""
    with scene.submission(attack) as folder:
        status, shown = naively(attack, folder, scene)
        found = folder / "results.json"
        results = json.loads(found.read_text(encoding="utf-8")) if found.exists() else {}
    damage = scene.damage()
    until = time.monotonic() + 2
    while attack.win == "touches" and not damage and time.monotonic() < until:
        time.sleep(0.05)  # a killed process takes a moment to end
        damage = scene.damage()
    won = {
        "passes": all(results.values()) if results else status == 0 and "FAILED" not in shown,
        "steals": scene.leaks({"naive": shown}) != [],
        "touches": damage != [],
        "breaks": unclean("feedback.md", shown) != [],
    }
    assert won[attack.win], f"status {status}, results {results}, damage {damage}\n{shown[-2000:]}"


def test_most_families_are_tried() -> None:
    """Of every family but the bombs and the JVM's, one attack at least."""
    families = {a.family for a in ATTACKS} - {"bombs", "engine"}
    assert {a.family for a in TRIED} == families
