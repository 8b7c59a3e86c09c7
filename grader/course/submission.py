"""Find submissions and read their answer sheets.

Bad input costs its own place only: one bad answer costs that item, one bad sheet that exam.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.core.clean import clean, clean_line
from grader.core.grade import Problem
from grader.core.marking import Given
from grader.core.model import Exam
from grader.core.suggest import suggest
from grader.course.schemas import Schemas
from grader.course.yamldoc import Document, Flaw, read_yaml, shown
from grader.errors import SubmissionError

#: Bytes of a file that a student writes by hand.
MAX_SHEET = 128 << 10
#: Unknown items of a sheet that are told one by one.
MAX_STRANGERS = 20
#: Invisible, but part of how names are written in Persian and in Indian scripts.
_JOINERS = {0x200C: None, 0x200D: None}
#: What makes a folder a submission.
PARTS = ("answers", "labs", "submission.yaml")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One exam's answers. `unusable` says why there are none; `bad` maps item ids to messages."""

    answers: Mapping[str, Given] = field(default_factory=dict)
    bad: Mapping[str, str] = field(default_factory=dict)
    unusable: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """What a student handed in, as far as it could be read."""

    student: str
    name: str
    sheets: Mapping[str, Sheet]
    labs: Mapping[str, Path]
    problems: tuple[Problem, ...]


def is_submission(folder: Path) -> bool:
    """Whether `folder` looks like one student's work.

    Raises:
        SubmissionError: it cannot be looked into.
    """
    try:
        with os.scandir(folder) as entries:
            return any(e.name in PARTS for e in entries)
    except OSError as error:
        message = f"cannot be read: {error.strerror}; make it readable, or leave it out"
        raise SubmissionError(f"{shown(folder, None)} {message}") from error


def _plain(folder: Path) -> Path:
    """`folder`, whose name stands in node ids and paths of reports just as it is.

    Raises:
        SubmissionError: it holds what a report or a log must not.
    """
    name = folder.name.translate(_JOINERS)
    spelt = clean_line(ascii(folder.name))
    if clean(name) != name or set(name) & set("\n\t"):
        raise SubmissionError(
            f"{shown(folder.parent, None)}: the folder name {spelt} would spoil reports: "
            "it holds control or invisible characters, or commands of a CI log; rename it"
        )
    return folder


def _is_folder(path: Path) -> bool:
    """Whether `path` is a folder; not if its name is none, or it may not be looked at."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _folders(folder: Path) -> list[Path]:
    """The folders in `folder` by name; none where it cannot be looked into."""
    try:
        return sorted(p for p in folder.iterdir() if _is_folder(p))
    except OSError:
        return []


def find_submissions(argument: str, root: Path, here: Path) -> list[Path]:
    """The submission folders that `argument` names.

    It is tried as a path from `here`, from `root`, and below `root/submissions`; it names a
    submission or a folder of submissions.

    Raises:
        SubmissionError: nothing of that name, nothing in it that is a submission, something that
            cannot be looked into, or a name that would spoil reports.
    """
    tried = list(dict.fromkeys([here / argument, root / argument, root / "submissions" / argument]))
    folder = next((p for p in tried if _is_folder(p)), None)
    if folder is None:
        names = [p.name for p in _folders(root / "submissions")]
        hint = suggest(argument.strip("/"), names)
        raise SubmissionError(
            f"no submission {clean_line(argument)!r}: there is no such folder here, in {root}, "
            f"or in {root / 'submissions'}{hint}"
        )
    if is_submission(folder):
        return [_plain(folder.resolve())]
    found = sorted(
        _plain(p.resolve()) for p in folder.iterdir() if _is_folder(p) and is_submission(p)
    )
    if not found:
        raise SubmissionError(
            f"{shown(folder, None)} is not a submission: it holds none of answers/, labs/, "
            "submission.yaml, and no folder in it does"
        )
    return found


def read_submission(
    folder: Path, exams: Iterable[Exam], labs: Sequence[str], schemas: Schemas
) -> Submission:
    """Read what is in `folder`, an intake copy that holds regular files only."""
    problems: list[Problem] = []
    root = folder.parent
    exams = list(exams)

    def note(doc: Document) -> None:
        flaws = sorted(doc.flaws, key=lambda f: f.mark)
        problems.extend(_problem(flaw, root) for flaw in flaws)

    student = name = clean_line(folder.name, 100) or "unnamed"
    card = folder / "submission.yaml"
    if card.exists():
        doc = read_yaml(card, MAX_SHEET)
        if schemas.check(doc, "submission"):
            student, name = doc.value["id"], doc.value.get("name", doc.value["id"])
        note(doc)

    known = {e.id: e for e in exams}
    sheets = {}
    for exam in exams:
        path = folder / "answers" / f"{exam.id}.yaml"
        if not path.is_file():
            sheets[exam.id] = Sheet(unusable=f"answers/{exam.id}.yaml was not handed in")
            problems.append(Problem(shown(path, root), "was not handed in"))
            continue
        doc = read_yaml(path, MAX_SHEET)
        sheets[exam.id] = read_sheet(doc, exam, schemas)
        note(doc)
    problems += _strangers(folder / "answers", root, ".yaml", "exam", known)
    problems += _strangers(folder / "labs", root, ".py", "lab", labs)
    handed = {}
    for lab in labs:
        path = folder / "labs" / f"{lab}.py"
        if path.is_file():
            handed[lab] = path
        else:
            problems.append(Problem(shown(path, root), "was not handed in"))
    return Submission(student, clean_line(name, 200) or student, sheets, handed, tuple(problems))


def read_sheet(doc: Document, exam: Exam, schemas: Schemas) -> Sheet:
    """The answers of one sheet; what is wrong with it is added to `doc.flaws`."""
    if doc.value is None and not doc.flaws:
        doc.flaw((), "the sheet is empty; it should hold `exam:` and `answers:`")
        return Sheet(unusable="the answer sheet is empty")
    schemas.check(doc, "answers")
    value: Any = doc.value
    if not isinstance(value, dict) or not isinstance(value.get("answers"), dict):
        return Sheet(unusable="the answer sheet cannot be read")
    if value.get("exam") not in (None, exam.id):
        other = clean_line(str(value["exam"]), 60)
        doc.flaw(("exam",), f"this sheet is for {other!r}, and the file's name says {exam.id!r}")
        return Sheet(unusable=f"the answer sheet is for {other!r}")
    answers: dict[str, Given] = {}
    bad: dict[str, str] = {}
    strangers = 0
    for id_, given in value["answers"].items():
        place = ("answers", id_)
        if id_ not in exam.items:
            strangers += 1
            if strangers <= MAX_STRANGERS:
                hint = suggest(id_[:60], exam.items)
                named = clean_line(id_, 60) or ascii(id_[:10])
                message = f"{named} is not an item of {exam.id}{hint}"
                doc.flaw(place, message, at_key=True)
        elif _is_given(given):
            answers[id_] = given
        else:
            inside = {m for p, m in doc.marks.items() if p[:2] == place}
            told = [f.message for f in doc.flaws if f.mark in inside]
            bad[id_] = told[0] if told else "is not an answer"
    if strangers > MAX_STRANGERS:
        more = strangers - MAX_STRANGERS
        doc.flaw(("answers",), f"{more} more answers are to items that {exam.id} does not have")
    return Sheet(answers, bad)


def _is_given(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(x, str) for x in value)
    return value is None or isinstance(value, str)


def _problem(flaw: Flaw, root: Path) -> Problem:
    where = f"{shown(flaw.path, root)}:{flaw.mark.line}:{flaw.mark.column}"
    return Problem(where, clean_line(flaw.message))


def _strangers(
    folder: Path, root: Path, suffix: str, what: str, known: Iterable[str]
) -> list[Problem]:
    """Files that look handed in but belong to nothing of the course."""
    names = list(known)
    found = []
    for path in sorted(folder.glob("*")) if folder.is_dir() else []:
        if path.is_file() and not (path.suffix == suffix and path.stem in names):
            if path.stem in names:
                message = f"was not read: this {what} is handed in as {path.stem}{suffix}"
            else:
                message = f"is no {what} of this course and is not graded"
                message += suggest(path.stem, names)
            found.append(Problem(shown(path, root), message))
    return found
