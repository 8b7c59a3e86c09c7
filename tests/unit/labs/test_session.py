"""`grader.labs.session`: who is asked for a lab, and what another lab's doing may cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grader.errors import SandboxFault, StudentError
from grader.labs.load import LoadedLab
from grader.labs.session import LabSession
from grader.labs.station import READER
from grader.labs.warmth import Warmth
from grader.sandbox.interface import Limits
from tests.builders import lab_spec


class Guest:
    """A lab's process that answers its role."""

    output = "printed"

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        self.closed = 0

    def ready(self) -> None:
        """Get ready, or not."""
        if self.keeper.broken == "ready":
            raise SandboxFault("it did not get ready")

    def ask(self, op: str, timeout: float, **_: Any) -> Any:
        """Say who was asked."""
        if op == "run" and self.keeper.station.stops:
            raise StudentError("time: more than 1 s", "timeout")
        return f"{self.keeper.role} {self.keeper.number}"

    def close(self) -> None:
        """Count, and break if it is to."""
        self.closed += 1
        if self.keeper.station.breaks:
            raise RuntimeError("it broke")


class Keeper:
    """A keeper that may fail to begin a lab, and may have had other labs before."""

    def __init__(self, station: Station, role: str, number: int, broken: str, fresh: bool) -> None:
        self.station, self.role, self.number = station, role, number
        self.broken, self.fresh = broken, fresh
        self.limits: list[Limits] = []

    def warm(self, lab: Any) -> None:
        """Take note."""
        self.station.done.append(f"warm {self.role}: {lab['file']}")

    def open(self, settings: Any, limits: Limits) -> Guest:
        """Begin a lab, or not."""
        self.limits.append(limits)
        if self.broken == "open":
            raise SandboxFault("it cannot be opened")
        self.station.guests.append(Guest(self))
        return self.station.guests[-1]


class Station:
    """A station whose runners are as the test says: what is broken, and whether it is fresh."""

    def __init__(self, folder: Path, *runners: tuple[str, bool]) -> None:
        self._folder = folder
        self._runners = list(runners) or [("", True)]
        self.guests: list[Guest] = []
        self.keepers: list[Keeper] = []
        self.done: list[str] = []
        self.stops = self.breaks = False
        self.warmth = Warmth()
        self.cold = False

    def cpu_seconds(self) -> float:
        """Two more at each look."""
        self.done.append("look")
        return 2.0 * self.done.count("look")

    def enter(self, lab: str) -> Path:
        """Take note."""
        self.done.append(f"enter {lab}")
        return self._folder

    def leave(self, lab: str) -> None:
        """Take note."""
        self.done.append(f"leave {lab}")

    def another(self, role: str, error: SandboxFault) -> Keeper:
        """The next one, too."""
        self.done.append(f"another {role}: {error}")
        return self.keeper(role)

    def keeper(self, role: str) -> Keeper:
        """The next one."""
        broken, fresh = self._runners.pop(0) if role == "runner" else ("", True)
        self.keepers.append(Keeper(self, role, len(self.keepers), broken, fresh))
        return self.keepers[-1]


def session(station: Any) -> LabSession:
    """A session of the tiny lab."""
    return LabSession(LoadedLab(lab_spec(), Path(), {}, None), "labs/tiny.py", station, "seed")


def test_a_lab_runs_and_is_left(tmp_path: Path) -> None:
    """Its folder is made empty before and after; each role is begun once and let go once."""
    station = Station(tmp_path)
    with session(station) as lab:
        lab.run()
        assert lab.stopped == ""
        assert lab.ask("runner", "call") == lab.ask("runner", "call") == "runner 1"
        assert str(lab.ask("inspector", "files")).startswith("inspector")
        assert lab.printed == "printed"
    due = ["look", "enter tiny", "warm inspector: labs/tiny.py", "look", "leave tiny"]
    assert station.done == due
    assert [g.closed for g in station.guests] == [1, 1]
    (cost,) = station.warmth.labs
    assert (cost.lab, cost.cpu_seconds, cost.spark_jobs, cost.warm) == ("tiny", 2.0, None, True)
    limits = {k.role: one for k in station.keepers for one in k.limits}
    assert limits["inspector"] == READER
    assert limits["runner"] != READER


def test_what_stops_the_file_is_no_end_of_the_lab(tmp_path: Path) -> None:
    """The checks are run all the same."""
    station = Station(tmp_path)
    station.stops = True
    with session(station) as lab:
        lab.run()
        assert lab.stopped == "time: more than 1 s"


@pytest.mark.parametrize("broken", ["open", "ready"])
def test_another_labs_damage_costs_another_keeper(tmp_path: Path, broken: str) -> None:
    """Not this lab: it begins once more, in an empty folder."""
    station = Station(tmp_path, (broken, False), ("", True))
    with session(station) as lab:
        lab.run()
        assert lab.ask("runner", "call") == "runner 2"
    why = {"open": "it cannot be opened", "ready": "it did not get ready"}[broken]
    assert [d for d in station.done if ("tiny" in d and "warm" not in d) or "another" in d] == [
        "enter tiny",
        "enter tiny",
        f"another runner: {why}",
        "leave tiny",
    ]


@pytest.mark.parametrize("runners", [[("open", True)], [("ready", True)], [("open", False)] * 2])
def test_a_fresh_keeper_that_fails_is_a_fault(
    tmp_path: Path, runners: list[tuple[str, bool]]
) -> None:
    """As is a second one: nobody tries for ever."""
    station = Station(tmp_path, *runners)
    with session(station) as lab, pytest.raises(SandboxFault):
        lab.run()
    assert station.done[-1] == "leave tiny"


def test_what_no_honest_lab_leaves_is_not_read(tmp_path: Path) -> None:
    """It is told, and held against the lab; the runner may still be asked."""
    (tmp_path / "link").symlink_to("/etc")
    with session(Station(tmp_path)) as lab:
        lab.run()
        for role in ("inspector", "scorer"):
            with pytest.raises(StudentError, match=r"left what is not read: .* a link: link"):
                lab.ask(role, "files")
        assert lab.ask("runner", "call") == "runner 1"


def test_closing_goes_on_whatever_breaks(tmp_path: Path) -> None:
    """Every guest is let go, and the folder emptied."""
    station = Station(tmp_path)
    station.breaks = True
    lab = session(station)
    lab.run()
    lab.ask("inspector", "files")
    with pytest.raises(RuntimeError, match="it broke"):
        lab.close()
    assert [g.closed for g in station.guests] == [1, 1]
    assert station.done[-1] == "leave tiny"
