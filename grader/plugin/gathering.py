"""Gather verdicts as they are reported, and write a student's reports once the last one is in.

Of a student whose reports are written nothing is kept but what the end of the run says, so that
a large class takes no more memory than a small one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import grader
from grader.core.verdict import Result
from grader.errors import GraderError
from grader.grading import Entry, Workshop
from grader.plugin.nodes import Opener
from grader.plugin.options import Request
from grader.report import files, instructor, terminal


@dataclass(slots=True)
class _Student:
    """What is known of one student while items of theirs are still to come."""

    folder: Path
    pending: set[str] = field(default_factory=set)
    results: dict[Entry, Result] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """What the end of a run says of one student."""

    student: str
    summary: str
    decision: str
    path: Path
    sandbox: str


class Gathering:
    """The students of a run, on the side that writes reports."""

    def __init__(self, request: Request, shop: Workshop, opener: Opener) -> None:
        self._request = request
        self._shop = shop
        self._opener = opener
        self._titles = {id_: lab.spec.title for id_, lab in shop.labs.items()}
        self._order = tuple(f.name for f in request.submissions)
        self._names = frozenset(self._order)
        self._open = {f.name: _Student(f) for f in request.submissions}
        self._written: dict[str, Written] = {}
        self._faults: dict[str, str] = {}

    def grades(self, nodeid: str) -> bool:
        """Whether this is the id of an item of a student's."""
        return _student_of(nodeid) in self._names

    def expect(self, nodeids: Iterable[str]) -> None:
        """Note what will run, before anything does."""
        for nodeid in nodeids:
            if student := self._open.get(_student_of(nodeid)):
                student.pending.add(nodeid)

    def take(self, name: str, result: Result, spent: float) -> None:
        """Take in a verdict and the seconds it took; of a student already written, nothing."""
        if student := self._open.get(name):
            student.results[result.paper, result.name] = result
            student.spent[result.paper] = student.spent.get(result.paper, 0.0) + spent

    def done(self, nodeid: str) -> bool:
        """Note that an item will report nothing more; whether that was its student's last one.

        That student's reports are written then.
        """
        name = _student_of(nodeid)
        student = self._open.get(name)
        if student is None or nodeid not in student.pending:
            return False
        student.pending.remove(nodeid)
        if student.pending:
            return False
        self._write(name)
        return True

    def finish(self) -> None:
        """Write what is there of every student whose run was cut short."""
        for name in list(self._open):
            self._write(name)
        if self._written and self._shop.chosen:
            self._write_instructors()

    def _write_instructors(self) -> None:
        shop, folder = self._shop, self._request.report_dir
        students = [(w.student, w.decision, str(w.path)) for w in self.written()]
        seeds = {lab: shop.seed_of(lab) for lab in sorted(shop.chosen or ())}
        tiers = {w.sandbox for w in self.written()} - {"not-used"}
        lines = instructor.render(grader.__version__, "".join(tiers) or "not-used", seeds, students)
        try:
            files.write_instructors(lines, folder)
        except GraderError as error:
            self._faults[instructor.NAME] = str(error)

    def _write(self, name: str) -> None:
        student = self._open.pop(name)
        if not student.results:
            return
        order = [*self._shop.bank.exams, *self._shop.labs]
        times = {paper: student.spent[paper] for paper in order if paper in student.spent}
        bank, titles = self._shop.bank, self._titles
        try:
            grade = self._opener(student.folder).grade(student.results, times)
            judge = self._request.course.schemas.judge("grade")
            path = files.write(grade, self._request.report_dir / name, judge, bank, titles)
        except GraderError as error:
            self._faults[name] = str(error)
            return
        summary = "\n".join(terminal.render(grade, bank, titles))
        self._written[name] = Written(grade.student, summary, grade.decision, path, grade.sandbox)

    @property
    def decisions(self) -> set[str]:
        """What the grades written so far came to."""
        return {w.decision for w in self._written.values()}

    def written(self) -> list[Written]:
        """The students whose reports are written, in the order of the command line."""
        return [self._written[n] for n in self._order if n in self._written]

    def faults(self) -> list[str]:
        """What kept reports from being written, in the same order."""
        order = [*self._order, instructor.NAME]
        return [f"{n}: {self._faults[n]}" for n in order if n in self._faults]


def _student_of(nodeid: str) -> str:
    """The folder's name in the id of a graded item: `alice` of `alice/quiz-1::q1-04`."""
    return nodeid.partition("/")[0]
