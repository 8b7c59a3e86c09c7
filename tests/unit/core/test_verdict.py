"""`grader.core.verdict`: verdicts and the record of one entry."""

from __future__ import annotations

import pytest

from grader.core.verdict import Verdict
from tests.builders import result

UNSCORED = (Verdict.GRADER_FAULT, Verdict.NOT_RUN)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_only_faults_and_what_did_not_run_have_no_score(verdict: Verdict) -> None:
    """A fault of ours is never a score, not even zero."""
    assert verdict.scored is (verdict not in UNSCORED)


@pytest.mark.parametrize("verdict", UNSCORED)
def test_a_fault_may_not_carry_points(verdict: Verdict) -> None:
    """Zero points for a fault would be a zero for the student; it cannot be built."""
    assert result(verdict, None).points is None
    with pytest.raises(ValueError, match=rf"^q1-01: points 0 do not fit {verdict.value}$"):
        result(verdict, 0)


@pytest.mark.parametrize("verdict", [v for v in Verdict if v not in UNSCORED])
def test_a_decided_entry_must_carry_points(verdict: Verdict) -> None:
    """Whatever was decided has a number."""
    assert result(verdict, 0).points == 0
    with pytest.raises(ValueError, match=rf"^q1-01: points None do not fit {verdict.value}$"):
        result(verdict, None)


@pytest.mark.parametrize(("points", "maximum"), [("-1", "1"), ("3/2", "1"), ("1", "0")])
def test_points_lie_between_none_and_the_maximum(points: str, maximum: str) -> None:
    """No entry earns less than nothing or more than it is worth."""
    with pytest.raises(ValueError, match=rf"^q1-01: points {points} of {maximum}$"):
        result(Verdict.CORRECT, points, maximum)


def test_the_names_of_verdicts_are_fixed() -> None:
    """Other programs read these names out of grade.json."""
    assert [v.value for v in Verdict] == [
        "correct",
        "partial",
        "wrong",
        "unanswered",
        "student-error",
        "grader-fault",
        "void",
        "not-run",
    ]
