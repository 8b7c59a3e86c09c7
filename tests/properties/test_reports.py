"""Whatever a lab's process says of itself, the reports of the grade are clean and valid."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.feedback import check_result
from grader.core.model import Band, Bank, Domain, Feedback, Focus, Topic
from grader.core.verdict import Verdict
from grader.labs.checking import decided
from grader.labs.load import LoadedLab
from grader.plugin.nodes import explain
from grader.report import student, terminal
from tests import builders
from tests.properties import promises
from tests.properties.profile import quick
from tests.properties.sheets import VALUES
from tests.properties.texts import surrogates

pytestmark = pytest.mark.timeout(120)

LAB = LoadedLab(builders.lab_spec(), Path("labs/tiny"), {}, None)
_said = st.one_of(surrogates, surrogates.map(lambda s: s * 200))


@quick(30)
@given(st.sampled_from(Verdict), _said, _said, st.sampled_from(("score", "hints", "full")))
def test_what_a_check_says_is_fit_to_print(
    verdict: Verdict, reason: str, stopped: str, feedback: Feedback
) -> None:
    """A reason of any text comes out clean in every report, at every level of feedback."""
    (check,) = LAB.spec.checks
    result = check_result(decided(LAB, check, verdict, reason, stopped), feedback)
    promises.fit(explain(result))
    shop = promises.workshop(feedback)
    grade = builders.grade(shop.bank, result, labs=[LAB.spec], feedback=feedback)
    promises.told(grade, shop)


@quick(30)
@given(st.lists(st.one_of(st.sampled_from(VALUES), surrogates), max_size=30))
def test_a_card_is_told_cleanly(names: list[str]) -> None:
    """A student's name in submission.yaml reaches every report without what could harm it."""
    text = "id: ann\nname: " + "".join(names) + "\n"
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "ann"
        builders.write(folder / "submission.yaml", text.encode("utf-8", "surrogatepass"))
        grade = promises.graded(folder)
    assert grade.student == "ann"
    assert 0 < len(grade.name) < 300


@quick(30)
@given(_said, _said)
def test_what_an_author_writes_is_fit_to_print(title: str, advice: str) -> None:
    """Titles and advice of the course come out clean too, and break no line."""
    band = Band(Fraction(0), title or "x", advice or "x")
    exam = builders.exam(bands=[band], focus=[Focus("tables", title, advice)])
    topics = (Topic("tables", title),)
    bank = Bank((Domain("storage", title, topics),), {"q1-01": builders.question()}, {}, {})
    bank = replace(bank, exams={"quiz-1": replace(exam, title=title)})
    grade = builders.grade(bank, builders.result(Verdict.WRONG, 0))
    lines = list(terminal.render(grade, bank, {}))
    promises.fit("\n".join(lines))
    assert not any("\n" in line for line in lines)
    promises.fit("\n".join(student.render(grade, bank, {})))
