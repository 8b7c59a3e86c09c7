"""A course: the repository that holds bank, labs and submissions."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from grader.course.bank import LoadedBank, load_bank
from grader.course.schemas import SCHEMAS, Schemas
from grader.errors import CourseError

#: The environment variable that may hold the course's secret, for instance in CI.
SECRET = "GRADER_SECRET"


@dataclass(frozen=True)
class Course:
    """The folders of a course below its root."""

    root: Path

    @cached_property
    def schemas(self) -> Schemas:
        """The grader's schemas, each compiled once."""
        return Schemas(SCHEMAS)

    @property
    def bank_folder(self) -> Path:
        """`bank/`."""
        return self.root / "bank"

    @property
    def labs_folder(self) -> Path:
        """`labs/`."""
        return self.root / "labs"

    @property
    def secret(self) -> str:
        """What the labs' hidden data is generated from: the variable `GRADER_SECRET`, else
        `bank/keys/secret.txt`, else nothing, as in a student's copy."""
        named = os.environ.get(SECRET, "")
        if named:
            return named
        try:
            return (self.bank_folder / "keys" / "secret.txt").read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            return ""

    def bank(self) -> LoadedBank:
        """The question bank, loaded once.

        Raises:
            CourseError: this is no course.
        """
        if not (self.bank_folder / "domains.yaml").is_file():
            raise CourseError(
                f"{self.root} is not a course: there is no bank/domains.yaml; "
                "run from the course repository (or name it: --root, with pytest --rootdir)"
            )
        return self._bank

    @cached_property
    def _bank(self) -> LoadedBank:
        return load_bank(self.bank_folder, self.schemas)
