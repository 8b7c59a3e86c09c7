"""Findings of the lint: lines for people, or JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol


class Found(Protocol):
    """A finding at a place of a file."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def line(self) -> int:
        """From 1."""
        ...

    @property
    def column(self) -> int:
        """From 1."""
        ...

    @property
    def code(self) -> str:
        """The rule's code."""
        ...

    @property
    def level(self) -> str:
        """`error` or `warning`."""
        ...

    @property
    def message(self) -> str:
        """What is wrong."""
        ...


def as_text(found: Sequence[Found], root: Path) -> Iterator[str]:
    """`file:line:column: code message`, and a count."""
    for f in found:
        yield f"{f.path.relative_to(root)}:{f.line}:{f.column}: {f.code} {f.message}"
    errors = sum(f.level == "error" for f in found)
    yield f"{errors} errors, {len(found) - errors} warnings"


def as_json(found: Sequence[Found], root: Path) -> Iterator[str]:
    """A list of objects with `file`, `line`, `column`, `code`, `level` and `message`."""
    yield json.dumps(
        [
            {
                "file": f.path.relative_to(root).as_posix(),
                "line": f.line,
                "column": f.column,
                "code": f.code,
                "level": f.level,
                "message": f.message,
            }
            for f in found
        ],
        indent=2,
    )
