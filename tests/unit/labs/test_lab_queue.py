"""`grader.labs.lab_queue`: the labs of one submission, some of them side by side; nothing runs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader.core.verdict import Verdict
from grader.errors import SandboxFault
from grader.labs import lab_queue as module
from grader.labs import pool as pool_module
from grader.labs.lab import Lab
from grader.labs.lab_queue import LabQueue
from grader.labs.load import LoadedLab
from grader.labs.pool import Pool
from grader.labs.station import Engines
from tests.builders import lab_spec
from tests.unit.peers import Bare

IDS = [f"lab-{n}" for n in range(8)]


class Station:
    """A station that only takes note."""

    def __init__(self, *_: Any) -> None:
        self.labs: list[str] = []
        self.admitted: list[Path] = []
        self.killed = threading.Event()
        self.closed = 0
        self.spoilt = False
        self.java = False
        Station.made.append(self)

    made: list[Station]

    def warm(self, runtime: list[str]) -> None:
        """Nothing is to be warmed."""

    def admit(self, folder: Path) -> None:
        """Take note."""
        self.admitted.append(folder)

    def kill(self) -> None:
        """Let who waits go on."""
        self.killed.set()

    def close(self) -> None:
        """Count."""
        self.closed += 1


class Session:
    """A lab whose file does what `acts` says."""

    acts: dict[str, Callable[[Station], object]]
    gate: threading.Event

    def __init__(self, lab: LoadedLab, file: str, station: Station, seed: str) -> None:
        self.lab, self.station, self.file, self.seed = lab, station, file, seed
        self.data: dict[str, Any] = {}
        self.answers: dict[str, Any] = {}
        self.stopped = ""

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.station.labs.append(self.lab.spec.id)

    def start(self) -> None:
        """Wait until the test has asked for all labs."""
        assert Session.gate.wait(5)

    def run(self) -> None:
        """Do what the test says."""
        assert self.file == f"labs/{self.lab.spec.id}.py"
        if act := Session.acts.get(self.lab.spec.id):
            act(self.station)


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stations and sessions that run nothing, on a machine with two cores."""
    monkeypatch.setattr(Station, "made", [], raising=False)
    monkeypatch.setattr(Session, "acts", {}, raising=False)
    monkeypatch.setattr(Session, "gate", threading.Event(), raising=False)
    monkeypatch.setattr(pool_module, "Station", Station)
    monkeypatch.setattr(pool_module, "free_memory", lambda: 64 << 30)
    monkeypatch.setattr(module, "LabSession", Session)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


@pytest.fixture
def pool() -> Iterator[Pool]:
    """A pool of two stations."""
    made = Pool(Bare(), Engines(Path("/java"), (), None), [lab_spec(i) for i in IDS])
    yield made
    made.close()


def lab(id_: str) -> LoadedLab:
    """A lab whose one check holds."""

    def holds(_: Lab) -> None:
        pass

    return LoadedLab(lab_spec(id_, {"test_one": "1"}), Path("labs", id_), {"test_one": holds}, None)


def queue(pool: Pool, *ids: str, more: bool = False) -> LabQueue:
    """A queue with these labs."""
    made = LabQueue(pool, Path("/copy"), more=more)
    add(made, *ids)
    Session.gate.set()
    return made


def add(to: LabQueue, *ids: str) -> None:
    """Have these labs run, too."""
    to.add((lab(id_), Path("/copy/labs", f"{id_}.py"), "seed") for id_ in ids)


def verdict(of: LabQueue, id_: str) -> Verdict:
    """The verdict of a lab's check."""
    (result,) = of.ran(id_).results
    assert result.paper == id_
    return result.verdict


def test_two_labs_run_at_once_and_share_no_station(pool: Pool) -> None:
    """Each waits for the other here; a third has a station that is free again."""
    both = threading.Barrier(2, timeout=5)
    Session.acts = dict.fromkeys(IDS[:2], lambda _: both.wait())
    made = queue(pool, *IDS[:3])
    assert [verdict(made, i) for i in IDS[:3]] == [Verdict.CORRECT] * 3
    made.close()
    assert sorted(i for s in Station.made for i in s.labs) == IDS[:3]
    assert len(Station.made) == 2
    assert [s.admitted for s in Station.made] == [[Path("/copy")]] * 2
    assert [s.closed for s in Station.made] == [1, 1]


def test_a_lab_runs_once(pool: Pool) -> None:
    """However often it is asked for."""
    made = queue(pool, *IDS[:4], *IDS[:4])
    ran = [made.ran(i) for i in IDS[:4]]
    assert [made.ran(i) for i in IDS[:4]] == ran
    made.close()
    assert sorted(i for s in Station.made for i in s.labs) == IDS[:4]


@pytest.mark.parametrize("how", ["raises", "spoils"])
def test_a_station_in_doubt_serves_no_other_lab(pool: Pool, how: str) -> None:
    """A failure of ours is a fault of that lab alone."""

    def act(station: Station) -> None:
        station.spoilt = True
        if how == "raises":
            raise ValueError("ours")

    Session.acts = {IDS[0]: act}
    made = queue(pool, IDS[0])
    expected = Verdict.GRADER_FAULT if how == "raises" else Verdict.CORRECT
    assert verdict(made, IDS[0]) is expected
    assert [s.closed for s in Station.made] == [1]
    add(made, IDS[1])
    assert verdict(made, IDS[1]) is Verdict.CORRECT
    made.close()
    assert [s.closed for s in Station.made] == [1, 1]


def test_a_station_that_cannot_be_made_is_a_fault(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told as what it is."""

    def fail(*_: Any) -> None:
        raise SandboxFault("no wall")

    monkeypatch.setattr(pool_module, "Station", fail)
    made = queue(pool, IDS[0])
    (result,) = made.ran(IDS[0]).results
    assert (result.verdict, result.reason) == (Verdict.GRADER_FAULT, "no wall")
    made.close()


def test_closing_in_the_middle_ends_labs_and_begins_no_other(pool: Pool) -> None:
    """What a lab met then was its end: it has no score, whatever its checks say."""
    begun = threading.Barrier(3, timeout=5)

    def act(station: Station) -> None:
        begun.wait()
        assert station.killed.wait(5)

    Session.acts = dict.fromkeys(IDS[:2], act)
    made = queue(pool, *IDS)
    begun.wait()
    made.close()
    assert sorted(i for s in Station.made for i in s.labs) == IDS[:2]
    assert all(s.closed for s in Station.made)
    for id_ in IDS[:2]:
        (result,) = made.ran(id_).results
        assert (result.verdict, result.reason) == (Verdict.GRADER_FAULT, "interrupted")
        assert result.points is None


def test_who_gave_up_waiting_does_not_wait_again(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check that never ends costs one limit of pytest's, and closing does not hang on it."""
    forever = threading.Event()
    Session.acts = {IDS[0]: lambda _: forever.wait(30)}
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    made = queue(pool, IDS[0])
    job = made._jobs[IDS[0]].future

    class Limit(BaseException):
        """What a time limit raises while somebody waits."""

    with monkeypatch.context() as patched:
        patched.setattr(job, "result", lambda: (_ for _ in ()).throw(Limit()))
        with pytest.raises(Limit):
            made.ran(IDS[0])
    with pytest.raises(SandboxFault, match="given up"):
        made.ran(IDS[0])
    made.close()
    forever.set()


@pytest.mark.parametrize("more", [False, True])
def test_the_next_submissions_engines_start_when_all_labs_have_begun(
    pool: Pool, more: bool
) -> None:
    """Not before: cores and memory are theirs until then."""
    first = threading.Event()
    seen: list[int] = []
    Session.acts = dict.fromkeys(IDS[1:4], lambda _: seen.append(len(Station.made)))
    Session.acts[IDS[0]] = lambda _: first.wait(5)
    made = queue(pool, *IDS[:4], more=more)
    assert [verdict(made, i) for i in IDS[1:4]] == [Verdict.CORRECT] * 3
    first.set()
    assert verdict(made, IDS[0]) is Verdict.CORRECT
    assert seen[1:] == [2, 3 if more else 2]
    made.close()


#: Seconds of each lab by its author; those with a JVM begin with `s`.
SECONDS = {"s1": 9.0, "m1": 4.0, "m2": 4.0, "s2": 9.0, "m3": 4.0, "s3": 9.0, "m4": 4.0, "s4": 9.0}


def timed(id_: str) -> LoadedLab:
    """A lab with Spark or without, which takes what is said above."""
    made = lab(id_)
    runtime = ("spark",) if id_[0] == "s" else ("mlflow",)
    return replace(made, spec=replace(made.spec, runtime=runtime, seconds=SECONDS[id_]))


def timed_queue(pool: Pool) -> LabQueue:
    """A queue with all of them."""
    made = LabQueue(pool, Path("/copy"), more=False)
    made.add((timed(id_), Path("/copy/labs", f"{id_}.py"), "seed") for id_ in SECONDS)
    Session.gate.set()
    return made


def test_spark_labs_follow_each_other_on_one_jvm(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In their order, and the others beside, where none of them is worth another JVM."""
    monkeypatch.setattr(module, "worth_a_jvm", lambda left, costs: None)
    others = threading.Event()
    Session.acts = {"s1": lambda _: others.wait(5), "m4": lambda _: others.set()}
    made = timed_queue(pool)
    assert {made.ran(id_).results[0].verdict for id_ in SECONDS} == {Verdict.CORRECT}
    made.close()
    used = [s for s in Station.made if s.labs]
    assert sorted(s.labs for s in used) == [["m1", "m2", "m3", "m4"], ["s1", "s2", "s3", "s4"]]
    assert [s.java for s in used if s.labs[0] == "s1"] == [True]
    assert [s.java for s in used if s.labs[0] == "m1"] == [False]


def test_who_is_through_takes_what_is_worth_a_jvm(pool: Pool) -> None:
    """The other side does not stand idle."""
    taken = threading.Event()
    Session.acts = {"s1": lambda _: taken.wait(5), "s2": lambda _: taken.set()}
    made = timed_queue(pool)
    assert {made.ran(id_).results[0].verdict for id_ in SECONDS} == {Verdict.CORRECT}
    made.close()
    first, second = Station.made
    assert first.labs[0] == "s1"
    assert second.labs[:5] == ["m1", "m2", "m3", "m4", "s2"]
    assert [s.java for s in Station.made] == [True, True]


@pytest.mark.parametrize("cores", [2, 4])
def test_others_wait_for_a_jvm_only_where_cores_are_few(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, cores: int
) -> None:
    """Its start takes two; what takes less time than the Spark labs in all can wait."""
    begun: list[str] = []
    first, gate = threading.Event(), threading.Event()

    def start(session: Session) -> None:
        begun.append(session.lab.spec.id)
        if session.lab.spec.id == "s1":
            first.set()
            assert gate.wait(5)

    monkeypatch.setattr(Session, "start", start)
    pool.crowded = cores < 4
    made = timed_queue(pool)
    if cores == 2:
        assert first.wait(5)
        assert not made._jobs["m1"].future.done()
        assert made._calm.wait(0.1) is False
        assert begun == ["s1"]
    else:
        made.ran("m4")
    gate.set()
    assert {made.ran(id_).results[0].verdict for id_ in SECONDS} == {Verdict.CORRECT}
    made.close()
