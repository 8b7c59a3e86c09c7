"""`grader doctor`: what it tells, and that a sandbox that does not hold is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from grader import doctor
from grader.cli import main
from grader.doctor import Finding
from grader.errors import CourseError, ProvisionError, SandboxFault
from grader.labs import walls
from grader.labs.walls import Wanted
from grader.sandbox import landlock
from grader.sandbox.interface import TIERS, Tier


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> set[Tier]:
    """The tiers that work; a test may take some away. All hold."""
    found: set[Tier] = {"full", "bwrap", "landlock"}

    def opened(wanted: Wanted) -> Any:
        if wanted.tier in found:
            return SimpleNamespace(tier=wanted.tier)
        told = f"no sandbox works here:\n  {wanted.tier}: it is not there; to have it, try"
        raise ProvisionError(told)

    monkeypatch.setattr(doctor, "open_sandbox", opened)
    monkeypatch.setattr(doctor, "holes", lambda _: {})
    return found


def sandbox(minimum: Tier = "landlock") -> Finding:
    """The finding that decides."""
    return {f.what: f for f in doctor._tiers(minimum)}["sandbox"]


def test_the_best_tier_is_tried(works: set[Tier]) -> None:
    """Each tier has its line, and the sandbox is the strongest that works."""
    found = {f.what: f for f in doctor._tiers("landlock")}
    assert [found[t].ok for t in TIERS[:-1]] == [True] * 3
    assert found["sandbox"].ok
    assert found["sandbox"].found.startswith("full, tried: files, ")
    works.remove("full")
    missing = {f.what: f for f in doctor._tiers("landlock")}["full"]
    assert (missing.found, missing.needed) == ("it is not there", False)
    assert "run as root" in missing.mend
    assert sandbox().found.startswith("bwrap, tried: ")


def test_what_does_not_hold_is_not_usable(
    works: set[Tier], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A promise that is not kept is told, and the machine is not usable."""
    monkeypatch.setattr(doctor, "holes", lambda _: {"packets": "sending one works"})
    found = sandbox()
    assert (found.ok, found.needed) == (False, True)
    assert found.found == (
        "full does not hold: a lab cannot send UDP, so cannot ask for names: sending one works"
    )


def test_what_cannot_be_tried_is_not_usable(
    works: set[Tier], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A probe that does not start proves nothing."""

    def broken(_: object) -> dict[str, str]:
        raise SandboxFault("no lab")

    monkeypatch.setattr(doctor, "holes", broken)
    found = sandbox()
    assert (found.ok, found.needed) == (False, True)
    assert "could not be tried: no lab" in found.found


def test_a_sandbox_below_the_minimum_is_none(works: set[Tier]) -> None:
    """What the course does not allow does not count, however well it works."""
    works -= {"full", "bwrap"}
    assert sandbox().ok
    found = sandbox("bwrap")
    assert not found.ok
    assert found.found == "landlock is weaker than the least that is allowed here, bwrap"
    assert "user namespaces" in found.mend


def test_no_sandbox_at_all(works: set[Tier]) -> None:
    """The last resort is named with its condition."""
    works.clear()
    found = sandbox()
    assert (found.ok, found.found) == (False, "none works here")
    assert "--i-trust-this-code" in found.mend


def test_more_temporary_ports_than_usual_are_told(
    works: set[Tier], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With landlock they are what a lab can connect to; with a network of its own they are not."""
    monkeypatch.setattr(landlock, "ephemeral_ports", lambda: (1024, 65_535))
    assert "ports" not in {f.what for f in doctor._tiers("landlock")}
    works -= {"full", "bwrap"}
    found = {f.what: f for f in doctor._tiers("landlock")}["ports"]
    assert (found.ok, found.needed) == (False, False)


@pytest.mark.parametrize(
    ("text", "tier"),
    [
        (None, None),
        ("[project]\nname = 'x'\n", None),
        ("[tool.pytest]\ngrader_min_sandbox = 'full'\n", "full"),
        ("[tool.pytest.ini_options]\ngrader_min_sandbox = 'bwrap'\n", "bwrap"),
    ],
)
def test_the_minimum_is_the_courses(tmp_path: Path, text: str | None, tier: Tier | None) -> None:
    """It is read where pytest reads it; it may say nothing."""
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    assert walls.minimum(tmp_path) == tier


@pytest.mark.parametrize("text", ["[tool.pytest]\ngrader_min_sandbox = 'most'\n", "[", "tool = 1"])
def test_a_wrong_setting_is_told(tmp_path: Path, text: str) -> None:
    """A minimum that is none is an error of the course's."""
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CourseError, match=r"grader_min_sandbox|pyproject\.toml: cannot be read"):
        walls.minimum(tmp_path)


@pytest.mark.parametrize(
    ("secret", "ok"), [("x", True), ("", False)], ids=["a secret", "no secret"]
)
def test_a_course_without_a_secret_is_warned(secret: str, ok: bool) -> None:
    """It can be graded, but its hidden data can be computed."""
    found = doctor._secret(secret)
    assert (found.ok, found.needed) == (ok, False)


@pytest.mark.parametrize(("needed", "status"), [(True, 1), (False, 0)])
def test_the_exit_status_is_whether_it_is_usable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, needed: bool, status: int
) -> None:
    """Only what is needed decides; costs and mend are told either way."""

    def examine(minimum: Tier, secret: str | None) -> Iterator[Finding]:
        assert (minimum, secret) == ("landlock", None)
        yield Finding("java", False, "none", "labs", "install one", needed=needed)

    monkeypatch.setattr(doctor, "examine", examine)
    result = CliRunner().invoke(main, ["doctor", "--root", str(tmp_path)])
    assert result.exit_code == status
    assert "MISS  java       none" in result.stdout
    assert "mend:  install one" in result.stdout


@pytest.mark.parametrize("lacking", [0, 3])
def test_jars_that_only_kafka_needs_are_not_needed(
    monkeypatch: pytest.MonkeyPatch, lacking: int
) -> None:
    """A course without Kafka never fetches them: no machine is unusable for it."""
    monkeypatch.setattr(doctor, "locked", lambda _: [None] * 4)
    monkeypatch.setattr(doctor, "missing", lambda _: [None] * lacking)
    found = doctor._kafka_jars()
    assert found.ok or not found.needed
    assert found.ok is not bool(lacking)
    assert found.found.startswith("3 of 4 are not in" if lacking else "4 in")
