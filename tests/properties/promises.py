"""What holds for every sheet, reply and submission: used by the tests and by the long runs alike.

Each promise takes one example and raises AssertionError, or whatever broke, if it is not kept.
"""

from __future__ import annotations

import atexit
import json
import math
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from grader.core.grade import Grade, Policy
from grader.core.model import Feedback
from grader.core.verdict import Result, Verdict
from grader.course.course import Course
from grader.course.submission import find_submissions
from grader.errors import SubmissionError
from grader.grading import Grading, Workshop, load_course
from grader.plugin.nodes import explain
from grader.report import files, student, terminal
from grader.sandbox import scratch
from grader.sandbox.wire import MAX_DEPTH, MAX_REPLY, Malformed, decode, encode
from tests.builders import write, write_course
from tests.properties.replies import REQUEST
from tests.properties.texts import commands, strings, unsafe
from tests.properties.trees import FULL, KEPT, Plan, build

#: Processor seconds that one example may take: far more than the slowest needs.
PATIENCE = 10.0
_NOBODY = 65534
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')

_MORE = {
    "bank/questions/storage/q2-01.yaml": """
id: q2-01
domain: storage
topic: files
kind: single
stem: Which one?
options: {A: one, B: two, C: three}
tags: []
references: ["Manual: Files"]
""",
    "bank/exams/quiz-2.yaml": """
id: quiz-2
title: Second
minutes: 20
pass_mark: 7/10
bands: [{from: 0/1, label: Base, advice: Read more.}]
focus: []
items: [q2-01]
""",
    "bank/keys/quiz-2.yaml": """
q2-01: {answer: A, accepted: [A], status: sound, explanation: B and C are not it.}
""",
}


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Kept as long as the process, and removed with it."""
    return tempfile.TemporaryDirectory(prefix="grader-properties-")


def course() -> Path:
    """The root of a sound course with the papers quiz-1 and quiz-2 and no labs."""
    root = Path(_folder().name)
    if not (root / "bank").exists():
        lay_course(root)
    return root


def lay_course(root: Path) -> None:
    """Write that course into `root`."""
    write_course(root)
    for path, text in _MORE.items():
        write(root / path, text)


@cache
def workshop(feedback: Feedback = "hints") -> Workshop:
    """That course, ready to grade with."""
    here = Course(course())
    bank, labs = load_course(here)
    return Workshop(
        bank, labs, here.schemas, Policy("source", feedback, bank.exams["quiz-1"].pass_mark)
    )


@contextmanager
def in_time() -> Iterator[None]:
    """Hold the example within PATIENCE."""
    begun = time.process_time()
    yield
    spent = time.process_time() - begun
    assert spent < PATIENCE, f"took {spent:.1f} s of processor time"


def graded(folder: Path, feedback: Feedback = "hints") -> Grade:
    """The whole way of a submission, and every promise about what comes out of it."""
    shop = workshop(feedback)
    grading = Grading(shop, folder)
    try:
        results = {
            (exam.id, item): grading.item(exam.id, item)
            for exam in shop.bank.exams.values()
            for item in exam.items
        }
        grade = grading.grade(results)
    finally:
        grading.close()
    for result in grade.results:
        assert result.verdict not in (Verdict.GRADER_FAULT, Verdict.NOT_RUN), result
        assert result.reason, result
        fit(explain(result))
    for total in (grade.overall, *grade.by_exam.values(), *grade.by_topic.values()):
        assert 0 <= total.points <= total.maximum
    assert grade.overall.maximum == sum(len(e.items) for e in shop.bank.exams.values())
    told(grade, shop)
    return grade


def told(grade: Grade, shop: Workshop) -> None:
    """Every report of `grade` can be written, is valid, and holds nothing unsafe."""
    for lines in (terminal.render(grade, shop.bank, {}), student.render(grade, shop.bank, {})):
        fit("\n".join(lines))
    with tempfile.TemporaryDirectory(prefix="grader-reports-") as folder:
        path = files.write(grade, Path(folder), shop.schemas.validator("grade"), shop.bank, {})
        text = path.read_text(encoding="utf-8")
        fit(text)
        fit((path.parent / "feedback.md").read_text(encoding="utf-8"))
    for part in strings(json.loads(text)):
        fit(part)
    assert len(grade.problems) < 700, f"{len(grade.problems)} problems are told"


def fit(text: str) -> None:
    """`text` may go to any report, terminal or log."""
    assert not unsafe(text), f"{unsafe(text)!r} in {text!r}"
    assert not commands(text), f"{commands(text)!r}"


def sheet(raw: bytes, paper: str = "quiz-1") -> Grade:
    """Whatever a sheet holds, there is a grade, and the other paper keeps its own."""
    with tempfile.TemporaryDirectory(prefix="grader-sheet-") as root, in_time():
        folder = Path(root) / "ann"
        for name, content in {**FULL, paper: raw}.items():
            write(folder / "answers" / f"{name}.yaml", content)
        grade = graded(folder)
    others = [k for k in FULL if k != paper]
    assert all(grade.by_exam[k].points == grade.by_exam[k].maximum for k in others)
    return grade


def plainly(answers: Mapping[str, Any]) -> bytes:
    """`answers` to quiz-1 as JSON, the plainest YAML there is."""
    return json.dumps({"exam": "quiz-1", "answers": answers}).encode()


def essence(grade: Grade, paper: str) -> list[Result]:
    """What a paper's grade consists of."""
    return [r for r in grade.items if r.paper == paper]


def tree(plan: Plan) -> None:
    """Whatever a folder holds, there is a grade; whatever its name, it is taken or refused."""
    graded(_sound())  # whatever is imported late is imported now, not as another user
    with tempfile.TemporaryDirectory(prefix="grader-tree-") as root:
        folder = build(plan, Path(root))
        if folder is None:
            return
        with ordinary_user(Path(root)), in_time():
            try:
                find_submissions(folder.name, Path(root), Path(root))
            except SubmissionError as error:
                fit(str(error))
            if os.access(folder, os.R_OK, effective_ids=True):
                graded(folder)


@cache
def _sound() -> Path:
    """A sound submission that makes use of everything."""
    folder = course() / "submissions" / "sound"
    for name, content in FULL.items():
        write(folder / "answers" / f"{name}.yaml", content)
    write(folder / "submission.yaml", "id: sound\n")
    return folder


@contextmanager
def ordinary_user(root: Path) -> Iterator[None]:
    """Be nobody, who owns `root`, where the tests run as root: modes mean nothing to root."""
    if os.geteuid() != 0:
        yield
        return
    for path in (root, *root.rglob("*")):
        os.lchown(path, _NOBODY, _NOBODY)
    # The temporary folders of one user are not another's; those that root has are in use by
    # whatever else is tested in this process, and are not for us to end.
    roots, scratch._run = scratch._run, None
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        scratch.end()
        os.seteuid(0)
        scratch._run = roots
        if roots is not None:
            atexit.register(scratch.end)


def neighbour(plan: Plan) -> None:
    """A sound paper keeps its grade, whatever lies beside it."""
    with tempfile.TemporaryDirectory(prefix="grader-tree-") as root, in_time():
        folder = build(plan, Path(root))
        assert folder is not None
        untouched = folder.joinpath(*KEPT).read_bytes() == FULL["quiz-2"]
        assert untouched, "the plan itself spoils the paper"
        assert [r.verdict for r in essence(graded(folder), "quiz-2")] == [Verdict.CORRECT]


def reply(line: bytes) -> None:
    """A reply is refused, or is what the request asked for, within every limit."""
    refused, found = "", None
    with in_time():
        try:
            found = decode(line, REQUEST)
        except Malformed as error:
            refused = str(error)
    fit(refused)
    if refused:
        assert len(refused) < 200
        return
    assert len(line) <= MAX_REPLY
    assert type(found) is dict and found["id"] == REQUEST
    assert not re.search(rb"NaN|Infinity", _STRING.sub(b"", line)), "not strict JSON"
    assert _depth(found) <= MAX_DEPTH
    if all(math.isfinite(v) for v in _parts(found) if isinstance(v, float)):
        again = encode(found)  # in ASCII, which may make it longer
        assert len(again) > MAX_REPLY or decode(again, REQUEST) == found


def _parts(value: Any) -> Iterator[Any]:
    """`value` and everything within it."""
    assert type(value) in (dict, list, str, int, float, bool, type(None))
    yield value
    for inner in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from _parts(inner)


def _depth(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, inside), default=0) if isinstance(value, dict | list) else 1


def argument(text: str) -> None:
    """Whatever names a submission, it is found or refused with a clean message."""
    try:
        found = find_submissions(text, course(), _sound())
    except SubmissionError as error:
        fit(str(error))
    else:
        assert all(path.is_dir() for path in found)


#: What a long run tries, by name.
PROMISES: Mapping[str, Callable[[Any], object]] = {
    "sheets": sheet,
    "wire": reply,
    "trees": tree,
    "neighbours": neighbour,
    "arguments": argument,
}
