"""Submission folders: whatever lies in them, a grade; and a sound paper keeps its own."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given

from grader.course.submission import find_submissions
from grader.errors import SubmissionError
from tests.properties import promises
from tests.properties.profile import quick
from tests.properties.trees import SHUT, SOUND, Plan, arguments, build, plans

pytestmark = pytest.mark.timeout(120)


@quick(70)
@given(plans())
def test_any_folder_is_graded(plan: Plan) -> None:
    """Links, devices, holes, locked files, names that break terminals: a grade, clean reports."""
    promises.tree(plan)


@quick(50)
@given(plans(kept=True))
def test_a_sound_paper_keeps_its_grade(plan: Plan) -> None:
    """What lies beside it changes nothing about it."""
    promises.neighbour(plan)


@quick(100)
@given(arguments)
def test_any_argument_is_found_or_refused(text: str) -> None:
    """`--submission` of anything: folders, or a message on what was looked for."""
    promises.argument(text)


def test_an_argument_too_long_for_a_path_names_nothing() -> None:
    """What the file system calls an error is a message here."""
    with pytest.raises(SubmissionError, match="no submission"):
        find_submissions("x" * 5000, promises.course(), promises.course())


@pytest.mark.parametrize("argument", ["ann", "."])
def test_an_unreadable_folder_is_named(argument: str) -> None:
    """Nobody is left out of a class in silence: the run says which folder cannot be read."""
    with tempfile.TemporaryDirectory() as folder, promises.ordinary_user(Path(folder)):
        root = Path(folder)
        build(Plan("ann", (*SOUND, SHUT)), root)
        with pytest.raises(SubmissionError, match="ann cannot be read: Permission denied; make"):
            find_submissions(argument, root, root)
        (root / "ann").chmod(0o700)


@pytest.mark.parametrize(
    "name", ["\u674e\u3000\u96f7", "\u0645\u06cc\u200c\u062e\u0648", "A B", "b.c"]
)
def test_names_of_any_script_are_taken(tmp_path: Path, name: str) -> None:
    """Also with a wide space, or the joiners that Persian writes."""
    made = build(Plan(name, SOUND), tmp_path)
    assert find_submissions(name, tmp_path, tmp_path) == [made]
