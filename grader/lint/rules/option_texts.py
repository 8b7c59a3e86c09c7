"""B107: no two options of an item are the same text.

Two equal options are both right or both wrong. Case counts: an item may ask for exactly that.
"""

from __future__ import annotations

from collections.abc import Iterator

from grader.core.model import Bank
from grader.lint.rule import Finding, Rule


def check(bank: Bank) -> Iterator[Finding]:
    """Yield options that repeat an earlier one but for white space."""
    for q in bank.questions.values():
        seen: dict[str, str] = {}
        for letter, text in q.options.items():
            first = seen.setdefault(" ".join(text.split()), letter)
            if first != letter:
                message = f"{q.id}: options {first} and {letter} are the same text"
                yield Finding("question", q.id, ("options", letter), message)


RULE = Rule("B107", "option-texts", "error", "question", check)
