"""`grader.labs.mutants`: wrong solutions as changes and as whole files, and what is wrong there."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.errors import CourseError
from grader.labs.mutants import load_mutants, parse_docstring, with_docstring, with_docstring_of
from tests.builders import schemas, write

SCHEMAS = schemas()
KNOWN = {"test_one", "test_two"}
REFERENCE = '''"""The reference."""

import math


def one(x):
    return math.sqrt(x)


def two(x):
    return x / 2
'''
SOUND = """\
floors:
  summary: The half is rounded
    down.
  fails: [test_two]
  replace:
    - old: |
        return x / 2
      new: |
        return x // 2
"""


def lab(root: Path, mutants: str = SOUND, **files: str) -> Path:
    """Write a lab with a reference and mutants; `files` are whole ones."""
    folder = root / "labs/tiny"
    write(folder / "solution.py", REFERENCE)
    write(folder / "mutants.yaml", mutants)
    for name, text in files.items():
        write(folder / f"mutants/{name}.py", text)
    return folder


def flaws(folder: Path) -> list[str]:
    """Return what is wrong with a lab's mutants."""
    with pytest.raises(CourseError) as caught:
        load_mutants(folder, SCHEMAS, KNOWN)
    return str(caught.value).splitlines()


def test_a_mutant_is_the_reference_with_changes(tmp_path: Path) -> None:
    """Its place is the line of its name."""
    (mutant,) = load_mutants(lab(tmp_path), SCHEMAS, KNOWN)
    assert mutant.text == REFERENCE.replace("x / 2", "x // 2")
    assert (mutant.name, mutant.summary) == ("floors", "The half is rounded down.")
    assert mutant.fails == ("test_two",)
    assert mutant.where == "labs/tiny/mutants.yaml:1"


def test_whole_files_stand_beside_changes(tmp_path: Path) -> None:
    """Sorted by name, whichever form they have."""
    text = '"""All by hand.\n\nFails: test_one\n"""\n'
    found = load_mutants(lab(tmp_path, by_hand=text, zero=text), SCHEMAS, KNOWN)
    assert [(m.name, m.where) for m in found] == [
        ("by_hand", "labs/tiny/mutants/by_hand.py:1"),
        ("floors", "labs/tiny/mutants.yaml:1"),
        ("zero", "labs/tiny/mutants/zero.py:1"),
    ]
    assert found[0].text == text


def test_two_mutants_cannot_share_a_name(tmp_path: Path) -> None:
    """Their node ids would be the same."""
    folder = lab(tmp_path, floors='"""Fails: test_one"""\n')
    assert flaws(folder) == [
        "labs/tiny/mutants/floors.py:1: labs/tiny/mutants.yaml:1 has this name, too"
    ]


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        (
            ("return x / 2", "return x / 3"),
            "mutants.yaml:6:12: floors: the reference has no such text: 'return x / 3'",
        ),
        (
            ("|\n        return x / 2", "return"),
            "mutants.yaml:6:12: floors: the reference has this text 2 times (lines 7 and 11): "
            "'return'; add lines around it until there is one",
        ),
        (
            ("return x // 2", "return x //"),
            "mutants.yaml:5:3: floors: the changes make no valid Python: invalid syntax",
        ),
        (
            ("[test_two]", "[test_too]"),
            "mutants.yaml:4:11: floors: there is no check test_too; did you mean 'test_two'?",
        ),
        (("[test_two]", "[]"), "mutants.yaml:4:10: `fails`: must not be empty"),
        (("  fails: [test_two]\n", ""), "mutants.yaml:1:1: `floors`: `fails` is missing"),
        (("floors:", "Floors:"), "mutants.yaml:1:1: `Floors` is not a valid key here"),
        (("summary:", "sumary:"), "unknown key `sumary`; did you mean 'summary'?"),
    ],
)
def test_flaws_are_told_with_line_and_mutant(
    tmp_path: Path, change: tuple[str, str], flaw: str
) -> None:
    """A text that is not there, or twice, is the most likely of them: references change."""
    told = flaws(lab(tmp_path, SOUND.replace(*change)))
    assert any(flaw in line for line in told), told
    assert all(line.startswith("labs/tiny/mutants.yaml:") for line in told)


def test_flaws_of_all_mutants_are_told_at_once(tmp_path: Path) -> None:
    """After a change to the reference there may be many."""
    broken = SOUND.replace("x / 2", "x / 3")
    told = flaws(lab(tmp_path, broken + broken.replace("floors", "rounds"), bad="def f(:\n"))
    assert [line.split(": ")[:2] for line in told] == [
        ["labs/tiny/mutants.yaml:6:12", "floors"],
        ["labs/tiny/mutants.yaml:15:12", "rounds"],
        ["labs/tiny/mutants/bad.py:1", "not valid Python"],
    ]


def test_without_a_reference_there_is_nothing_to_change(tmp_path: Path) -> None:
    """It is told as a flaw of the course."""
    folder = lab(tmp_path)
    (folder / "solution.py").unlink()
    assert flaws(folder)[0].startswith("labs/tiny/solution.py: cannot be read: ")


@pytest.mark.parametrize(
    ("docstring", "summary", "names"),
    [
        ("Forgets.\n\nFails: test_one", "Forgets.", ("test_one",)),
        ("Forgets.\n\nFails: test_two, test_one", "Forgets.", ("test_two", "test_one")),
        ("For\ngets.\n\nFails:\n    test_one,\n    test_two\n", "For gets.", tuple(sorted(KNOWN))),
        ("Fails: test_two and test_two.", "", ("test_two",)),
        ("Passes test_one.\n\nFails: test_two", "Passes test_one.", ("test_two",)),
    ],
)
def test_a_docstring_says_what_a_mutant_fails(
    docstring: str, summary: str, names: tuple[str, ...]
) -> None:
    """The names after `Fails:`, on one line or several, and no others."""
    assert parse_docstring(f'"""{docstring}"""\n', "m.py", KNOWN) == (summary, names)


NO_NAMES = "1: the docstring must end with `Fails:` and names of checks"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", NO_NAMES),
        ('"""Forgets."""\n', NO_NAMES),
        ('"""Fails: something"""\n', NO_NAMES),
        ('"""It Fails: test_one"""\n', NO_NAMES),
        ('"""Fails: test_one, test_2, test_3"""\n', "1: no such check: test_2, test_3"),
        ('"""Fails: test_one"""\ndef f(:\n', "2: not valid Python: invalid syntax"),
        ("def f():\nx = 1\n", "2: not valid Python: expected an indented block after"),
        ('"""Fails: test_one\n', "1: not valid Python: unterminated triple-quoted string"),
        ("x = '\0'\n", "1: not valid Python: source code "),
    ],
)
def test_a_docstring_must_name_checks_that_exist(text: str, message: str) -> None:
    """A mutant that fails nothing, or nothing that exists, is told with its line."""
    with pytest.raises(CourseError) as caught:
        parse_docstring(text, "m.py", KNOWN)
    assert str(caught.value).startswith(f"m.py:{message}")


@pytest.mark.parametrize(
    "summary", ["Forgets.", 'Says """so""" and "so".', r"A \n backslash\.", "long " * 60 + "end"]
)
def test_a_docstring_is_written_as_it_is_read(summary: str) -> None:
    """Whatever stands in it."""
    text = with_docstring(REFERENCE, summary, ("test_two", "test_one"))
    assert parse_docstring(text, "m.py", KNOWN) == (summary, ("test_two", "test_one"))
    assert max(map(len, text.splitlines())) <= 100
    assert with_docstring_of(text, REFERENCE) == REFERENCE


@pytest.mark.parametrize("text", ["x = 1\n", "# a comment\nx = 1\n", "", "def f(:\n"])
def test_a_text_without_docstring_gets_one(text: str) -> None:
    """Before its first line, even where it is no Python yet."""
    assert with_docstring_of(text, REFERENCE) == '"""The reference."""\n' + text
