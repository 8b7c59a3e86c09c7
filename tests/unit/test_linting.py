"""`grader.linting`: flaws of files and findings of rules, as one list."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course.course import Course
from grader.errors import CourseError
from grader.linting import READABLE, lint_bank
from tests.builders import ROOT, write, write_course


def found(root: Path, **changes: str) -> list[str]:
    """What is wrong with a small course with `changes`."""
    return [
        f"{p.path.relative_to(root)}:{p.line}:{p.column}: {p.code} {p.level} {p.message}"
        for p in lint_bank(Course(write_course(root, **changes)))
    ]


def test_a_sound_course_has_nothing_to_tell(tmp_path: Path) -> None:
    """Neither flaws nor findings."""
    assert found(tmp_path) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"bank_exams_quiz_1": "minutes: 20 -> minutes: 20\nzzz: 1"},
            "bank/exams/quiz-1.yaml:4:1: B001 error quiz-1: "
            "unknown key `zzz`; known here: id, title, "
            "minutes, pass_mark, credit, bands, focus, items",
        ),
        (
            {"bank_keys_quiz_1": "status: sound -> status: fine"},
            "bank/keys/quiz-1.yaml:10:11: B001 error q1-02: "
            "`status`: must be one of sound, disputed, "
            "flawed, dated (got 'fine')",
        ),
        (
            {"bank_questions_storage_q1_01": "id: ["},
            "bank/questions/storage/q1-01.yaml:2:1: B001 error not valid YAML: "
            "did not find expected node content",
        ),
        (
            {"bank_questions_storage_q1_01": "stem: Which one? -> stem: &x Which one?"},
            "bank/questions/storage/q1-01.yaml:5:7: B001 error anchors (&) and aliases (*) are "
            "not used here; write the value out",
        ),
    ],
)
def test_a_flaw_of_a_file_is_an_error(tmp_path: Path, changes: dict[str, str], told: str) -> None:
    """What keeps a file from being used has one code, whatever it is, and its place."""
    assert told in found(tmp_path, **changes)
    assert READABLE == "B001"


def test_flaws_and_findings_are_one_list(tmp_path: Path) -> None:
    """A broken item is told, and so is whatever asks for it: by file, then line, then column."""
    got = found(
        tmp_path,
        bank_questions_storage_q1_01="kind: single -> kind: singel",
        bank_keys_quiz_1="status: sound -> status: sound\n  reason: Corrected.",
        bank_exams_quiz_1="from: 0/1 -> from: 1/10",
    )
    assert [line.split(" error ")[0] for line in got] == [
        "bank/exams/quiz-1.yaml:5:1: B110",
        "bank/exams/quiz-1.yaml:11:5: B101",
        "bank/keys/quiz-1.yaml:1:1: B102",
        "bank/questions/storage/q1-01.yaml:4:7: B001",
    ]


def test_every_file_of_the_bank_is_looked_at(tmp_path: Path) -> None:
    """Domains and blueprints, too."""
    write_course(tmp_path)
    write(tmp_path / "bank/blueprints/a.yaml", "id: [")
    write(tmp_path / "bank/questions/serving/more/q1-03.yaml", "")
    write(tmp_path / "bank/domains.yaml", "[]")
    files = {p.path.name for p in lint_bank(Course(tmp_path)) if p.code == READABLE}
    assert files == {"a.yaml", "q1-03.yaml", "domains.yaml"}


def test_a_folder_without_a_bank_cannot_be_linted(tmp_path: Path) -> None:
    """It is no course, which is told rather than found."""
    with pytest.raises(CourseError, match="is not a course"):
        lint_bank(Course(tmp_path))


def test_the_projects_own_bank_is_sound() -> None:
    """What is shipped passes its own lint."""
    assert lint_bank(Course(ROOT)) == []
