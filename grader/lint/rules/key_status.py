"""B112: a key's status and its accepted answers tell the same story.

A sound key accepts one answer; whoever accepts more says why, as disputed, flawed or dated.
"""

from __future__ import annotations

from collections.abc import Iterator

from grader.core.model import Bank
from grader.lint.rule import Finding, Rule


def check(bank: Bank) -> Iterator[Finding]:
    """Yield sound keys that accept several answers."""
    for key in bank.keys.values():
        if key.status == "sound" and len(key.accepted) > 1:
            message = f"{key.id}: accepts {len(key.accepted)} answers, and its status is sound"
            yield Finding("key", key.id, ("status",), message)


RULE = Rule("B112", "key-status", "error", "key", check)
