"""B110: an exam's bands begin with the best and end at 0, and its focus topics exist.

The first band that a score reaches is the one that is told; a list in another order, or one that
leaves low scores out, tells the wrong one.
"""

from __future__ import annotations

from collections.abc import Iterator

from grader.core.model import Bank
from grader.lint.rule import Finding, Rule


def check(bank: Bank) -> Iterator[Finding]:
    """Yield exams whose bands or focus areas cannot be used as they are."""
    topics = bank.topic_titles()
    for exam in bank.exams.values():
        starts = [band.start for band in exam.bands]
        if starts != sorted(set(starts), reverse=True) or starts[-1] != 0:
            message = f"{exam.id}: bands must begin with the best score and end with one from 0/1"
            yield Finding("exam", exam.id, ("bands",), message)
        if not 0 < exam.pass_mark <= 1:
            message = f"{exam.id}: the pass mark must be more than 0 and at most 1"
            yield Finding("exam", exam.id, ("pass_mark",), message)
        for index, area in enumerate(exam.focus):
            if area.topic not in topics:
                message = f"{exam.id}: there is no topic {area.topic!r}"
                yield Finding("exam", exam.id, ("focus", index, "topic"), message)


RULE = Rule("B110", "exam-bands", "error", "exam", check)
