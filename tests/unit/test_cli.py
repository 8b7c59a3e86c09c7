"""`grader lint`, `grader bank stats` and `grader show`: what they print and how they end."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import grader
from grader.cli import main
from grader.course.course import Course
from grader.lint.engine import Placed
from tests.builders import write, write_course

#: A sound key that accepts two answers, and a kind that does not exist.
BROKEN = {
    "bank_keys_quiz_1": "status: disputed -> status: sound",
    "bank_questions_serving_q1_02": "kind: multiple -> kind: many",
}
STATUS = "bank/keys/quiz-1.yaml:4:11: B112 q1-01: accepts 2 answers, and its status is sound"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A sound course."""
    return write_course(tmp_path / "course")


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A course in two of whose files something is wrong, and in two others for it."""
    return write_course(tmp_path / "broken", **BROKEN)


def run(*args: object) -> Result:
    """`grader ARGS`; whatever it raises that is no exit is a failure here."""
    result = CliRunner().invoke(main, [str(a) for a in args])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def test_a_sound_bank_passes_the_lint(course: Path) -> None:
    """A count of nothing, and exit status 0."""
    result = run("lint", "--root", course)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "0 errors, 0 warnings\n", "")


def test_errors_fail_the_lint(broken: Path) -> None:
    """Every one of them has a line, and the exit status is 1."""
    result = run("lint", "--root", broken)
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout.splitlines() == [
        "bank/exams/quiz-1.yaml:12:5: B101 q1-02: the bank holds no such item",
        STATUS,
        "bank/keys/quiz-1.yaml:7:1: B102 q1-02: the bank holds no such item, or its file is broken",
        "bank/questions/serving/q1-02.yaml:4:7: B001 q1-02: "
        "`kind`: must be one of single, multiple (got 'many')",
        "4 errors, 0 warnings",
    ]


def test_the_lint_speaks_json(course: Path, broken: Path) -> None:
    """The same findings for a program, with the same exit status, and an empty list for none."""
    result = run("lint", "--format", "json", "--root", broken)
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert [f["code"] for f in found] == ["B101", "B112", "B102", "B001"]
    assert found[1] == {
        "file": "bank/keys/quiz-1.yaml",
        "line": 4,
        "column": 11,
        "code": "B112",
        "level": "error",
        "message": "q1-01: accepts 2 answers, and its status is sound",
    }
    sound = run("lint", "--format", "json", "--root", course)
    assert (sound.exit_code, json.loads(sound.stdout)) == (0, [])


@pytest.mark.parametrize(
    ("paths", "codes", "status"),
    [
        (["bank"], ["B101", "B112", "B102", "B001"], 1),
        (["bank/keys"], ["B112", "B102"], 1),
        (["bank/keys/quiz-1.yaml"], ["B112", "B102"], 1),
        (["bank/questions", "bank/exams/quiz-1.yaml"], ["B101", "B001"], 1),
        (["bank/questions/storage"], [], 0),
        (["bank/domains.yaml"], [], 0),
    ],
)
def test_the_lint_may_be_asked_for_some_files(
    broken: Path, paths: list[str], codes: list[str], status: int
) -> None:
    """Only what is found in them is told and counts, though the whole bank is read."""
    result = run("lint", *(broken / p for p in paths), "--root", broken)
    *told, count = result.stdout.splitlines()
    assert [line.split()[1] for line in told] == codes
    assert count == f"{len(codes)} errors, 0 warnings"
    assert result.exit_code == status


def test_paths_and_the_root_are_those_of_the_folder(
    broken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `--root` the course is here, and paths are relative to here."""
    monkeypatch.chdir(broken)
    assert run("lint").exit_code == 1
    assert len(run("lint", "bank/keys").stdout.splitlines()) == 3
    monkeypatch.chdir(broken / "bank")
    assert len(run("lint", "keys", "--root", "..").stdout.splitlines()) == 3


def test_a_name_is_no_folder(broken: Path) -> None:
    """A file whose name begins like the one asked for is another."""
    folder = broken / "bank/key"
    folder.mkdir()
    assert run("lint", folder, "--root", broken).stdout == "0 errors, 0 warnings\n"


def test_warnings_alone_do_not_fail_the_lint(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are told and counted, and the exit status stays 0."""

    def one(of: Course) -> list[Placed]:
        return [Placed(of.bank_folder / "x.yaml", 1, 2, "B999", "warning", "could be better")]

    monkeypatch.setattr("grader.linting.lint_bank", one)
    result = run("lint", "--root", course)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "bank/x.yaml:1:2: B999 could be better",
        "0 errors, 1 warnings",
    ]


@pytest.mark.parametrize(
    "args", [["lint", "none"], ["lint", "--format", "xml"], ["show"], ["zzz"], ["bank", "zzz"]]
)
def test_wrong_usage_has_its_own_status(course: Path, args: list[str]) -> None:
    """2, with how it is used, and nothing on the output."""
    result = run(*args, *(["--root", course] if args[0] in ("lint", "show") else []))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: ")


@pytest.mark.parametrize("args", [["lint"], ["bank", "stats"], ["show", "q1-01"]])
def test_outside_of_a_course_every_command_says_so(tmp_path: Path, args: list[str]) -> None:
    """One line on the error output, no traceback, exit status 3."""
    result = run(*args, "--root", tmp_path)
    assert (result.exit_code, result.stdout) == (3, "")
    (told,) = result.stderr.splitlines()
    assert told.startswith(f"grader: {tmp_path} is not a course: there is no bank/domains.yaml")


def test_schemas_are_the_graders_own(course: Path) -> None:
    """A course has none, and a folder of that name in it says nothing."""
    write(course / "schema" / "domains.schema.json", "{")
    assert run("lint", "--root", course).exit_code == 0


def test_a_grader_without_schemas_finds_nothing_sound(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be checked is a fault."""
    monkeypatch.setattr("grader.course.course.SCHEMAS", course / "none")
    result = run("lint", "--root", course)
    assert result.exit_code == 3
    assert result.stderr.startswith(f"grader: {course}/none/domains.schema.json: ")


def test_a_bank_has_statistics(course: Path) -> None:
    """Counts and habits, exit status 0."""
    result = run("bank", "stats", "--root", course)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[:2] == ["2 items, 2 keys, 1 exams", "keys: 1 disputed, 1 sound"]
    assert lines[-1] == (
        "quiz-1                   1  B1                       33%      0%     50%   B 100%"
    )


def test_a_students_copy_has_statistics(course: Path) -> None:
    """Without keys it is still counted."""
    shutil.rmtree(course / "bank/keys")
    result = run("bank", "stats", "--root", course)
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "2 items, 0 keys, 1 exams")


ITEM = [
    "q1-01  storage / tables",
    "",
    "Which one?",
    "",
    "    A) one",
    "    B) two",
    "    C) three",
    "",
    "see: Manual: Tables",
]


def test_an_item_is_shown(course: Path) -> None:
    """Without its key, since somebody may look over one's shoulder."""
    result = run("show", "q1-01", "--root", course)
    assert (result.exit_code, result.stderr, result.stdout.splitlines()) == (0, "", ITEM)


def test_an_item_is_shown_with_its_key(course: Path) -> None:
    """Marked, with status, reason and explanation, if asked for."""
    result = run("show", "q1-01", "--with-key", "--root", course)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        *ITEM[:5],
        "  * B) two",
        "  * C) three",
        "",
        "key: B, accepted: B or C, disputed",
        "reason: C can be defended.",
        "",
        "A is not it, and C nearly is.",
        "",
        "see: Manual: Tables",
    ]


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ("q1-1", "the bank has no item 'q1-1'; did you mean 'q1-01'?"),
        ("Q1-02", "the bank has no item 'Q1-02'; did you mean 'q1-02'?"),
        ("zzz", "the bank has no item 'zzz'"),
    ],
)
@pytest.mark.parametrize("more", [[], ["--with-key"]])
def test_an_unknown_item_is_told(course: Path, item: str, told: str, more: list[str]) -> None:
    """With what was perhaps meant, on the error output, exit status 3."""
    result = run("show", item, *more, "--root", course)
    assert (result.exit_code, result.stdout, result.stderr) == (3, "", f"grader: {told}\n")


def test_a_students_copy_shows_items_and_no_key(course: Path) -> None:
    """Whoever asks for a key that is not there is told so, and sees no half of an answer."""
    shutil.rmtree(course / "bank/keys")
    assert run("show", "q1-01", "--root", course).stdout.splitlines() == ITEM
    result = run("show", "q1-01", "--with-key", "--root", course)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == "grader: q1-01 has no key in bank/keys/\n"


def test_code_is_left_alone_in_a_file(tmp_path: Path) -> None:
    """Output that nobody looks at keeps its backticks and gets no colours."""
    stem = "stem: Which one? -> stem: What does `df.show(1)` do?"
    root = write_course(tmp_path, bank_questions_storage_q1_01=stem)
    assert (
        run("show", "q1-01", "--root", root).stdout.splitlines()[2] == "What does `df.show(1)` do?"
    )


class Terminal(io.StringIO):
    """An output that somebody looks at."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_code_is_coloured_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its backticks, and the text around it as it is."""
    stem = "stem: Which one? -> stem: What does `import os` do?"
    root = write_course(tmp_path, bank_questions_storage_q1_01=stem)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    main.main(["show", "q1-01", "--root", str(root)], standalone_mode=False)
    line = terminal.getvalue().splitlines()[2]
    assert line.startswith("What does \x1b[")
    assert line.endswith(" do?")
    assert "`" not in line
    assert "import" in line


@pytest.mark.parametrize("flag", ["-h", "--help", "--version"])
def test_the_command_explains_itself(flag: str) -> None:
    """Its version, or its commands, exit status 0."""
    result = run(flag)
    assert result.exit_code == 0
    said = f"grader, version {grader.__version__}" if flag == "--version" else "Usage: "
    assert result.stdout.startswith(said)
    if flag != "--version":
        assert {"bank", "doctor", "lint", "show", "warm"} <= set(result.stdout.split())
