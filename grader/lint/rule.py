"""What a rule is and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from grader.core.model import Bank

Subject = Literal["question", "key", "exam", "domain"]
Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a rule has against one subject: `("question", "q1-04")`, at `part` of it."""

    subject: Subject
    id: str
    part: tuple[str | int, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `code` never changes its meaning; `check` yields what it finds in a bank."""

    code: str
    name: str
    level: Level
    subject: Subject
    check: Callable[[Bank], Iterator[Finding]]
