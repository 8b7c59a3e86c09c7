"""Whole runs from the command line: pytest itself, its configuration, every report it writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import xmlschema

from tests.attacks.catalogue import Attack
from tests.attacks.props import unclean
from tests.attacks.scene import NEIGHBOUR, Scene
from tests.attacks.test_corpus import ATTACKS
from tests.builders import ROOT

pytestmark = pytest.mark.engine

#: Families whose attacks aim at the run around the wall, and a few of the others.
_AIMED = ("shadowing", "injection", "intake", "forging")
_OTHERS = ("ending/exit_zero", "reading/proc_environ", "network/tcp", "parsers/yaml_of_a_billion")
CROWD = [
    a
    for a in ATTACKS
    if a.lab == "probe"
    and (a.family in _AIMED or a.id in _OTHERS)
    and not (a.root and os.geteuid() != 0)
]
#: Those that bring a configuration or a plugin for pytest.
CONFIGURING = [a for a in ATTACKS if a.family == "shadowing" and a.win == "touches"] + [
    a for a in ATTACKS if a.id.endswith(("tox_ini_and_setup_cfg", "hidden_pytest_ini"))
]


def run(scene: Scene, reports: Path, *args: str) -> tuple[int, str]:
    """`pytest ARGS` in the course, grading the quiz and `probe`: exit status and what is shown."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:anyio"]
    command += [f"--sandbox={scene.tier}"]
    command += [f"--report-dir={reports}", "--lab=probe", "--exam=quiz-1", "--feedback=full"]
    done = subprocess.run(
        [*command, *args],
        cwd=scene.course,
        # The grader under test, wherever it lies: the folder that pytest runs in is a course.
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"},
        capture_output=True,
        check=False,
        timeout=300,
    )
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "surrogateescape")


def grade(folder: Path) -> dict[str, Any]:
    """A student's `grade.json`."""
    record: dict[str, Any] = json.loads((folder / "grade.json").read_text(encoding="utf-8"))
    return record


def earned(record: dict[str, Any]) -> Fraction:
    """The points of a grade."""
    entries = [*record["items"], *record["checks"]]
    return sum((Fraction(e["points"] or 0) for e in entries), Fraction(0))


def test_all_at_once(scene: Scene, tmp_path: Path) -> None:
    """A class of attackers and one honest student, in one run: nobody gains, nobody loses."""
    junit = tmp_path / "junit.xml"
    with ExitStack() as stack:
        for attack in CROWD:
            stack.enter_context(scene.submission(attack))
        status, shown = run(
            scene, tmp_path, "--submission=submissions", f"--junitxml={junit}", "-v"
        )
    assert status == 1, shown[-3000:]
    complaints = scene.leaks({"terminal": shown, "junit": junit.read_text(encoding="utf-8")})
    complaints += unclean("terminal", shown)
    for attack in CROWD:
        folder = tmp_path / attack.student
        texts = {p.name: p.read_text(encoding="utf-8") for p in folder.iterdir()}
        found = scene.leaks(texts) + [c for n, t in texts.items() for c in unclean(n, t)]
        record = grade(folder)
        if earned(record) or record["decision"] == "grader-fault":
            found.append(f"{earned(record)} points, {record['decision']}")
        complaints += [f"{attack.id}: {c}" for c in found]
    assert complaints + scene.damage() == []
    honest = grade(tmp_path / NEIGHBOUR)
    assert earned(honest) == 5
    assert honest["student"] == {"id": NEIGHBOUR, "name": NEIGHBOUR}
    xmlschema.XMLSchema(str(ROOT / "tests" / "data" / "junit-xunit2.xsd")).validate(str(junit))
    for case in ET.parse(junit).iter("testcase"):
        told = {p.get("name"): p.get("value") for p in case.iter("property")}
        mine = str(case.get("classname")).startswith(f"{NEIGHBOUR}.")
        assert (told["verdict"] == "correct") == mine, told


@pytest.mark.parametrize("attack", CONFIGURING, ids=lambda a: a.id)
def test_a_configuration_in_a_submission_is_not_used(
    attack: Attack, scene: Scene, tmp_path: Path
) -> None:
    """Whatever lies in a folder changes nothing of how it is graded."""
    with scene.submission(attack) as folder:
        status, shown = run(scene, tmp_path, f"--submission=submissions/{folder.name}")
    damage = scene.damage()
    assert "the planted code ran" not in shown
    assert damage == []
    assert status == 1, shown[-2000:]
    assert earned(grade(tmp_path / attack.student)) == 0


#: Files that pytest looks for in a folder which it takes for its own argument.
SETTINGS = ("pytest_ini", "pyproject_toml", "hidden_pytest_ini", "tox_ini_and_setup_cfg")


@pytest.mark.parametrize("attack", [a for a in ATTACKS if a.name in SETTINGS], ids=lambda a: a.id)
def test_a_folder_that_pytest_took_for_its_own_argument_is_refused(
    attack: Attack, scene: Scene, tmp_path: Path
) -> None:
    """Where pytest itself has read a student's settings nothing is graded.

    It obeys them before any plugin is asked: docs/security.md says how to write the option.
    """
    with scene.submission(attack) as folder:
        status, shown = run(scene, tmp_path, "--submission", f"submissions/{folder.name}")
    scene.damage()
    assert status in (1, 4), shown[-2000:]
    assert not (tmp_path / attack.student).exists()
    told = "with an equals sign" in " ".join(shown.split())
    assert told or "Error importing plugin" in shown
