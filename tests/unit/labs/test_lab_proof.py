"""`grader.labs.proof`: which files prove a lab, and what each must and must not do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grader.core.verdict import Result, Verdict
from grader.errors import CourseError
from grader.labs.load import LoadedLab
from grader.labs.proof import Variant, complaints, expected_failures, variants
from tests.builders import lab_spec, result, write

NAMES = {"test_one", "test_two"}


def lab(root: Path) -> LoadedLab:
    """A lab with a reference, a stub, two alternatives and a mutant."""
    folder = root / "labs/tiny"
    for name in ("solution.py", "stub.py", "alternatives/b.py", "alternatives/a.py"):
        write(folder / name, "")
    write(folder / "mutants/m.py", '"""Forgets.\n\nFails: test_two\n"""\n')
    spec = lab_spec("tiny", {"test_one": "1", "test_two": "1"})
    return LoadedLab(spec, folder, {}, None)


def test_all_variants_are_found_the_reference_first(tmp_path: Path) -> None:
    """Reference and alternatives must earn everything, the stub nothing, a mutant all but some."""
    of = lab(tmp_path)
    assert variants(of) == [
        Variant("solution", of.folder / "solution.py", None),
        Variant("stub", of.folder / "stub.py", frozenset(NAMES), stub=True),
        Variant("alternatives/a", of.folder / "alternatives/a.py", None),
        Variant("alternatives/b", of.folder / "alternatives/b.py", None),
        Variant("mutants/m", of.folder / "mutants/m.py", frozenset({"test_two"})),
    ]


def test_missing_files_are_named(tmp_path: Path) -> None:
    """A lab without a reference or a stub cannot be proved."""
    of = lab(tmp_path)
    (of.folder / "solution.py").unlink()
    (of.folder / "stub.py").unlink()
    with pytest.raises(CourseError, match=r"^tiny/: solution\.py, stub\.py is missing$"):
        variants(of)


@pytest.mark.parametrize(
    ("docstring", "names"),
    [
        ("Forgets.\n\nFails: test_one", {"test_one"}),
        ("Forgets.\n\nFails: test_one, test_two", NAMES),
        ("Forgets.\n\nFails:\n    test_one,\n    test_two\n", NAMES),
        ("Fails: test_two and test_one.", NAMES),
        ("Passes test_one.\n\nFails: test_two", {"test_two"}),
    ],
)
def test_a_mutant_names_what_it_fails(tmp_path: Path, docstring: str, names: set[str]) -> None:
    """The names after `Fails:`, on one line or several, and no others."""
    path = write(tmp_path / "tiny/mutants/m.py", f'"""{docstring}"""\n')
    assert expected_failures(path, NAMES) == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", "the docstring must end with `Fails:` and names of checks"),
        ('"""Forgets."""\n', "the docstring must end with `Fails:` and names of checks"),
        ('"""Fails: something"""\n', "the docstring must end with `Fails:` and names of checks"),
        ('"""It Fails: test_one"""\n', "the docstring must end with `Fails:` and names of checks"),
        ('"""Fails: test_one, test_2, test_3"""\n', "no such check: test_2, test_3"),
    ],
)
def test_a_mutant_must_name_checks_that_exist(tmp_path: Path, text: str, message: str) -> None:
    """A mutant that kills nothing, or nothing that exists, is told with its file."""
    path = write(tmp_path / "tiny/mutants/m.py", text)
    with pytest.raises(CourseError) as caught:
        expected_failures(path, NAMES)
    assert str(caught.value) == f"tiny/mutants/m.py:1: {message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"""Fails: test_one"""\ndef f(:\n', "2: not valid Python: invalid syntax"),
        ("def f():\nx = 1\n", "2: not valid Python: expected an indented block after"),
        ('"""Fails: test_one\n', "1: not valid Python: unterminated triple-quoted string"),
    ],
)
def test_a_mutant_must_be_python(tmp_path: Path, text: str, message: str) -> None:
    """What cannot be read proves nothing: it is the course's fault, told with its line."""
    path = write(tmp_path / "tiny/mutants/m.py", text)
    with pytest.raises(CourseError) as caught:
        expected_failures(path, NAMES)
    assert str(caught.value).startswith(f"tiny/mutants/m.py:{message}")


def test_a_lab_with_a_broken_mutant_has_no_variants(tmp_path: Path) -> None:
    """The mistake of one file is told for the lab that it belongs to."""
    of = lab(tmp_path)
    write(of.folder / "mutants/a.py", "def f(:\n")
    with pytest.raises(CourseError, match=r"^tiny/mutants/a\.py:1: not valid Python: "):
        variants(of)


ONE = result(name="test_one", paper="tiny")
TWO = result(name="test_two", paper="tiny")
LOST = replace(TWO, verdict=Verdict.WRONG, points=TWO.points and TWO.points * 0, reason="no rows")
RAISED = replace(LOST, verdict=Verdict.STUDENT_ERROR, reason="boom")
EMPTY = replace(LOST, verdict=Verdict.UNANSWERED, reason="not written")
BROKE = replace(TWO, verdict=Verdict.GRADER_FAULT, points=None, reason="checks.py:3: KeyError: 'a'")

REFERENCE = Variant("solution", Path("solution.py"), None)
MUTANT = Variant("mutants/m", Path("m.py"), frozenset({"test_two"}))
STUB = Variant("stub", Path("stub.py"), frozenset(NAMES), stub=True)


@pytest.mark.parametrize(
    ("variant", "results", "stopped", "found"),
    [
        (REFERENCE, [ONE, TWO], "", []),
        (REFERENCE, [ONE, LOST], "", ["test_two: must pass, and is wrong: no rows"]),
        (REFERENCE, [ONE, RAISED], "", ["test_two: must pass, and is student-error: boom"]),
        (REFERENCE, [ONE, TWO], "NameError: x", ["stopped early: NameError: x"]),
        (
            REFERENCE,
            [ONE, BROKE],
            "",
            ["test_two: the check itself broke: checks.py:3: KeyError: 'a'"],
        ),
        (MUTANT, [ONE, LOST], "", []),
        (MUTANT, [ONE, RAISED], "", []),
        (MUTANT, [ONE, LOST], "NameError: x", []),
        (MUTANT, [ONE, TWO], "", ["test_two: must fail, and passed"]),
        (
            MUTANT,
            [replace(LOST, name="test_one"), LOST],
            "",
            ["test_one: must pass, and is wrong: no rows"],
        ),
        (
            MUTANT,
            [ONE, BROKE],
            "",
            ["test_two: the check itself broke: checks.py:3: KeyError: 'a'"],
        ),
        (STUB, [replace(EMPTY, name="test_one"), EMPTY], "", []),
        (STUB, [ONE, EMPTY], "", ["test_one: must fail, and passed"]),
        (STUB, [replace(EMPTY, name="test_one"), EMPTY], "boom", ["stopped early: boom"]),
    ],
)
def test_a_variant_does_what_it_must_and_nothing_else(
    variant: Variant, results: list[Result], stopped: str, found: list[str]
) -> None:
    """A check that breaks is never a proof, not even where a failure is wanted."""
    assert complaints(variant, results, stopped) == found
