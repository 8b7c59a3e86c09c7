"""Collectors and items of a graded submission.

`alice` holds papers, `alice/quiz-1` and `alice/delta-lake-operations`, and these hold one item
per question or check: `alice/quiz-1::q1-04`. None of them stands for a file, so that nothing in
a student's folder is ever collected or imported by pytest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

import pytest

from grader.core.feedback import points_text
from grader.core.verdict import Result, Verdict
from grader.grading import Grading


class NotCorrect(Exception):
    """Ends an item whose verdict is not `correct`. Only its text is shown."""


class GraderFaultError(Exception):
    """Ends an item that could not be graded: an error, not a failure."""


#: How to open the grading of a submission folder in this process.
Opener = Callable[[Path], Grading]


class SubmissionNode(pytest.Collector):
    """One student's folder."""

    def __init__(self, *, source: Path, papers: list[Paper], opener: Opener, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.papers = papers
        self.opener = opener

    def collect(self) -> Iterator[pytest.Collector]:
        """The exams and labs of the run."""
        for paper in self.papers:
            yield PaperNode.from_parent(
                self, name=paper.id, nodeid=f"{self.name}/{paper.id}", paper=paper
            )


@dataclass(frozen=True, slots=True)
class Entry:
    """An item or a check of a run, before anything is known about it."""

    name: str
    domain: str
    topic: str
    maximum: Fraction


@dataclass(frozen=True, slots=True)
class Paper:
    """An exam or a lab of the run, with the entries that were selected from it."""

    kind: Literal["exam", "lab"]
    id: str
    entries: tuple[Entry, ...]


@cache
def _marker(kind: str, id_: str) -> pytest.MarkDecorator:
    """`exam(id=...)` and its like; every item that carries one carries the same."""
    marker: pytest.MarkDecorator = getattr(pytest.mark, kind)(id=id_)
    return marker


@lru_cache(maxsize=4096)
def _property(name: str, value: str) -> tuple[str, object]:
    """A JUnit property; pytest keeps those of every item to the end, and most are alike."""
    return name, value


class PaperNode(pytest.Collector):
    """One exam or lab of one student."""

    parent: SubmissionNode

    def __init__(self, *, paper: Paper, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.paper = paper
        self.add_marker(_marker(paper.kind, paper.id))
        # A course that makes warnings errors in its own tests does not mean its students.
        self.add_marker(pytest.mark.filterwarnings("default"))

    def collect(self) -> Iterator[pytest.Item]:
        """The items or checks."""
        for entry in self.paper.entries:
            yield GradedItem.from_parent(self, name=entry.name, entry=entry)


class GradedItem(pytest.Item):
    """One question or one lab check."""

    parent: PaperNode

    def __init__(self, *, entry: Entry, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_marker(_marker("domain", entry.domain))
        self.add_marker(_marker("topic", entry.topic))
        self.extra_keyword_matches.update((entry.domain, entry.topic))
        self.entry = entry
        self.result: Result | None = None
        self.spent = 0.0

    @property
    def student(self) -> str:
        """The submission folder's name."""
        return self.parent.parent.name

    def setup(self) -> None:
        """Decide the verdict."""
        node = self.parent.parent
        grading = node.opener(node.source)
        paper = self.parent.paper
        before = grading.durations.get(paper.id, 0.0)
        decide = grading.item if paper.kind == "exam" else grading.check
        self.result = result = decide(paper.id, self.name)
        self.spent = grading.durations.get(paper.id, 0.0) - before
        self.user_properties += [
            _property("student", grading.submission.student),
            _property(paper.kind, paper.id),
            _property("item" if paper.kind == "exam" else "check", self.name),
            _property("domain", result.domain),
            _property("topic", result.topic),
            _property("verdict", result.verdict.value),
            _property("points", "" if result.points is None else str(result.points)),
            _property("maximum", str(result.maximum)),
        ]
        if result.verdict is Verdict.GRADER_FAULT:
            raise GraderFaultError(result.reason)

    def fault(self, reason: str) -> Result:
        """The verdict where something that nobody foresaw went wrong around this item."""
        return Result(
            paper=self.parent.paper.id,
            name=self.name,
            domain=self.entry.domain,
            topic=self.entry.topic,
            verdict=Verdict.GRADER_FAULT,
            points=None,
            maximum=self.entry.maximum,
            reason=reason,
        )

    def runtest(self) -> None:
        """Report the verdict."""
        assert self.result is not None  # setup ran, or this would not
        if self.result.verdict is Verdict.VOID:
            pytest.skip(self.result.reason)
        if self.result.verdict is not Verdict.CORRECT:
            raise NotCorrect(explain(self.result))

    def teardown(self) -> None:
        """Let go of the result: a report carries it, and pytest keeps every item to the end."""
        self.result = None

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A few words; a traceback only for an exception nobody foresaw."""
        if isinstance(excinfo.value, NotCorrect):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Headline of a failure."""
        return self.parent.parent.source, None, self.nodeid


def explain(result: Result) -> str:
    """A failure in two lines: what happened with its points, and the hint."""
    lines = [f"{result.verdict.value}: {result.reason or 'not as asked'}; {points_text(result)}"]
    if result.hint:
        lines.append(f"hint: {result.hint}")
    return "\n".join(lines)
