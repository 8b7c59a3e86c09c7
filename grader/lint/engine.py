"""Run rules over a bank and place what they find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from grader.core.model import Bank
from grader.lint.rule import Finding, Level, Rule, Subject
from grader.lint.rules import RULES


@dataclass(frozen=True, slots=True, order=True)
class Placed:
    """A finding at a place of a file; lines and columns from 1."""

    path: Path
    line: int
    column: int
    code: str
    level: Level
    message: str


class Places(Protocol):
    """Where subjects stand."""

    def place(self, subject: Subject, id_: str, part: Sequence[str | int]) -> tuple[Path, int, int]:
        """File, line and column of `part` of a subject."""
        ...


def run(bank: Bank, places: Places, rules: Iterable[Rule] = RULES) -> list[Placed]:
    """All findings of `rules`, in the order of files and lines."""
    return sorted(_placed(f, r, places) for r in rules for f in r.check(bank))


def by_file(found: Iterable[Placed]) -> Mapping[Path, list[Placed]]:
    """Findings per file."""
    groups: dict[Path, list[Placed]] = {}
    for p in found:
        groups.setdefault(p.path, []).append(p)
    return groups


def _placed(finding: Finding, rule: Rule, places: Places) -> Placed:
    path, line, column = places.place(finding.subject, finding.id, finding.part)
    return Placed(path, line, column, rule.code, rule.level, finding.message)
