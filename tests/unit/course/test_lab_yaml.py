"""`grader.course.labs`: `labs/<id>/lab.yaml`."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from grader.core.model import Budgets, LabSpec
from grader.course.labs import lab_folders, load_lab
from tests.builders import schemas, write

LAB = """\
id: my-lab
title: My lab
domain: storage
topics: [tables, files]
points: 7/2
summary: Do it.
runtime: [spark]
"""


def told(root: Path, text: str) -> list[str]:
    """What is wrong with a `lab.yaml` of this text; it is then not loaded."""
    write(root / "labs/my-lab/lab.yaml", text)
    spec, doc = load_lab(root / "labs/my-lab", schemas())
    assert (spec is None) is bool(doc.flaws)
    return [f.render(root) for f in doc.flaws]


def test_a_definition_is_loaded_without_its_checks(tmp_path: Path) -> None:
    """Points are exact, budgets have defaults, and checks come later."""
    write(tmp_path / "my-lab/lab.yaml", LAB)
    spec, doc = load_lab(tmp_path / "my-lab", schemas())
    assert doc.flaws == []
    assert spec == LabSpec(
        id="my-lab",
        title="My lab",
        domain="storage",
        topics=("tables", "files"),
        points=Fraction(7, 2),
        summary="Do it.",
        runtime=("spark",),
        budgets=Budgets(run=120.0, call=60.0, memory=4096, output=256),
        checks=(),
    )


def test_budgets_may_be_given_in_part(tmp_path: Path) -> None:
    """What is not given keeps its default."""
    write(tmp_path / "my-lab/lab.yaml", LAB + "budgets: {run: 1.5, memory: 512}\n")
    spec, _ = load_lab(tmp_path / "my-lab", schemas())
    assert spec is not None
    assert spec.budgets == Budgets(run=1.5, call=60.0, memory=512, output=256)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "id: my-lab",
            "id: other",
            "labs/my-lab/lab.yaml:1:5: other: the id must be the folder's name (my-lab)",
        ),
        (
            "[spark]",
            "[sparc]",
            "labs/my-lab/lab.yaml:7:11: my-lab: `0`: must be one of spark, mlflow, "
            "feature-store, workspace, kafka (got 'sparc'); did you mean 'spark'?",
        ),
        ("topics: [tables, files]\n", "", "labs/my-lab/lab.yaml:1:1: my-lab: `topics` is missing"),
        ("[tables, files]", "[]", "labs/my-lab/lab.yaml:4:9: my-lab: `topics`: must not be empty"),
        (
            "title:",
            "titel:",
            "labs/my-lab/lab.yaml:2:1: my-lab: unknown key `titel`; did you mean 'title'?",
        ),
        (
            "summary: Do it.",
            "summary: Do it.\nsummary: Again.",
            "labs/my-lab/lab.yaml:7:1: `summary` stands here and already in line 6; keep one",
        ),
        (
            "summary: Do it.",
            "summary: Do it.\nbudgets: {run: 0}",
            "labs/my-lab/lab.yaml:7:16: my-lab: `run`: must be more than 0",
        ),
        (
            "summary: Do it.",
            "summary: Do it.\nbudgets: {memory: 1}",
            "labs/my-lab/lab.yaml:7:19: my-lab: `memory`: must be at least 64",
        ),
        (
            "summary: Do it.",
            "summary: Do it.\nbudgets: {seconds: 1}",
            "labs/my-lab/lab.yaml:7:11: my-lab: `budgets`: unknown key `seconds`; "
            "known here: run, call, memory, cpu, processes, disk, files, open_files, output",
        ),
    ],
)
def test_a_flawed_definition_is_not_loaded(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    """Each flaw has its place, and a lab with any is no lab."""
    assert message in told(tmp_path, LAB.replace(old, new))


@pytest.mark.parametrize("points", ["-1", "1.5", "7/0", "seven", "1/2/3", "''"])
def test_points_must_be_an_exact_fraction(tmp_path: Path, points: str) -> None:
    """Neither floats nor negative or impossible numbers are points."""
    (told_,) = told(tmp_path, LAB.replace("points: 7/2", f"points: {points}"))
    assert told_.startswith("labs/my-lab/lab.yaml:5:9: my-lab: `points`: ")


def test_labs_are_folders_with_a_definition(tmp_path: Path) -> None:
    """In the order of their names; other folders and files are no labs."""
    for name in ("b-lab", "a-lab"):
        write(tmp_path / name / "lab.yaml", "")
    write(tmp_path / "notes/readme.md", "")
    write(tmp_path / "lab.yaml", "")
    assert lab_folders(tmp_path) == [tmp_path / "a-lab", tmp_path / "b-lab"]
    assert lab_folders(tmp_path / "none") == []
