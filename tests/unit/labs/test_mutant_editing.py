"""`grader lab diff` and `grader lab edit`: a mutant shown, edited and stored."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from grader.cli import main
from tests.builders import write, write_course

REFERENCE = '''"""The reference."""


def add(a, b):
    return a + b


def sub(a, b):
    return a - b
'''
CHECKS = """
from grader.labs.points import points

@points(1, hint="add")
def test_add(lab):
    assert lab

@points(1, hint="sub")
def test_sub(lab):
    assert lab
"""
LAB = """
id: tiny
title: Tiny
domain: storage
topics: [tables]
points: "2"
summary: Do it.
runtime: []
"""
MUTANTS = """\
# A comment of the author's.
adds_one:
  summary: One too many.
  fails: [test_add]
  replace:
    - {old: a + b, new: a + b + 1}

# Another comment.
subs_the_other_way:
  summary: The other way round.
  fails: [test_sub]
  replace:
    - {old: a - b, new: b - a}
"""


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Return a course with a lab and two mutants."""
    root = write_course(tmp_path / "course")
    for name, text in {
        "lab.yaml": LAB,
        "checks.py": CHECKS,
        "solution.py": REFERENCE,
        "mutants.yaml": MUTANTS,
    }.items():
        write(root / "labs/tiny" / name, text)
    return root


def run(course: Path, *args: str) -> Result:
    """Run `grader lab ARGS`; whatever it raises that is no exit is a failure here."""
    result = CliRunner().invoke(main, ["lab", *args, "--root", str(course)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def edit(
    course: Path, monkeypatch: pytest.MonkeyPatch, name: str, *changes: tuple[str, str]
) -> Result:
    """Run `grader lab edit tiny NAME` with an editor that replaces texts."""
    program = write(
        course.parent / "editor.py",
        "import pathlib, sys\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "text = path.read_text()\n"
        f"for old, new in {changes!r}:\n"
        "    assert old in text, text\n"
        "    text = text.replace(old, new)\n"
        "path.write_text(text)\n",
    )
    monkeypatch.setenv("VISUAL", f"{sys.executable} {shlex.quote(str(program))}")
    return run(course, "edit", "tiny", name)


def stored(course: Path) -> str:
    """Return the text of `mutants.yaml`."""
    return (course / "labs/tiny/mutants.yaml").read_text(encoding="utf-8")


def test_a_diff_shows_what_a_mutant_changes(course: Path) -> None:
    """Summary and checks first, then lines as `diff -u` shows them, with both places."""
    result = run(course, "diff", "tiny", "adds_one")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "One too many.\n"
        "Fails: test_add\n"
        "\n"
        "--- labs/tiny/solution.py\n"
        "+++ labs/tiny/mutants.yaml:2\n"
        "@@ -2,7 +2,7 @@\n"
        " \n"
        " \n"
        " def add(a, b):\n"
        "-    return a + b\n"
        "+    return a + b + 1\n"
        " \n"
        " \n"
        " def sub(a, b):\n"
    )


@pytest.mark.parametrize(
    ("lab", "name", "message"),
    [
        ("tiny", "adds_two", "tiny has no mutant 'adds_two'; did you mean 'adds_one'?"),
        ("tinny", "adds_one", "there is no lab 'tinny'; did you mean 'tiny'?"),
    ],
)
def test_what_does_not_exist_is_told(course: Path, lab: str, name: str, message: str) -> None:
    """With what was probably meant."""
    result = run(course, "diff", lab, name)
    assert (result.exit_code, result.stderr) == (3, f"grader: {message}\n")


def test_an_edit_is_stored_and_nothing_else_changes(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What differs from the reference, the summary and the checks; other entries stay."""
    result = edit(
        course,
        monkeypatch,
        "adds_one",
        ("a + b + 1", "a + b + 2"),
        ("One too many.", "Two too many."),
        ("Fails: test_add", "Fails: test_add, test_sub"),
    )
    assert (result.exit_code, result.stdout) == (0, "stored in labs/tiny/mutants.yaml\n")
    _, _, others = MUTANTS.partition("\n\n")
    assert (
        stored(course)
        == (
            "# A comment of the author's.\n"
            "adds_one:\n"
            "  summary: Two too many.\n"
            "  fails:\n"
            "    - test_add\n"
            "    - test_sub\n"
            "  replace:\n"
            "    - old: |\n"
            "        return a + b\n"
            "      new: |\n"
            "        return a + b + 2\n"
            "\n"
        )
        + others
    )
    assert "+    return a + b + 2" in run(course, "diff", "tiny", "adds_one").stdout


def test_an_editor_that_changes_nothing_stores_nothing(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even in another form."""
    result = edit(course, monkeypatch, "adds_one")
    assert (result.exit_code, result.stdout) == (0, "nothing has changed\n")
    assert stored(course) == MUTANTS


@pytest.mark.parametrize("first", [False, True])
def test_a_new_name_makes_a_new_mutant(
    course: Path, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    """It begins as the reference, and is put in its place by name."""
    if first:
        (course / "labs/tiny/mutants.yaml").unlink()
    result = edit(
        course,
        monkeypatch,
        "nothing_at_all",
        ("a - b", "None"),
        ("Say in a sentence what is wrong.", "Returns nothing."),
        ("Fails:", "Fails: test_sub"),
    )
    assert result.exit_code == 0, result.output
    names = [line for line in stored(course).splitlines() if line[:1].isalpha()]
    assert names == (
        ["nothing_at_all:"] if first else ["adds_one:", "nothing_at_all:", "subs_the_other_way:"]
    )
    assert "Returns nothing." in run(course, "diff", "tiny", "nothing_at_all").stdout


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([("a + b + 1", "a +")], "the edited adds_one:8: not valid Python: invalid syntax"),
        ([("test_add", "test_ad")], "the edited adds_one:1: no such check: test_ad"),
        ([("One too many.\n", "\n")], "the edited adds_one:1: the docstring must say what is wr"),
        ([("a + b + 1", "a + b")], "the edited adds_one: is the reference; change what must be"),
    ],
)
def test_an_edit_that_is_no_mutant_is_kept_aside(
    course: Path, monkeypatch: pytest.MonkeyPatch, changes: list[tuple[str, str]], message: str
) -> None:
    """The file of mutants stays as it was, and so does the author's work."""
    result = edit(course, monkeypatch, "adds_one", *changes)
    assert result.exit_code == 3
    kept, told = result.stderr.splitlines()
    assert told.startswith(f"grader: {message}")
    assert (
        changes[0][1].strip()
        in Path(kept.removeprefix("not stored; your text is kept in ")).read_text()
    )
    assert stored(course) == MUTANTS


def test_an_edit_begins_with_what_still_fits(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a change to the reference: the rest is told, to be made again."""
    write(course / "labs/tiny/solution.py", REFERENCE.replace("a + b", "b + a"))
    result = edit(course, monkeypatch, "adds_one", ("b + a", "b + a + 1"))
    assert result.exit_code == 0, result.output
    assert result.stderr == (
        "left out: labs/tiny/mutants.yaml:6:13: adds_one: the reference has no such text: 'a + b'\n"
    )
    assert "        return b + a + 1\n" in stored(course)


def test_names_and_whole_files_are_refused(course: Path) -> None:
    """A name that cannot stand in the file, and a mutant that is not in it."""
    whole = write(course / "labs/tiny/mutants/whole.py", '"""Fails: test_add"""\n')
    result = run(course, "edit", "tiny", "whole")
    assert result.stderr == f"grader: whole is a file of its own; edit {whole}\n"
    result = run(course, "edit", "tiny", "Not-a-name")
    assert result.stderr == (
        "grader: a mutant's name has small letters, digits and underscores, and begins with a "
        "letter (got 'Not-a-name')\n"
    )
