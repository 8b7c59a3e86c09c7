"""B105: a key fits its item.

Its letters are options of the item, a single-answer item is keyed with one letter, and the
accepted answers hold the answer itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from grader.core.model import Bank
from grader.lint.rule import Finding, Rule


def check(bank: Bank) -> Iterator[Finding]:
    """Yield keys whose letters cannot be answers to their items."""
    for key in bank.keys.values():
        question = bank.questions.get(key.id)
        if question is None:
            continue  # B102
        if key.answer not in key.accepted:
            message = f"{key.id}: accepted must hold the answer ({', '.join(sorted(key.answer))})"
            yield Finding("key", key.id, ("accepted",), message)
        for part, answers in (("answer", (key.answer,)), ("accepted", key.accepted)):
            for answer in answers:
                strange = sorted(answer - set(question.options))
                if strange:
                    known = ", ".join(question.options)
                    message = f"{key.id}: {', '.join(strange)} is not an option (they are {known})"
                    yield Finding("key", key.id, (part,), message)
                elif question.kind == "single" and len(answer) != 1:
                    message = f"{key.id}: the item takes one letter, and {part} names several"
                    yield Finding("key", key.id, (part,), message)


RULE = Rule("B105", "accepted-answers", "error", "key", check)
