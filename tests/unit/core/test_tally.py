"""`grader.core.tally`: totals, bands, the decision, advice."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import permutations

import pytest

from grader.core.model import Focus
from grader.core.tally import Decision, Total, band, decide, study, total, totals_by
from grader.core.verdict import Result, Verdict
from tests.builders import exam, result

SEVEN_TENTHS = Fraction(7, 10)
FAULT = result(Verdict.GRADER_FAULT, None, name="fault")
NOT_RUN = result(Verdict.NOT_RUN, None, name="not-run")
RIGHT = result(name="right")
WRONG = result(Verdict.WRONG, 0, name="wrong")
VOID = result(Verdict.VOID, 0, 0, name="void")


def test_totals_are_exact() -> None:
    """Ten tenths and three thirds are whole numbers: nothing is ever rounded."""
    tenths = [result(Verdict.PARTIAL, "1/10") for _ in range(10)]
    thirds = [result(Verdict.PARTIAL, "1/3") for _ in range(3)]
    assert total(tenths + thirds) == Total(Fraction(2), Fraction(13))


@pytest.mark.parametrize("unscored", [FAULT, NOT_RUN])
def test_what_has_no_score_keeps_its_maximum(unscored: Result) -> None:
    """The denominator comes from the course, never from what ran."""
    assert total([RIGHT, unscored]) == Total(Fraction(1), Fraction(2))


def test_a_void_item_shrinks_the_denominator() -> None:
    """One right of two, one of them void, is all there was to earn."""
    got = total([RIGHT, VOID])
    assert got == Total(Fraction(1), Fraction(1))
    assert got.share == 1


def test_a_share_of_nothing_is_nothing() -> None:
    """Where there was nothing to earn the share is 0, not a division by zero."""
    assert total([]).share == 0
    assert total([VOID]).share == 0


def test_totals_do_not_depend_on_the_order() -> None:
    """Every order of the same results gives the same totals, groups and decision."""
    results = [RIGHT, WRONG, VOID, result(Verdict.PARTIAL, "1/3", topic="files", name="third")]
    for order in permutations(results):
        assert total(order) == total(results)
        assert totals_by(order, lambda r: r.topic) == totals_by(results, lambda r: r.topic)
        assert decide(order, SEVEN_TENTHS) == decide(results, SEVEN_TENTHS)


def test_groups_come_in_order_of_appearance() -> None:
    """Totals per group keep the order in which groups first appear."""
    mixed = [result(topic="files"), result(topic="tables"), result(topic="files")]
    got = totals_by(mixed, lambda r: r.topic)
    assert list(got.items()) == [
        ("files", Total(Fraction(2), Fraction(2))),
        ("tables", Total(Fraction(1), Fraction(1))),
    ]


@pytest.mark.parametrize(
    ("results", "decision"),
    [
        ([RIGHT], "pass"),
        ([WRONG], "fail"),
        ([RIGHT, VOID], "pass"),
        ([RIGHT, NOT_RUN], "partial"),
        ([WRONG, NOT_RUN], "partial"),
        ([NOT_RUN], "partial"),
        ([], "partial"),
        ([VOID], "partial"),
        ([VOID, VOID], "partial"),
        ([VOID, NOT_RUN], "partial"),
        ([VOID, FAULT], "grader-fault"),
        ([VOID, WRONG], "fail"),
        ([RIGHT, FAULT], "grader-fault"),
        ([WRONG, FAULT], "grader-fault"),
        ([NOT_RUN, FAULT], "grader-fault"),
        ([RIGHT, NOT_RUN, FAULT, WRONG], "grader-fault"),
    ],
)
def test_the_decision_takes_faults_first_then_parts_then_points(
    results: list[Result], decision: Decision
) -> None:
    """Our fault comes before anything; then what did not run; only then the pass mark."""
    assert decide(results, SEVEN_TENTHS) == decision


@pytest.mark.parametrize(
    ("right", "of", "decision"),
    [(7, 10, "pass"), (699, 1000, "fail"), (700, 1000, "pass"), (6, 10, "fail"), (10, 10, "pass")],
)
def test_the_pass_mark_itself_passes(right: int, of: int, decision: Decision) -> None:
    """Exactly 7/10 passes, and the smallest step below it does not."""
    results = [RIGHT] * right + [WRONG] * (of - right)
    assert decide(results, SEVEN_TENTHS) == decision


def test_a_pass_mark_of_nothing_is_passed_by_anyone() -> None:
    """A share of 0 reaches a pass mark of 0, unless there was nothing to earn."""
    assert decide([WRONG], Fraction(0)) == "pass"
    assert decide([VOID], Fraction(0)) == "partial"


@pytest.mark.parametrize(
    ("share", "label"),
    [
        ("1", "Top"),
        ("9/10", "Top"),
        ("899999999/1000000000", "Middle"),
        ("7/10", "Middle"),
        ("699999999/1000000000", "Base"),
        ("0", "Base"),
    ],
)
def test_a_band_begins_at_its_border(share: str, label: str) -> None:
    """A share exactly at a border is in the upper band; anything below it is not."""
    assert band(exam(), Fraction(share)).label == label


def test_advice_begins_with_the_topic_that_lost_most() -> None:
    """The smallest share first; whole, void and undecided topics bring no advice."""
    titles = {"tables": "Tables", "files": "Files", "endpoints": "Endpoints", "jobs": "Jobs"}
    results = [
        result(Verdict.WRONG, 0, topic="endpoints"),
        result(Verdict.PARTIAL, "1/2", topic="files"),
        result(topic="tables"),
        result(Verdict.VOID, 0, 0, topic="jobs"),
        result(Verdict.GRADER_FAULT, None, topic="jobs"),
        result(Verdict.NOT_RUN, None, topic="tables"),
    ]
    areas = [Focus("files", "Small files", "Use OPTIMIZE."), Focus("tables", "Tables", "No.")]
    assert study([exam(focus=areas)], results, titles) == [
        Focus("endpoints", "Endpoints", "Go over Endpoints again."),
        Focus("files", "Small files", "Use OPTIMIZE."),
    ]


def test_equal_losses_keep_the_order_of_the_course() -> None:
    """Among topics with the same share, the course's order decides, not the run's."""
    titles = {"tables": "Tables", "files": "Files", "endpoints": "Endpoints"}
    results = [result(Verdict.UNANSWERED, 0, topic=t) for t in titles]
    random.Random(4).shuffle(results)
    assert [f.topic for f in study([], results, titles)] == list(titles)


def test_a_topic_brings_the_focus_areas_of_the_papers_that_lost_it() -> None:
    """Advice comes from the papers where points were lost; for labs alone, from all of them."""
    one, two = Focus("tables", "One", "a"), Focus("tables", "Two", "b")
    exams = [exam(focus=[one]), exam("quiz-2", focus=[two])]
    titles = {"tables": "Tables"}
    assert study(exams, [result(Verdict.WRONG, 0)], titles) == [one]
    assert study(exams, [result(Verdict.WRONG, 0, paper="quiz-2")], titles) == [two]
    both = [result(Verdict.WRONG, 0), result(Verdict.WRONG, 0, paper="quiz-2")]
    assert study(exams, both, titles) == [one, two]
    assert study(exams, [result(Verdict.WRONG, 0, paper="a-lab")], titles) == [one, two]


def test_no_focus_area_is_named_twice() -> None:
    """Advice under one heading is given once, as it is given first."""
    one, two = Focus("tables", "One", "a"), Focus("tables", "Two", "b")
    exams = [exam(focus=[one, one]), exam("quiz-2", focus=[two, one]), exam("exam-1", focus=[one])]
    lost = [result(Verdict.WRONG, 0), result(Verdict.WRONG, 0, paper="quiz-2")]
    assert study(exams, lost, {"tables": "Tables"}) == [one, two]
    other = Focus("tables", "One", "another advice")
    assert study([exam(focus=[one, other])], lost, {}) == [one]
