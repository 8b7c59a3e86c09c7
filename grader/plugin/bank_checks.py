"""`pytest bank/`: every file of the bank and every rule on it as an item.

A file is one collector; its items are `readable` (YAML, schema, name) and one per rule that
speaks about that kind of file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from grader.course.bank import LoadedBank
from grader.course.course import Course
from grader.lint import engine
from grader.lint.engine import Placed
from grader.lint.rules import RULES

_KINDS = {"questions": "question", "keys": "key", "exams": "exam", "domains.yaml": "domain"}


class BankPlugin:
    """Collects `bank/` of a course."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self.folder = course.bank_folder
        self._loaded: tuple[LoadedBank, Mapping[Path, list[Placed]]] | None = None

    def bank(self) -> tuple[LoadedBank, Mapping[Path, list[Placed]]]:
        """The bank and what the rules found in it, by file; loaded once."""
        if self._loaded is None:
            bank = self._course.bank()
            self._loaded = bank, engine.by_file(engine.run(bank.bank, bank))
        return self._loaded

    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """A YAML file below `bank/`."""
        if file_path.suffix == ".yaml" and file_path.is_relative_to(self._course.bank_folder):
            return BankFile.from_parent(parent, path=file_path, plugin=self)
        return None


class BankFile(pytest.File):
    """One file of the bank."""

    def __init__(self, *, plugin: BankPlugin, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plugin = plugin

    def collect(self) -> Iterator[pytest.Item]:
        """`readable`, then the rules."""
        bank, found = self.plugin.bank()
        doc = bank.documents.get(self.path)
        root = self.config.rootpath
        if doc is None:
            folder = self.path.parent.name
            told = [f"{self.path}:1:1: is not a place of the bank that is read ({folder}/)"]
            yield BankItem.from_parent(self, name="readable", told=told)
            return
        told = [f.render(root) for f in doc.flaws]
        yield BankItem.from_parent(self, name="readable", told=told)
        part = self.path.relative_to(self.plugin.folder).parts[0]
        kind = _KINDS.get(part, "")
        for rule in RULES:
            if rule.subject == kind:
                told = [
                    f"{os.path.relpath(p.path, root)}:{p.line}:{p.column}: {p.message}"
                    for p in found.get(self.path, ())
                    if p.code == rule.code
                ]
                yield BankItem.from_parent(self, name=f"{rule.code}-{rule.name}", told=told)


class BankItem(pytest.Item):
    """One file against one rule."""

    def __init__(self, *, told: list[str], **kwargs: Any) -> None:
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
        return self.path, 0, f"{self.path.name}: {self.name}"
