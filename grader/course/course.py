"""A course: the repository that holds bank, schemas, labs and submissions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from grader.course.bank import LoadedBank, load_bank
from grader.course.schemas import Schemas
from grader.errors import CourseError


@dataclass(frozen=True)
class Course:
    """The folders of a course below its root."""

    root: Path

    @cached_property
    def schemas(self) -> Schemas:
        """The course's schemas, each compiled once."""
        return Schemas(self.root / "schema")

    @property
    def bank_folder(self) -> Path:
        """`bank/`."""
        return self.root / "bank"

    @property
    def labs_folder(self) -> Path:
        """`labs/`."""
        return self.root / "labs"

    def bank(self) -> LoadedBank:
        """The question bank.

        Raises:
            CourseError: this is no course.
        """
        if not (self.bank_folder / "domains.yaml").is_file():
            raise CourseError(
                f"{self.root} is not a course: there is no bank/domains.yaml; "
                "run from the course repository (or name it: --root, with pytest --rootdir)"
            )
        return load_bank(self.bank_folder, self.schemas)
