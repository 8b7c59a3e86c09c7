"""Lint a course: flaws of single files and findings of the rules, as one list."""

from __future__ import annotations

from grader.course.course import Course
from grader.lint import engine
from grader.lint.engine import Placed

#: The code of everything that keeps a file from being used at all: YAML, schema, name, twins.
READABLE = "B001"


def lint_bank(course: Course) -> list[Placed]:
    """All findings in the bank of `course`, in the order of files and lines.

    Raises:
        CourseError: there is no bank.
    """
    bank = course.bank()
    flaws = [
        Placed(f.path, f.mark.line, f.mark.column, READABLE, "error", f.text) for f in bank.flaws
    ]
    return sorted(flaws + engine.run(bank.bank, bank))
