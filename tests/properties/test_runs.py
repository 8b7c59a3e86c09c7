"""Whole pytest runs over hostile submissions: a grade for each, valid JUnit, no traceback."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st

from grader.course.submission import PARTS, find_submissions
from grader.errors import SubmissionError
from tests.builders import ROOT
from tests.properties.profile import quick
from tests.properties.promises import fit, lay_course
from tests.properties.texts import strings
from tests.properties.trees import FULL, SOUND, Plan, build, plans

pytestmark = pytest.mark.timeout(120)


def examples(strategy: st.SearchStrategy[Any], number: int) -> list[Any]:
    """The first examples of a strategy, the same every time."""
    found: list[Any] = []

    @quick(number)
    @given(strategy)
    def collect(example: Any) -> None:
        found.append(example)

    collect()
    return found


def is_taken(folder: Path) -> bool:
    """Whether a folder of this name can be graded in a run."""
    try:
        return bool(find_submissions(str(folder), folder.parent, folder.parent))
    except SubmissionError:
        return False


def run(pytester: pytest.Pytester, *extra: str) -> int:
    """Grade all submissions in a process of its own; what it said is clean, and no traceback."""
    result = pytester.runpytest_subprocess(
        *("-p", "no:hypothesispytest", "-p", "no:anyio", "-p", "no:cacheprovider"),
        *("--submission=submissions", "--color=no", *extra),
    )
    told = result.stdout.str() + result.stderr.str()
    assert "Traceback" not in told
    assert "INTERNALERROR" not in told
    fit(told)
    return int(result.ret)


@pytest.mark.smoke
@pytest.mark.parametrize(
    "name", ["a\nb", "\x1b[31m", "::error::x", "\u202eann", "\udcff", "##[command]x"]
)
def test_a_name_that_spoils_reports_is_refused(pytester: pytest.Pytester, name: str) -> None:
    """It would stand in node ids: the run says so before anything is graded."""
    lay_course(pytester.path)
    build(Plan(name, SOUND), folder := pytester.mkdir("submissions"))
    assert not is_taken(folder / name)
    assert run(pytester) == pytest.ExitCode.USAGE_ERROR


def test_a_class_of_hostile_folders_is_graded(pytester: pytest.Pytester) -> None:
    """Every student gets a grade; the one whose folder is sound gets full points."""
    lay_course(pytester.path)
    folder = pytester.path / "submissions"
    folder.mkdir()
    build(Plan("zoe", SOUND), folder)
    for plan in examples(plans(), 40):
        if plan.name in PARTS:  # in a folder of submissions, such a name makes it one itself
            continue
        made = build(plan._replace(entries=(*SOUND, *plan.entries)), folder)
        if made is not None and not is_taken(made):
            shutil.rmtree(made)
    names = sorted(p.name for p in folder.iterdir())
    assert len(names) > 10
    assert run(pytester, "--junitxml=junit.xml", "-rA") in (0, 1)
    schema = xmlschema.XMLSchema(str(ROOT / "tests" / "data" / "junit-xunit2.xsd"))
    schema.validate(str(pytester.path / "junit.xml"))
    text = (pytester.path / "junit.xml").read_text(encoding="utf-8")
    cases = list(ET.fromstring(text).iter("testcase"))
    assert len(cases) == len(names) * 3
    fit("\n".join(part for case in cases for part in (*case.attrib.values(), *case.itertext())))
    reports = sorted((pytester.path / "reports").glob("*/grade.json"))
    assert len(reports) == len(names)
    for report in reports:
        grade = json.loads(report.read_text(encoding="utf-8"))
        fit("\n".join(strings(grade)))
        assert grade["decision"] in ("pass", "fail")
    totals = json.loads((pytester.path / "reports/zoe/grade.json").read_text())["totals"]
    assert len(FULL) == 2
    assert totals["overall"] == {"points": "3", "maximum": "3"}
