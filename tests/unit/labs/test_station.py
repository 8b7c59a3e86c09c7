"""`grader.labs.station`: the folders of one submission, and who works in them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader.errors import SandboxFault
from grader.labs import station as module
from grader.labs.station import READER, Engines, Station
from grader.sandbox import scratch
from grader.sandbox.interface import Limits, Plan, RoleName
from tests.unit.peers import Bare

LIMITS = Limits(cpu=7.0)
ENGINES = Engines(Path("/java"), [Path("/jars/a.jar")], None)


class FakeKeeper:
    """A keeper that only takes note."""

    made: list[FakeKeeper]

    def __init__(self, _: Any, plan: Plan, started: Callable[[str], None]) -> None:
        self.plan = plan
        self.started = started
        self.warmed: list[dict[str, Any]] = []
        self.lost = self.damage = ""
        self.usable = True
        self.closed = self.killed = 0
        self.breaks = False
        FakeKeeper.made.append(self)

    def warm(self, lab: dict[str, Any]) -> None:
        """Take note."""
        self.warmed.append(lab)

    def ran_out(self) -> str:
        """No limit."""
        return ""

    def cpu_seconds(self) -> float:
        """One, whatever is done."""
        return 1.0

    def kill(self) -> None:
        """Count."""
        self.killed += 1
        self.usable = False

    def close(self) -> None:
        """Count."""
        self.closed += 1
        if self.breaks:
            raise RuntimeError("it broke")


@pytest.fixture(autouse=True)
def keepers(monkeypatch: pytest.MonkeyPatch) -> list[FakeKeeper]:
    """The keepers that were made."""
    monkeypatch.setattr(FakeKeeper, "made", [], raising=False)
    monkeypatch.setattr(module, "Keeper", FakeKeeper)
    return FakeKeeper.made


@pytest.fixture
def station() -> Iterator[Station]:
    """A station for two labs."""
    made = Station(Bare(), ENGINES, ["one", "two"], ["spark"], LIMITS)
    yield made
    made.close()


def mode(path: Path) -> int:
    """The permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_folders_let_others_through_and_in() -> None:
    """Whoever runs a lab under another user id reads them, whatever our umask; nobody but us makes
    folders there."""
    before = os.umask(0o077)
    try:
        station = Station(Bare(), ENGINES, ["one", "two"], [], LIMITS)
    finally:
        os.umask(before)
    assert mode(station.home) == 0o711
    for name in ("submission", "labs", "labs/one", "labs/two"):
        assert mode(station.home / name) == 0o755
    station.close()


def test_a_lab_finds_an_empty_folder_under_the_one_name(station: Station) -> None:
    """Whatever others left in it before."""
    (station.home / "labs/two/planted").mkdir()
    for lab in ("one", "two", "one"):
        workspace = station.enter(lab)
        current = station.home / "labs/.current"
        assert workspace == station.home / "labs" / lab
        assert current.resolve() == workspace.resolve()
        assert list(workspace.iterdir()) == []
        (workspace / "file").touch()
        workspace.chmod(0)
        station.leave(lab)
        assert list(workspace.iterdir()) == []
        assert mode(workspace) == 0o755
    assert not station.spoilt


@pytest.mark.parametrize("lab", ["current", "next", "cache", "submission"])
def test_a_lab_may_have_any_name_that_a_lab_may_have(lab: str) -> None:
    """None of our own names is one."""
    station = Station(Bare(), ENGINES, [lab], [], LIMITS)
    assert station.enter(lab) == station.home / "labs" / lab
    station.close()


def test_who_dies_slowly_in_a_folder_is_waited_for(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processes of a wall that went down may still write for a moment."""
    empty, tries = scratch.empty, []

    def sometimes(path: Path) -> None:
        tries.append(path)
        if len(tries) < 3:
            raise SandboxFault("somebody writes")
        empty(path)

    monkeypatch.setattr(scratch, "empty", sometimes)
    station.enter("one")
    assert len(tries) == 3


def test_what_stays_for_good_spoils_the_station(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leaving is no fault, for the lab that left has its results; entering is."""

    def never(_: Path) -> None:
        raise SandboxFault("somebody writes")

    monkeypatch.setattr(module, "VANISH", 0.1)
    monkeypatch.setattr(scratch, "empty", never)
    station.leave("one")
    assert station.spoilt
    with pytest.raises(SandboxFault, match="somebody writes"):
        station.enter("one")


def test_a_submission_is_taken_in(station: Station, tmp_path: Path) -> None:
    """With its folders, where everybody can read it, whatever the copy's own mode was."""
    (tmp_path / "labs").mkdir()
    (tmp_path / "labs/one.py").write_text("x = 1")
    tmp_path.chmod(0o700)
    station.admit(tmp_path)
    assert (station.home / "submission/labs/one.py").read_text() == "x = 1"
    assert mode(station.home / "submission") == 0o755


def test_a_keeper_is_kept_as_long_as_it_can_be_used(
    station: Station, keepers: list[FakeKeeper]
) -> None:
    """A lost one is closed, and another takes its place: that is counted, with the reason."""
    first = station.keeper("runner")
    assert station.keeper("runner") is first
    keepers[0].usable = False
    keepers[0].lost = "Java has ended"
    assert station.keeper("runner") is not first
    keepers[1].usable = False
    station.keeper("runner")
    assert [k.closed for k in keepers] == [1, 1, 0]
    assert station.warmth.walls == {"runner": 3}
    assert station.warmth.replaced == ["runner: Java has ended", "runner: it has ended"]
    assert station.damage == []
    keepers[2].usable = False
    keepers[2].damage = "Java is strange"
    assert station.damage == ["the runner: Java is strange"]
    station.another("runner", SandboxFault("no answer"))
    assert station.damage == ["the runner: no answer"]
    assert station.cpu_seconds() == 4.0


def test_what_keepers_start_is_counted(station: Station, keepers: list[FakeKeeper]) -> None:
    """By role and by name; a station's JVMs are the runner's."""
    roles: tuple[RoleName, ...] = ("runner", "inspector")
    for role in roles:
        station.keeper(role)
    keepers[0].started("java")
    for keeper in keepers:
        keeper.started("imports: mlflow")
    assert station.warmth.jvms == 1
    assert station.warmth.started == {
        "runner: java": 1,
        "runner: imports: mlflow": 1,
        "inspector: imports: mlflow": 1,
    }
    station.close()
    station.close()
    assert station.warmth.as_json()["cpu_seconds"] == 2.0


def test_warming_up_starts_runner_and_inspector(
    station: Station, keepers: list[FakeKeeper]
) -> None:
    """With what a lab will want. A scorer is rarely wanted."""
    assert not station.java
    station.warm(["spark"])
    assert station.java
    assert [k.plan.role for k in keepers] == ["runner", "inspector"]
    assert [k.warmed for k in keepers] == [[{"runtime": ["spark"], "file": ""}]] * 2


def test_only_the_runner_writes_and_has_the_labs_limits(
    station: Station, keepers: list[FakeKeeper]
) -> None:
    """What reads has our own limits, and nothing of Java's."""
    roles: tuple[RoleName, ...] = ("runner", "inspector", "scorer")
    for role in roles:
        station.keeper(role)
    runner, *readers = (k.plan for k in keepers)
    assert (runner.workspace_writable, runner.limits) == (True, LIMITS)
    assert runner.settings["jars"] == ["/run/jars/a.jar"]
    for plan in readers:
        assert (plan.workspace_writable, plan.limits, plan.mounts) == (False, READER, ())
        assert plan.settings == {"runtime": ["spark"]}


def test_store_and_cache_are_mounted_if_there_are_any(keepers: list[FakeKeeper]) -> None:
    """What is not there is not named."""
    engines = Engines(Path("/java"), (), Path("/s.db"), Path("/c.aot"), train="_cache/made")
    station = Station(Bare(), engines, ["one"], [], LIMITS)
    station.keeper("runner")
    station.close()
    plan = keepers[0].plan
    assert {(str(m.outside), m.inside) for m in plan.mounts} == {
        ("/s.db", "/run/store"),
        ("/c.aot", "/run/cache"),
    }
    assert (plan.settings["store"], plan.settings["cache"]) == ("/run/store", "/run/cache")
    assert plan.settings["train"] == "_cache/made"


@pytest.mark.parametrize("runtime", [["spark"], ["kafka", "spark"]])
def test_kafkas_jars_are_there_for_labs_that_ask(
    keepers: list[FakeKeeper], runtime: list[str]
) -> None:
    """In a place of their own, with a cache of their own; else nothing of them."""
    engines = replace(ENGINES, broker=[Path("/jars/b.jar")], broker_cache=Path("/k.aot"))
    station = Station(Bare(), engines, ["one"], runtime, LIMITS)
    station.keeper("runner")
    station.close()
    settings = dict(keepers[0].plan.settings)
    mounted = [m.inside for m in keepers[0].plan.mounts]
    asked = "kafka" in runtime
    assert settings["jars"] == ["/run/jars/a.jar"]
    assert settings["broker"] == (["/run/kafka/b.jar"] if asked else [])
    assert settings.get("broker_cache", "") == ("/run/broker_cache" if asked else "")
    more = ["/run/broker_cache"] if asked else []
    assert mounted == [*settings["jars"], *settings["broker"], *more]


def test_closing_ends_everything_whatever_breaks(
    station: Station, keepers: list[FakeKeeper]
) -> None:
    """Each keeper gets its turn, the folders go, and closing again does nothing."""
    station.warm([])
    keepers[0].breaks = keepers[1].breaks = True
    with pytest.raises(RuntimeError, match="it broke"):
        station.close()
    assert [k.closed for k in keepers] == [1, 1]
    assert not station.home.exists()
    station.close()
    assert [k.closed for k in keepers] == [1, 1]


def test_folders_that_cannot_be_made_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of them is left."""
    discarded: list[Path] = []
    discard = scratch.discard

    def noted(path: Path) -> bool:
        discarded.append(path)
        return discard(path)

    monkeypatch.setattr(scratch, "discard", noted)
    with pytest.raises(SandboxFault, match="folders cannot be made"):
        Station(Bare(), ENGINES, ["one", "one"], [], LIMITS)
    assert [p.exists() for p in discarded] == [False]


def test_a_killed_station_has_no_keeper_any_more(
    station: Station, keepers: list[FakeKeeper]
) -> None:
    """Whoever works at it meets the end of what runs, and cannot begin anything else."""
    station.warm([])
    station.kill()
    assert [k.killed for k in keepers] == [1, 1]
    roles: tuple[RoleName, ...] = ("runner", "scorer")
    for role in roles:
        with pytest.raises(SandboxFault, match="was ended"):
            station.keeper(role)
    station.close()
    assert [k.closed > 0 for k in keepers] == [True] * 4
