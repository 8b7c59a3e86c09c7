"""B109: a key lies in the file of an exam that asks its item.

Keys are handed out and withheld by the file; one in the wrong file goes out with the wrong exam.
"""

from __future__ import annotations

from collections.abc import Iterator

from grader.core.model import Bank
from grader.lint.rule import Finding, Rule


def check(bank: Bank) -> Iterator[Finding]:
    """Yield keys whose file names no exam, or one that does not ask the item."""
    for key in bank.keys.values():
        exam = bank.exams.get(key.exam)
        if exam is None:
            message = f"{key.id}: there is no exam {key.exam!r}, which this file is named after"
        elif key.id not in exam.items and key.id in bank.questions:
            message = f"{key.id}: the exam {key.exam} does not ask this item"
        else:
            continue
        yield Finding("key", key.id, (), message)


RULE = Rule("B109", "key-exams", "error", "key", check)
