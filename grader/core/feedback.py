"""What a student may be shown of a result. Below `full` nothing of a key, ever.

| feedback | item | check |
|---|---|---|
| score | what was answered | errors of the student's own code |
| hints | and what to read up on | and the check's hint |
| full | and the key with its explanation | and what the check expected |
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from grader.core.marking import Mark, spell
from grader.core.model import Feedback, Key, Question
from grader.core.verdict import Result, Verdict

_NO_HELP = (Verdict.CORRECT, Verdict.GRADER_FAULT, Verdict.NOT_RUN)


def item_result(
    exam: str, question: Question, key: Key, mark: Mark, feedback: Feedback, topic_title: str
) -> Result:
    """The entry of one marked item, with as much said as `feedback` allows."""
    reason, hint = mark.reason, ""
    if mark.verdict is Verdict.VOID and feedback != "full":
        reason = "void: this item is not counted"
    if mark.verdict not in _NO_HELP and mark.verdict is not Verdict.VOID and feedback != "score":
        hint = f"Review {topic_title}; see {'; '.join(question.references)}"
    if feedback == "full" and mark.verdict not in _NO_HELP:
        accepted = " or ".join(spell(a) for a in key.accepted)
        reason = f"{reason}; the answer is {accepted}. {key.explanation.strip()}"
    return Result(
        paper=exam,
        name=question.id,
        domain=question.domain,
        topic=question.topic,
        verdict=mark.verdict,
        points=mark.points,
        maximum=mark.maximum,
        reason=reason,
        hint=hint,
        given=mark.given,
    )


def check_result(result: Result, feedback: Feedback) -> Result:
    """`result` of a lab check with as much left in it as `feedback` allows."""
    if result.verdict in _NO_HELP:
        return replace(result, hint="")
    hint = "" if feedback == "score" else result.hint
    reason = result.reason
    if result.verdict is Verdict.WRONG and feedback != "full":
        reason = "does not do what the task asks"
    if result.stopped and result.stopped != reason:
        # What stopped the student's file is the student's own, at every level.
        reason = f"{reason} [the file stopped early: {result.stopped}]"
    return replace(result, reason=reason, hint=hint, stopped="")


def points_text(result: Result) -> str:
    """`1 of 2 points`, for people."""
    points = "no score" if result.points is None else str(result.points)
    plural = "point" if result.maximum == Fraction(1) else "points"
    return f"{points} of {result.maximum} {plural}"
