"""B101: every item of an exam exists in the bank and has a key.

An exam that names an item nobody wrote, or one nobody keyed, cannot be graded.
"""

from __future__ import annotations

from collections.abc import Iterator

from grader.core.model import Bank
from grader.lint.rule import Finding, Rule


def check(bank: Bank) -> Iterator[Finding]:
    """Yield items that an exam names in vain. A bank without any keys is a student's copy."""
    for exam in bank.exams.values():
        for index, item in enumerate(exam.items):
            if item not in bank.questions:
                message = f"{item}: the bank holds no such item"
            elif bank.keys and item not in bank.keys:
                message = f"{item}: has no key in bank/keys/"
            else:
                continue
            yield Finding("exam", exam.id, ("items", index), message)


RULE = Rule("B101", "exam-items", "error", "exam", check)
