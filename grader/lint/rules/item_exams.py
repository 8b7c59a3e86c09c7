"""B108: every item stands on an exam.

An item on no exam is never asked, and nobody sees it age.
"""

from __future__ import annotations

from collections.abc import Iterator

from grader.core.model import Bank
from grader.lint.rule import Finding, Rule


def check(bank: Bank) -> Iterator[Finding]:
    """Yield items that no exam names."""
    asked = {item for exam in bank.exams.values() for item in exam.items}
    for q in bank.questions.values():
        if q.id not in asked:
            yield Finding("question", q.id, ("id",), f"{q.id}: stands on no exam in bank/exams/")


RULE = Rule("B108", "item-exams", "error", "question", check)
