"""`grader.labs.load`: a lab's checks and fixture, and how an author is told what is wrong."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from grader.core.model import CheckSpec
from grader.course.labs import lab_folders, load_lab
from grader.errors import CourseError
from grader.labs.load import LoadedLab, load_labs, load_one, misplaced
from tests.builders import ROOT, bank, lab_spec, own_bank, schemas, write

LAB = """\
id: {id}
title: My lab
domain: storage
topics: [tables, files]
points: 3
summary: Do it.
runtime: []
"""
CHECKS = '''\
"""Checks."""
from grader.labs import Lab, points


@points(2, hint="Look at the table.")
def test_table(lab: Lab) -> None:
    """It is there."""
    assert lab.value("table", returns=str) == "rides"


@points("1/2", hint="Look at the files.", topic="files")
def test_files(lab: Lab) -> None:
    assert lab.files("*.csv")


@points("1/2", hint="Look again.")
def test_again(lab: Lab) -> None:
    helper()


def helper() -> None:
    """Not a check."""
'''
FIXTURE = """\
def make(rng):
    return {"number": rng.random()}


def prepare(data, inputs):
    raise AssertionError("only inside the wall")
"""


@pytest.fixture(autouse=True)
def _forget_modules() -> Iterator[None]:
    """Lab modules are entered in `sys.modules`; tests leave none of them there."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("grader_lab_"):
            del sys.modules[name]


def lab(root: Path, checks: str = CHECKS, fixture: str = "", id_: str = "my-lab") -> Path:
    """A lab's folder."""
    folder = root / "labs" / id_
    write(folder / "lab.yaml", LAB.format(id=id_))
    write(folder / "checks.py", checks)
    if fixture:
        write(folder / "fixture.py", fixture)
    return folder


def told(folder: Path) -> str:
    """What an author is told."""
    with pytest.raises(CourseError) as caught:
        load_one(folder, schemas())
    return str(caught.value)


def test_checks_are_known_before_they_run(tmp_path: Path) -> None:
    """Names in the order of the file, points, hints and topics; the first topic is the default."""
    loaded = load_one(lab(tmp_path), schemas())
    assert loaded.spec.checks == (
        CheckSpec("test_table", Fraction(2), "Look at the table.", "tables"),
        CheckSpec("test_files", Fraction(1, 2), "Look at the files.", "files"),
        CheckSpec("test_again", Fraction(1, 2), "Look again.", "tables"),
    )
    assert list(loaded.checks) == ["test_table", "test_files", "test_again"]
    assert (loaded.make, loaded.fixture) == (None, None)


def test_a_fixture_makes_data_on_the_host(tmp_path: Path) -> None:
    """`make` is called here with a generator; `prepare` is only a file for the other side."""
    folder = lab(tmp_path, fixture=FIXTURE)
    loaded = load_one(folder, schemas())
    assert loaded.make is not None
    assert loaded.make(random.Random(1)) == loaded.make(random.Random(1))
    assert loaded.fixture == folder / "fixture.py"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '@points(2, hint="Look at the table.")\n',
            "",
            "my-lab/checks.py:5: test_table: is not marked with @points(...)",
        ),
        (
            "def test_table(lab: Lab)",
            "def test_table(lab: Lab, other: int)",
            "my-lab/checks.py:5: test_table: must take exactly one argument, `lab`",
        ),
        (
            "def test_table(lab: Lab)",
            "def test_table()",
            "my-lab/checks.py:5: test_table: must take exactly one argument, `lab`",
        ),
        (
            'topic="files"',
            'topic="endpoints"',
            "my-lab/checks.py:11: test_files: 'endpoints' is none of the lab's topics",
        ),
        (
            "@points(2,",
            "@points(5,",
            "my-lab/lab.yaml:5: points is 3, and the checks add up to 6",
        ),
        (
            "def test_again",
            "def again",
            "my-lab/lab.yaml:5: points is 3, and the checks add up to 5/2",
        ),
        (
            "@points(2,",
            "@points(0,",
            "my-lab/checks.py:5: ValueError: points must be more than 0 (got 0)",
        ),
        (
            'hint="Look again."',
            'hint=""',
            "my-lab/checks.py:16: ValueError: a check needs a hint: "
            "what should the student look at?",
        ),
        (
            "def helper()",
            "1 / 0\ndef helper()",
            "my-lab/checks.py:21: ZeroDivisionError: division by zero",
        ),
        (
            "from grader.labs",
            "import no_such_module\nfrom grader.labs",
            "my-lab/checks.py:2: ModuleNotFoundError: No module named 'no_such_module'",
        ),
        (
            "def helper() -> None:",
            "def helper( -> None:",
            "my-lab/checks.py:21: SyntaxError: invalid syntax (checks.py, line 21)",
        ),
    ],
)
def test_an_author_is_told_file_and_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Each mistake in `checks.py` is placed where it was made."""
    assert CHECKS.count(old) == 1
    assert told(lab(tmp_path, CHECKS.replace(old, new))) == message


def test_a_lab_needs_checks(tmp_path: Path) -> None:
    """Without `checks.py`, or without a check in it, nothing could be graded."""
    folder = lab(tmp_path, '"""None."""\n')
    assert told(folder) == "my-lab/lab.yaml:5: points is 3, and the checks add up to 0"
    (folder / "checks.py").unlink()
    assert told(folder) == "my-lab/checks.py: is missing"


@pytest.mark.parametrize(
    "fixture", ["x = 1\n", "def make(rng): return {}\n", "def prepare(): ...\n"]
)
def test_a_fixture_is_whole(tmp_path: Path, fixture: str) -> None:
    """A fixture makes data and prepares it; one without the other is a mistake."""
    assert told(lab(tmp_path, fixture=fixture)) == (
        "my-lab/fixture.py: must define make(rng) and prepare(...)"
    )


def test_a_broken_fixture_is_placed(tmp_path: Path) -> None:
    """An exception of the fixture's own is told with its line."""
    assert told(lab(tmp_path, fixture="x = 1\nx.y\n")) == (
        "my-lab/fixture.py:2: AttributeError: 'int' object has no attribute 'y'"
    )


def test_flaws_of_the_definition_come_first(tmp_path: Path) -> None:
    """Every flaw of `lab.yaml` is told, and no code of a lab with any is run."""
    folder = lab(tmp_path, "raise SystemExit\n")
    write(folder / "lab.yaml", LAB.format(id="other") + "zzz: 1\n")
    assert told(folder).splitlines() == [
        "labs/my-lab/lab.yaml:8:1: other: unknown key `zzz`; "
        "known here: id, title, domain, topics, points, summary, runtime, seconds, budgets"
    ]


@pytest.mark.parametrize(
    ("domain", "topics", "found"),
    [
        ("storage", ["tables", "files"], []),
        ("serving", ["endpoints"], []),
        ("storag", ["tables"], ["there is no domain 'storag'; did you mean 'storage'?"]),
        ("zzz", ["zzz"], ["there is no domain 'zzz'"]),
        (
            "storage",
            ["table", "files", "zzz"],
            [
                "the domain storage has no topic 'table'; did you mean 'tables'?",
                "the domain storage has no topic 'zzz'",
            ],
        ),
        ("storage", ["endpoints"], ["the domain storage has no topic 'endpoints'"]),
    ],
)
def test_a_lab_has_a_place_in_the_bank(domain: str, topics: list[str], found: list[str]) -> None:
    """Its domain is one of the bank's and its topics are that domain's own: else each is told."""
    spec = replace(lab_spec("my-lab"), domain=domain, topics=tuple(topics))
    assert misplaced(spec, bank()) == [f"labs/my-lab/lab.yaml: {f}" for f in found]


@pytest.mark.parametrize("folder", lab_folders(ROOT / "labs"), ids=lambda p: p.name)
def test_the_projects_own_labs_have_their_place(folder: Path) -> None:
    """The labs that are shipped belong to the bank that is."""
    spec, _ = load_lab(folder, schemas())
    assert spec is not None
    assert misplaced(spec, own_bank().bank) == []


def test_all_labs_are_loaded_by_id(tmp_path: Path) -> None:
    """In the order of their names."""
    lab(tmp_path, id_="b-lab")
    lab(tmp_path, id_="a-lab")
    loaded = load_labs(tmp_path / "labs", schemas())
    assert list(loaded) == ["a-lab", "b-lab"]
    assert all(isinstance(x, LoadedLab) for x in loaded.values())
    assert load_labs(tmp_path / "none", schemas()) == {}


def test_every_flawed_lab_is_named(tmp_path: Path) -> None:
    """One bad lab does not hide another."""
    lab(tmp_path, "x = \n", id_="a-lab")
    lab(tmp_path, id_="b-lab")
    lab(tmp_path, "1 / 0\n", id_="c-lab")
    with pytest.raises(CourseError) as caught:
        load_labs(tmp_path / "labs", schemas())
    assert str(caught.value).splitlines() == [
        "a-lab/checks.py:1: SyntaxError: invalid syntax (checks.py, line 1)",
        "c-lab/checks.py:1: ZeroDivisionError: division by zero",
    ]
