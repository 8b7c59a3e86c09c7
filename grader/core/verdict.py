"""Verdicts, and the record of one marked item or graded check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import final


@final
class Verdict(Enum):
    """What became of an item or a check."""

    CORRECT = "correct"
    PARTIAL = "partial"
    WRONG = "wrong"
    UNANSWERED = "unanswered"
    STUDENT_ERROR = "student-error"
    GRADER_FAULT = "grader-fault"
    VOID = "void"
    NOT_RUN = "not-run"

    @property
    def scored(self) -> bool:
        """Whether points were decided; False for a fault of ours and for what did not run."""
        return self not in (Verdict.GRADER_FAULT, Verdict.NOT_RUN)


@dataclass(frozen=True, slots=True)
class Result:
    """One entry of the grade.

    `paper` is the exam's or the lab's id and `name` the item's id or the check's name.
    `points` is None exactly when nothing was decided (`Verdict.scored` is False).
    `given` is the student's answer, letters only; None for checks and for no answer. `stopped`
    says why a lab's file did not run to its end, where that may have cost this check.
    """

    paper: str
    name: str
    domain: str
    topic: str
    verdict: Verdict
    points: Fraction | None
    maximum: Fraction
    reason: str = ""
    hint: str = ""
    given: str | tuple[str, ...] | None = None
    stopped: str = ""

    def __post_init__(self) -> None:
        if (self.points is None) is self.verdict.scored:
            raise ValueError(f"{self.name}: points {self.points} do not fit {self.verdict.value}")
        if self.points is not None and not 0 <= self.points <= self.maximum:
            raise ValueError(f"{self.name}: points {self.points} of {self.maximum}")
