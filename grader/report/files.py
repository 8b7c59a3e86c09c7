"""Write reports: validated first, and in one stroke, so that no reader meets half a file."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from grader.core.grade import Grade, to_json
from grader.core.model import Bank
from grader.errors import GraderError
from grader.report import instructor, student


class Validator(Protocol):
    """What checks a grade against its schema."""

    def iter_errors(self, instance: Any) -> Iterable[Any]:
        """What the schema has against `instance`."""
        ...


def write(
    grade: Grade, folder: Path, validator: Validator, bank: Bank, labs: Mapping[str, str]
) -> Path:
    """Write `grade.json` and `feedback.md` into `folder`; the former's path comes back.

    Raises:
        GraderError: the grade does not fit its own schema, or the folder cannot be written.
    """
    record = to_json(grade)
    errors = list(validator.iter_errors(record))
    if errors:
        at = "/".join(map(str, errors[0].absolute_path))
        raise GraderError(f"the grade does not fit grade.schema.json at {at}: {errors[0].message}")
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _atomically(folder / "feedback.md", "\n".join(student.render(grade, bank, labs)) + "\n")
        return _atomically(folder / "grade.json", text)
    except OSError as error:
        raise GraderError(f"{folder}: the report cannot be written: {error.strerror}") from error


def write_instructors(lines: Iterable[str], folder: Path) -> Path:
    """Write the instructor's report into `folder`; its path comes back.

    Raises:
        GraderError: the folder cannot be written.
    """
    try:
        return _atomically(folder / instructor.NAME, "\n".join(lines) + "\n", 0o600)
    except OSError as error:
        raise GraderError(f"{folder}: the report cannot be written: {error.strerror}") from error


def _atomically(path: Path, text: str, mode: int = 0o644) -> Path:
    made, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(made, "w", encoding="utf-8") as out:
        out.write(text)
        os.fchmod(made, mode)
    return Path(name).replace(path)
