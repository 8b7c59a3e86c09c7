"""`pytest bank/`: every file of the bank as an item, `bank/questions/monitoring/q4-10.yaml::sound`.

An item tells whatever is wrong with its file: what keeps it from being used (YAML, schema, name),
and what the rules found there. Rules that look across files place each finding in one of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from grader.course.course import Course
from grader.course.yamldoc import shown
from grader.lint.engine import Placed, by_file
from grader.lint.rules import RULES
from grader.linting import READABLE, lint_bank

_NAMES = {READABLE: "readable"} | {rule.code: rule.name for rule in RULES}


class BankPlugin:
    """Collects `bank/` of a course."""

    def __init__(self, course: Course) -> None:
        self.course = course

    @cached_property
    def found(self) -> Mapping[Path, Sequence[Placed]]:
        """What is wrong in the bank, by file."""
        return by_file(lint_bank(self.course))

    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """A YAML file below `bank/`."""
        if file_path.suffix == ".yaml" and file_path.is_relative_to(self.course.bank_folder):
            return BankFile.from_parent(parent, path=file_path, plugin=self)
        return None


class BankFile(pytest.File):
    """One file of the bank."""

    def __init__(self, *, plugin: BankPlugin, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._plugin = plugin

    def collect(self) -> Iterator[pytest.Item]:
        """The one item of the file."""
        yield BankItem.from_parent(self, name="sound", told=list(self._told()))

    def _told(self) -> Iterator[str]:
        """A line for each thing that is wrong: `file:line:column: code rule: message`."""
        path = shown(self.path, self.config.rootpath)
        if self.path not in self._plugin.course.bank().documents:
            told = f"is not a place of the bank that is read ({self.path.parent.name}/)"
            yield f"{path}:1:1: {READABLE} {_NAMES[READABLE]}: {told}"
        for p in self._plugin.found.get(self.path, ()):
            yield f"{path}:{p.line}:{p.column}: {p.code} {_NAMES[p.code]}: {p.message}"


class BankItem(pytest.Item):
    """Nothing is wrong with one file."""

    def __init__(self, *, told: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._told = told

    def runtest(self) -> None:
        """Fail with what was found, if anything."""
        if self._told:
            raise AssertionError("\n".join(self._told))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The findings, a line each."""
        if isinstance(excinfo.value, AssertionError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Headline of a failure."""
        return self.path, 0, shown(self.path, self.config.rootpath)
