"""B104: option letters run from A without a gap.

A student answers by letter; a missing one reads as a lost option.
"""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_uppercase

from grader.core.model import Bank
from grader.lint.rule import Finding, Rule


def check(bank: Bank) -> Iterator[Finding]:
    """Yield items whose letters are not A, B, C, ... in that order."""
    for q in bank.questions.values():
        letters = "".join(q.options)
        if letters != ascii_uppercase[: len(letters)]:
            wanted = ", ".join(ascii_uppercase[: len(letters)])
            message = f"{q.id}: the options are {', '.join(letters)}; they must be {wanted}"
            yield Finding("question", q.id, ("options",), message)


RULE = Rule("B104", "option-letters", "error", "question", check)
