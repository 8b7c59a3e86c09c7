"""B102: every key belongs to an item of the bank.

A key without its item is left over from one that was renamed or deleted.
"""

from __future__ import annotations

from collections.abc import Iterator

from grader.core.model import Bank
from grader.lint.rule import Finding, Rule


def check(bank: Bank) -> Iterator[Finding]:
    """Yield keys without an item."""
    for id_ in bank.keys:
        if id_ not in bank.questions:
            yield Finding(
                "key", id_, (), f"{id_}: the bank holds no such item, or its file is broken"
            )


RULE = Rule("B102", "key-items", "error", "key", check)
