"""`grader.labs.proof`: which files prove a lab, and what each must and must not do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grader.core.verdict import Result, Verdict
from grader.errors import CourseError
from grader.labs.load import LoadedLab
from grader.labs.proof import FEW_MUTANTS, Variant, complaints, few, variants
from tests.builders import lab_spec, result, schemas, write

NAMES = {"test_one", "test_two"}
SCHEMAS = schemas()
#: A mutant that is a file of its own.
WHOLE = '"""Forgets.\n\nFails: test_two\n"""\n'


def lab(root: Path) -> LoadedLab:
    """A lab with a reference, a stub, two alternatives and two mutants."""
    folder = root / "labs/tiny"
    write(folder / "solution.py", "x = 1\n")
    for name in ("stub.py", "alternatives/b.py", "alternatives/a.py"):
        write(folder / name, "")
    write(folder / "mutants/m.py", WHOLE)
    write(
        folder / "mutants.yaml",
        "two: {summary: Two., fails: [test_two], replace: [{old: x = 1, new: x = 2}]}\n",
    )
    spec = lab_spec("tiny", {"test_one": "1", "test_two": "1"})
    return LoadedLab(spec, folder, {}, None)


def test_all_variants_are_found_the_reference_first(tmp_path: Path) -> None:
    """Reference and alternatives must earn everything, the stub nothing, a mutant all but some."""
    of = lab(tmp_path)
    reference = of.folder / "solution.py"
    changed = of.folder / "mutants.yaml"
    assert variants(of, SCHEMAS) == [
        Variant("solution", "x = 1\n", None, reference),
        Variant("stub", "", frozenset(NAMES), of.folder / "stub.py"),
        Variant("alternatives/a", "", None, of.folder / "alternatives/a.py"),
        Variant("alternatives/b", "", None, of.folder / "alternatives/b.py"),
        Variant("mutants/m", WHOLE, frozenset({"test_two"}), of.folder / "mutants/m.py"),
        Variant("mutants/two", "x = 2\n", frozenset({"test_two"}), changed, line=1),
    ]


def test_missing_files_are_named(tmp_path: Path) -> None:
    """A lab without a reference or a stub cannot be proved."""
    of = lab(tmp_path)
    (of.folder / "solution.py").unlink()
    (of.folder / "stub.py").unlink()
    with pytest.raises(CourseError, match=r"^tiny/: solution\.py, stub\.py is missing$"):
        variants(of, SCHEMAS)


def test_a_lab_with_a_broken_mutant_has_no_variants(tmp_path: Path) -> None:
    """The mistake of one file is told for the lab that it belongs to."""
    of = lab(tmp_path)
    write(of.folder / "mutants/a.py", "def f(:\n")
    with pytest.raises(CourseError, match=r"^labs/tiny/mutants/a\.py:1: not valid Python: "):
        variants(of, SCHEMAS)


ONE = result(name="test_one", paper="tiny")
TWO = result(name="test_two", paper="tiny")
LOST = replace(TWO, verdict=Verdict.WRONG, points=TWO.points and TWO.points * 0, reason="no rows")
RAISED = replace(LOST, verdict=Verdict.STUDENT_ERROR, reason="boom")
EMPTY = replace(LOST, verdict=Verdict.UNANSWERED, reason="not written")
BROKE = replace(TWO, verdict=Verdict.GRADER_FAULT, points=None, reason="checks.py:3: KeyError: 'a'")

REFERENCE = Variant("solution", "", None, Path("solution.py"))
MUTANT = Variant("mutants/m", "", frozenset({"test_two"}), Path("m.py"))
STUB = Variant("stub", "", frozenset(NAMES), Path("stub.py"))


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


def test_a_quick_proof_has_mutants_that_fail_much() -> None:
    """After the one that fails the most, those that fail the most of what is left."""
    alternative = Variant("alternatives/a", "", None, Path("a.py"))
    fails = {"a": "x", "b": "xyz", "c": "xy", "d": "vw"}
    mutants = [replace(MUTANT, name=f"mutants/{n}", fails=frozenset(f)) for n, f in fails.items()]
    chosen = few([REFERENCE, STUB, alternative, *mutants])
    assert [v.name for v in chosen] == ["solution", "stub", "mutants/b", "mutants/d"]
    assert FEW_MUTANTS == 2
    assert few([REFERENCE, STUB, mutants[0]]) == [REFERENCE, STUB, mutants[0]]
