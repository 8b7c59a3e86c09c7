"""B106: an explanation names every distractor by its letter.

A student who chose C wants to read why C is wrong, not only why B is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.core.model import Bank
from grader.lint.rule import Finding, Rule


def check(bank: Bank) -> Iterator[Finding]:
    """Yield keys whose explanation leaves a distractor out."""
    for key in bank.keys.values():
        question = bank.questions.get(key.id)
        if question is None:
            continue  # B102
        named = set(re.findall(r"\b[A-Z]\b", key.explanation))
        right = frozenset().union(*key.accepted)
        silent = [x for x in question.options if x not in named and x not in right]
        if silent:
            message = f"{key.id}: the explanation does not say why {', '.join(silent)} is wrong"
            yield Finding("key", key.id, ("explanation",), message)


RULE = Rule("B106", "explanation-letters", "error", "key", check)
