"""The course's secret, and the seeds of hidden data that come of it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.course.course import SECRET, Course
from grader.errors import CourseError
from grader.labs.load import LoadedLab
from grader.labs.session import LabSession, seed_of
from tests.builders import lab_spec, write


@pytest.fixture(autouse=True)
def without_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have a secret."""
    monkeypatch.delenv(SECRET, raising=False)


def test_a_students_copy_has_none(tmp_path: Path) -> None:
    """Labs run there all the same, on other data."""
    assert Course(tmp_path).secret == ""


def test_it_is_read_from_beside_the_keys(tmp_path: Path) -> None:
    """Without the newline that editors leave."""
    write(tmp_path / "bank/keys/secret.txt", "  of the file\n")
    assert Course(tmp_path).secret == "of the file"


def test_the_variable_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty one counts as none, as CI systems pass what is not set."""
    write(tmp_path / "bank/keys/secret.txt", "of the file")
    monkeypatch.setenv(SECRET, "of the variable")
    assert Course(tmp_path).secret == "of the variable"
    monkeypatch.setenv(SECRET, "")
    assert Course(tmp_path).secret == "of the file"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b""])
def test_a_file_that_says_nothing_is_none(tmp_path: Path, content: bytes) -> None:
    """Neither bytes that are no text nor nothing."""
    write(tmp_path / "bank/keys/secret.txt", content)
    assert Course(tmp_path).secret == ""


def test_a_folder_in_its_place_is_none(tmp_path: Path) -> None:
    """Whatever cannot be read."""
    (tmp_path / "bank/keys/secret.txt").mkdir(parents=True)
    assert Course(tmp_path).secret == ""


def test_a_seed_depends_on_secret_and_lab_alone() -> None:
    """The same in every run, another for another lab or secret, and it tells nothing of it."""
    seed = seed_of("secret", "one")
    assert seed == seed_of("secret", "one") == "c021e3e00c025180003a8261f702091c"
    assert len({seed, seed_of("secret", "two"), seed_of("other", "one"), seed_of("", "one")}) == 4
    assert re.fullmatch("[0-9a-f]{32}", seed)


class Nowhere:
    """A station that only has folders."""

    def cpu_seconds(self) -> float:
        """Nothing was done."""
        return 0.0

    def enter(self, lab: str) -> Path:
        """Any folder."""
        return Path("/nowhere") / lab


Make = Callable[[random.Random], Any]


def session(make: Make | None, seed: str, folder: Path = Path()) -> LabSession:
    """A lab with this `make` that is about to run."""
    station: Any = Nowhere()
    return LabSession(LoadedLab(lab_spec(), folder, {}, make), "labs/tiny.py", station, seed)


def test_a_labs_data_is_the_seeds() -> None:
    """The same for every student and every regrade."""

    def make(rng: random.Random) -> dict[str, Any]:
        return {"rows": [rng.random() for _ in range(5)]}

    assert session(make, "a").data == session(make, "a").data
    assert session(make, "a").data != session(make, "b").data
    assert session(None, "a").data == {}


@pytest.mark.parametrize("data", [{"day": object()}, {"x": float("nan")}, {("a", "b"): 1}])
def test_data_that_cannot_cross_the_wall_is_a_flaw_of_the_course(data: Any) -> None:
    """Which file, and why."""
    with pytest.raises(CourseError, match=r"^labs/tiny/fixture\.py: make\(rng\) must return JSON"):
        session(lambda _: data, "a")


def test_a_fixture_may_declare_its_encoding(tmp_path: Path) -> None:
    """As any Python file may; it crosses the wall as text."""
    text = "# -*- coding: latin-1 -*-\nname = 'Zürich'\n"
    write(tmp_path / "fixture.py", text.encode("latin-1"))
    assert session(None, "a", tmp_path)._settings()["fixture"] == text
