"""`grader.core.feedback`: what a student may be shown, and that it is no more than that."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from grader.core.feedback import check_result, item_result, points_text
from grader.core.marking import Given, mark
from grader.core.model import Credit, Feedback, Key, KeyPolicy, Question, Status
from grader.core.verdict import Result, Verdict
from tests.builders import key, question, result

LEVELS: tuple[Feedback, ...] = ("score", "hints", "full")
STATUSES: tuple[Status, ...] = ("sound", "disputed", "flawed", "dated")
SECRET = "SECRET-EXPLANATION"
REASON = "SECRET-REASON"


def entry(
    item: Question,
    keyed: Key,
    given: Given,
    feedback: Feedback,
    policy: KeyPolicy = "source",
    rule: Credit = "all-or-nothing",
) -> Result:
    """The entry of `given`, as a report would show it."""
    done = mark(item, keyed, given, rule, policy)
    return item_result("quiz-1", item, keyed, done, feedback, "Delta tables")


def secret_key(*accepted: str, status: Status) -> Key:
    """A key whose words are easily recognised."""
    reason = "" if status == "sound" else f"{REASON} {accepted[0]}"
    return key(*accepted, status=status, reason=reason, explanation=f"{SECRET} {accepted[0]}.")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("policy", ["source", "verified"])
@pytest.mark.parametrize("feedback", ["score", "hints"])
@pytest.mark.parametrize("given", [None, "A", "Z", ["A", "B"], ["A", "A"], []])
def test_below_full_an_entry_does_not_depend_on_the_key(
    status: Status, policy: KeyPolicy, feedback: Feedback, given: Given
) -> None:
    """Whichever letter is right, whatever the key says: the same loss reads the same."""
    keys = [secret_key(*x, status=status) for x in (("B",), ("C",), ("D",), ("B", "C"))]
    entries = {entry(question(), k, given, feedback, policy) for k in keys}
    assert len(entries) == 1
    (one,) = entries
    assert "SECRET" not in f"{one.reason}{one.hint}"


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("policy", ["source", "verified"])
@pytest.mark.parametrize("feedback", ["score", "hints"])
@pytest.mark.parametrize("rule", ["all-or-nothing", "per-option", "per-option-penalty"])
def test_below_full_a_set_does_not_depend_on_the_key_beyond_its_points(
    status: Status, policy: KeyPolicy, feedback: Feedback, rule: Credit
) -> None:
    """For keys that the answer misses by as much, entries of a multiple-select item are equal."""
    item = question(kind="multiple")
    keys = [secret_key(x, status=status) for x in ("AC", "AD")]
    entries = {entry(item, k, ["A", "B"], feedback, policy, rule) for k in keys}
    assert len(entries) == 1
    (one,) = entries
    assert "SECRET" not in f"{one.reason}{one.hint}"


@pytest.mark.parametrize(
    ("feedback", "reason", "hint"),
    [
        ("score", "answered A", ""),
        ("hints", "answered A", "Review Delta tables; see Manual: Tables"),
        (
            "full",
            "answered A; the answer is B or C. SECRET-EXPLANATION B.",
            "Review Delta tables; see Manual: Tables",
        ),
    ],
)
@pytest.mark.parametrize("status", STATUSES)
def test_a_wrong_answer_is_told_by_level(
    status: Status, feedback: Feedback, reason: str, hint: str
) -> None:
    """What was answered; and what to read up on; and the key with its explanation."""
    got = entry(question(), secret_key("B", "C", status=status), "A", feedback)
    assert (got.reason, got.hint) == (reason, hint)


@pytest.mark.parametrize("feedback", LEVELS)
@pytest.mark.parametrize("status", STATUSES)
def test_a_right_answer_needs_no_help(status: Status, feedback: Feedback) -> None:
    """A right answer shows itself alone, at every level, and not what else was accepted."""
    got = entry(question(), secret_key("B", "C", status=status), "B", feedback)
    assert (got.reason, got.hint, got.given) == ("answered B", "", "B")


@pytest.mark.parametrize(
    ("feedback", "reason"),
    [
        ("score", "void: this item is not counted"),
        ("hints", "void: this item is not counted"),
        ("full", "void: SECRET-REASON B; the answer is B. SECRET-EXPLANATION B."),
    ],
)
def test_a_void_item_says_why_only_at_full(feedback: Feedback, reason: str) -> None:
    """Why a key is flawed gives the key away; below full the item is just not counted."""
    got = entry(question(), secret_key("B", status="flawed"), "B", feedback, "verified")
    assert (got.verdict, got.reason, got.hint) == (Verdict.VOID, reason, "")


@pytest.mark.parametrize("right", ["B", "C"])
@pytest.mark.parametrize("feedback", ["score", "hints"])
def test_a_void_item_does_not_tell_right_from_wrong(feedback: Feedback, right: str) -> None:
    """The same answer under a flawed key reads the same whether it matched or not."""
    got = entry(question(), secret_key(right, status="flawed"), "B", feedback, "verified")
    assert got == entry(question(), secret_key("D", status="flawed"), "B", feedback, "verified")


@pytest.mark.parametrize(
    ("feedback", "reason", "hint"),
    [
        ("score", "not answered", ""),
        ("hints", "not answered", "Review Delta tables; see Manual: Tables"),
        (
            "full",
            "not answered; the answer is B. SECRET-EXPLANATION B.",
            "Review Delta tables; see Manual: Tables",
        ),
    ],
)
def test_a_missing_answer_is_told_by_level(feedback: Feedback, reason: str, hint: str) -> None:
    """An item left out gets the same help as a wrong one."""
    got = entry(question(), secret_key("B", status="sound"), None, feedback)
    assert (got.verdict, got.reason, got.hint) == (Verdict.UNANSWERED, reason, hint)


def test_all_references_are_named_in_a_hint() -> None:
    """A hint names every place where the fact is documented."""
    item = question(references=["Manual: Tables", "API: OPTIMIZE"])
    got = entry(item, key("B"), "A", "hints")
    assert got.hint == "Review Delta tables; see Manual: Tables; API: OPTIMIZE"


def test_an_entry_carries_its_item_and_its_points() -> None:
    """Paper, name, domain, topic and points come from the item and its mark."""
    item = question("q1-07", kind="multiple", domain="serving", topic="endpoints")
    got = entry(item, key("AC", id_="q1-07"), ["A"], "score", rule="per-option")
    assert (got.paper, got.name, got.domain, got.topic) == (
        "quiz-1",
        "q1-07",
        "serving",
        "endpoints",
    )
    assert (got.points, got.maximum, got.given) == (Fraction(3, 4), Fraction(1), ("A",))


@pytest.mark.parametrize(
    ("verdict", "feedback", "reason", "hint"),
    [
        (Verdict.WRONG, "score", "does not do what the task asks", ""),
        (Verdict.WRONG, "hints", "does not do what the task asks", "the hint"),
        (Verdict.WRONG, "full", "expected 42", "the hint"),
        (Verdict.STUDENT_ERROR, "score", "expected 42", ""),
        (Verdict.STUDENT_ERROR, "hints", "expected 42", "the hint"),
        (Verdict.STUDENT_ERROR, "full", "expected 42", "the hint"),
        (Verdict.UNANSWERED, "score", "expected 42", ""),
        (Verdict.UNANSWERED, "hints", "expected 42", "the hint"),
        (Verdict.CORRECT, "score", "expected 42", ""),
        (Verdict.CORRECT, "full", "expected 42", ""),
        (Verdict.GRADER_FAULT, "score", "expected 42", ""),
        (Verdict.GRADER_FAULT, "full", "expected 42", ""),
    ],
)
def test_a_check_is_told_by_level(
    verdict: Verdict, feedback: Feedback, reason: str, hint: str
) -> None:
    """What a check expected is shown at full only; errors of one's own code always are."""
    points = None if not verdict.scored else 1 if verdict is Verdict.CORRECT else 0
    full = result(verdict, points, reason="expected 42", hint="the hint")
    got = check_result(full, feedback)
    assert (got.reason, got.hint) == (reason, hint)
    assert (got.verdict, got.points, got.maximum) == (full.verdict, full.points, full.maximum)


@pytest.mark.parametrize(
    ("feedback", "reason"),
    [
        ("score", "does not do what the task asks [the file stopped early: NameError: y]"),
        ("hints", "does not do what the task asks [the file stopped early: NameError: y]"),
        ("full", "expected 42 [the file stopped early: NameError: y]"),
    ],
)
def test_what_stopped_a_file_is_the_students_own(feedback: Feedback, reason: str) -> None:
    """A wrong check of a file that stopped early says why it did, at every level."""
    full = result(Verdict.WRONG, 0, reason="expected 42", hint="the hint")
    full = replace(full, stopped="NameError: y")
    assert check_result(full, feedback).reason == reason


@pytest.mark.parametrize(
    ("entry_", "told"),
    [
        (result(points=1), "1 of 1 point"),
        (result(Verdict.PARTIAL, "1/2", 2), "1/2 of 2 points"),
        (result(Verdict.VOID, 0, 0), "0 of 0 points"),
        (result(Verdict.GRADER_FAULT, None, "3/2"), "no score of 3/2 points"),
    ],
)
def test_points_are_told_exactly(entry_: Result, told: str) -> None:
    """Fractions stay fractions, and a fault has no score rather than a zero."""
    assert points_text(entry_) == told
