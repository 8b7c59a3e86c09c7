"""Small core objects, and a small course on disk, with everything a test does not care about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

from grader.core.grade import Grade, Policy, Problem, assemble
from grader.core.model import (
    Band,
    Bank,
    CheckSpec,
    Credit,
    Domain,
    Exam,
    Feedback,
    Focus,
    Key,
    KeyPolicy,
    Kind,
    LabSpec,
    Question,
    Status,
    Topic,
)
from grader.core.verdict import Result, Verdict
from grader.course.bank import LoadedBank
from grader.course.course import Course
from grader.course.schemas import SCHEMAS, Schemas

ROOT = Path(__file__).parents[1]

DOMAINS = (
    Domain("storage", "Storage", (Topic("tables", "Tables"), Topic("files", "Files"))),
    Domain("serving", "Serving", (Topic("endpoints", "Endpoints"),)),
)
BANDS = (
    Band(Fraction(9, 10), "Top", "Keep going."),
    Band(Fraction(7, 10), "Middle", "Nearly there."),
    Band(Fraction(0), "Base", "Read more."),
)


@cache
def schemas() -> Schemas:
    """The project's schemas, compiled once for all tests."""
    return Schemas(SCHEMAS)


@cache
def own_bank() -> LoadedBank:
    """The bank of this project's course, loaded once for all tests, which leave it as it is."""
    return Course(ROOT).bank()


def question(
    id_: str = "q1-01",
    *,
    kind: Kind = "single",
    options: str | Mapping[str, str] = "ABCD",
    domain: str = "storage",
    topic: str = "tables",
    references: Sequence[str] = ("Manual: Tables",),
) -> Question:
    """An item; `options` may be the letters alone."""
    texts = {x: f"option {x}" for x in options} if isinstance(options, str) else options
    return Question(id_, domain, topic, kind, "Which one?", texts, (), tuple(references))


def key(
    *accepted: str,
    id_: str = "q1-01",
    status: Status = "sound",
    reason: str = "",
    explanation: str = "A, B, C and D.",
    exam: str = "quiz-1",
) -> Key:
    """A key; the first of `accepted` is the answer, and each is a string of letters: `"AC"`."""
    answers = tuple(frozenset(letters) for letters in accepted)
    return Key(id_, answers[0], answers, status, reason, explanation, exam)


def exam(
    id_: str = "quiz-1",
    items: Sequence[str] = ("q1-01",),
    *,
    pass_mark: str = "7/10",
    credit: Credit = "all-or-nothing",
    bands: Sequence[Band] = BANDS,
    focus: Sequence[Focus] = (),
) -> Exam:
    """A paper."""
    mark = Fraction(pass_mark)
    return Exam(id_, f"Paper {id_}", 20, mark, credit, tuple(bands), tuple(focus), tuple(items))


def bank(
    questions: Sequence[Question] = (), exams: Sequence[Exam] = (), keys: Sequence[Key] = ()
) -> Bank:
    """A bank over the domains `storage` and `serving`."""
    return Bank(
        DOMAINS,
        {q.id: q for q in questions},
        {e.id: e for e in exams},
        {k.id: k for k in keys},
    )


def lab_spec(
    id_: str = "tiny",
    checks: Mapping[str, str] | None = None,
    *,
    domain: str = "serving",
    topic: str = "endpoints",
) -> LabSpec:
    """A lab's definition; `checks` maps names to points."""
    worth = {"test_one": "1"} if checks is None else checks
    specs = tuple(CheckSpec(n, Fraction(p), f"hint of {n}", topic) for n, p in worth.items())
    total = sum((c.points for c in specs), Fraction(0))
    return LabSpec(id_, "A tiny lab", domain, (topic,), total, "Do it.", (), checks=specs)


def result(
    verdict: Verdict = Verdict.CORRECT,
    points: str | int | None = "1",
    maximum: str | int = "1",
    *,
    name: str = "q1-01",
    paper: str = "quiz-1",
    domain: str = "storage",
    topic: str = "tables",
    reason: str = "",
    hint: str = "",
    given: str | tuple[str, ...] | None = None,
) -> Result:
    """An entry of a grade."""
    earned = None if points is None else Fraction(points)
    whole = Fraction(maximum)
    return Result(paper, name, domain, topic, verdict, earned, whole, reason, hint, given)


def by_name(*results: Result) -> dict[tuple[str, str], Result]:
    """Results as `assemble` takes them."""
    return {(r.paper, r.name): r for r in results}


def grade(
    of: Bank,
    *results: Result,
    labs: Sequence[LabSpec] = (),
    student: str = "alice",
    name: str = "",
    key_policy: KeyPolicy = "source",
    feedback: Feedback = "hints",
    pass_mark: str = "7/10",
    problems: Sequence[Problem] = (),
    durations: Mapping[str, float] | None = None,
) -> Grade:
    """An assembled grade."""
    return assemble(
        student=student,
        name=name or student,
        policy=Policy(key_policy, feedback, Fraction(pass_mark)),
        version="1.2.3",
        engines={},
        sandbox="not-used",
        bank=of,
        labs=labs,
        results=by_name(*results),
        problems=problems,
        durations=durations or {},
    )


def write(path: Path, text: str | bytes) -> Path:
    """Write a file and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


#: A course's files that load without a flaw, by path below its root.
COURSE_FILES = {
    "bank/domains.yaml": """
- id: storage
  title: Storage
  topics:
    - {id: tables, title: Tables}
    - {id: files, title: Files}
- id: serving
  title: Serving
  topics: [{id: endpoints, title: Endpoints}]
""",
    "bank/questions/storage/q1-01.yaml": """
id: q1-01
domain: storage
topic: tables
kind: single
stem: Which one?
options: {A: one, B: two, C: three}
tags: [delta]
references: ["Manual: Tables"]
""",
    "bank/questions/serving/q1-02.yaml": """
id: q1-02
domain: serving
topic: endpoints
kind: multiple
stem: Which ones?
options:
  A: one
  B: two
  C: three
tags: []
references: ["Manual: Endpoints"]
""",
    "bank/exams/quiz-1.yaml": """
id: quiz-1
title: First
minutes: 20
pass_mark: 7/10
bands:
  - {from: 9/10, label: Top, advice: Keep going.}
  - {from: 0/1, label: Base, advice: Read more.}
focus:
  - {topic: tables, title: Tables, advice: Read about tables.}
items:
  - q1-01
  - q1-02
""",
    "bank/keys/quiz-1.yaml": """
q1-01:
  answer: B
  accepted: [B, C]
  status: disputed
  reason: C can be defended.
  explanation: A is not it, and C nearly is.
q1-02:
  answer: [A, C]
  accepted: [[A, C]]
  status: sound
  explanation: B is not it.
""",
}


def write_course(root: Path, **changes: str) -> Path:
    """Write a small sound course; `changes` maps a file's stem to `old -> new` or a whole text.

    A stem is that of the file's path with `/`, `.` and `-` as `_`: `bank_keys_quiz_1`.
    """
    files = {"".join("_" if c in "/-." else c for c in p[:-5]): p for p in COURSE_FILES}
    for stem, path in files.items():
        text = COURSE_FILES[path].lstrip("\n")
        old, arrow, new = changes.pop(stem, "").partition(" -> ")
        if arrow:
            assert text.count(old) == 1, f"{old!r} must stand once in {path}"
            text = text.replace(old, new)
        write(root / path, old if old and not arrow else text)
    assert not changes, f"no such file: {changes}"
    return root
