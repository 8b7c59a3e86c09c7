"""`grader.labs.pool`: stations that warm up while another works."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from grader.core.model import Budgets
from grader.errors import SandboxFault
from grader.labs import pool as module
from grader.labs.pool import ROOM, Pool, free_memory, runtime_of, widest
from grader.labs.session import limits_of
from grader.labs.station import Engines
from grader.labs.warmth import Warmth
from grader.sandbox import cgroups
from grader.sandbox.interface import Limits
from tests.builders import lab_spec
from tests.unit.peers import Bare

ENGINES = Engines(Path("/java"), (), None)


class FakeStation:
    """A station that only takes note."""

    made: list[FakeStation]
    fails = False

    def __init__(
        self,
        _: Any,
        engines: Engines,
        ids: list[str],
        runtime: list[str],
        limits: Limits,
        warmth: Warmth,
    ):
        self.engines, self.ids, self.runtime, self.limits = engines, ids, runtime, limits
        self.warmth = warmth
        self.warmed: list[str] | None = None
        self.java = False
        self.closed = 0
        FakeStation.made.append(self)

    def warm(self, runtime: list[str]) -> None:
        """Start, or not."""
        self.warmed, self.java = runtime, "spark" in runtime
        if FakeStation.fails:
            raise SandboxFault("no wall")

    def close(self) -> None:
        """Count."""
        self.closed += 1


def result_of(pool: Pool, work: Callable[[], Any]) -> Future[Any]:
    """What comes of `work` in a thread of the pool."""
    future: Future[Any] = Future()
    pool.run(lambda: future.set_result(work()))
    return future


@pytest.fixture(autouse=True)
def stations(monkeypatch: pytest.MonkeyPatch) -> list[FakeStation]:
    """The stations that were made, on a machine with two cores and much room."""
    monkeypatch.setattr(FakeStation, "made", [], raising=False)
    monkeypatch.setattr(FakeStation, "fails", False)
    monkeypatch.setattr(module, "Station", FakeStation)
    monkeypatch.setattr(module, "free_memory", lambda: 64 << 30)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    return FakeStation.made


def test_what_was_prepared_is_taken(stations: list[FakeStation]) -> None:
    """One waits, no more; who takes again gets another, and it is the taker's to close."""
    pool = Pool(Bare(), ENGINES, [lab_spec("a"), lab_spec("b")])
    pool.prepare()
    pool.prepare()
    assert len(stations) == 1
    taken: list[object] = [pool.take(java=False), pool.take(java=True)]
    assert taken == stations
    assert [s.warmed for s in stations] == [[], None]
    assert all(s.warmth is pool.warmth for s in stations)
    pool.close()
    assert [s.closed for s in stations] == [0, 0]
    assert stations[0].ids == ["a", "b"]


def test_what_nobody_took_is_ended(stations: list[FakeStation]) -> None:
    """Once."""
    pool = Pool(Bare(), ENGINES, [lab_spec()])
    pool.prepare()
    pool.close()
    pool.close()
    assert [s.closed for s in stations] == [1]


@pytest.mark.parametrize(("free", "cores", "workers"), [(ROOM, 2, 1), (64 << 30, 2, 2), (0, 8, 1)])
def test_nothing_is_prepared_without_room(
    monkeypatch: pytest.MonkeyPatch,
    stations: list[FakeStation],
    free: int,
    cores: int,
    workers: int,
) -> None:
    """Neither memory nor a core is taken from what works; who needs one gets it all the same."""
    monkeypatch.setattr(module, "free_memory", lambda: free)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    pool = Pool(Bare(), ENGINES, [lab_spec()], workers)
    pool.prepare()
    assert stations == []
    taken: list[object] = [pool.take(java=True)]
    assert taken == stations


@pytest.mark.parametrize(
    ("labs", "cores", "workers", "free", "abreast"),
    [
        (12, 2, 1, 64 << 30, 2),
        (12, 4, 1, 64 << 30, 3),
        (12, 1, 1, 64 << 30, 1),
        (7, 8, 1, 64 << 30, 1),
        (12, 8, 1, 2 * ROOM, 2),
        (12, 8, 1, 0, 1),
        (12, 8, 2, 64 << 30, 1),
    ],
)
def test_labs_run_side_by_side_where_there_is_room(
    monkeypatch: pytest.MonkeyPatch, labs: int, cores: int, workers: int, free: int, abreast: int
) -> None:
    """A core and memory for each, and labs enough; workers are side by side already."""
    monkeypatch.setattr(module, "free_memory", lambda: free)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    pool = Pool(Bare(), ENGINES, [lab_spec(f"lab-{n}") for n in range(labs)], workers)
    assert pool.abreast == abreast
    names = [result_of(pool, threading.get_ident) for _ in range(20)]
    assert len({name.result(5) for name in names}) <= abreast
    pool.close()


def test_as_many_are_prepared_as_work_side_by_side(stations: list[FakeStation]) -> None:
    """The next submission begins with all of them warm: one has a JVM and what goes with it, one
    what the other labs want; each is for who asks for such a one."""
    runtimes = [("spark",), ("kafka", "spark"), (), ("mlflow",)] * 2
    specs = [replace(lab_spec(f"lab-{n}"), runtime=r) for n, r in enumerate(runtimes)]
    pool = Pool(Bare(), ENGINES, specs)
    for _ in range(3):
        pool.prepare()
    assert [s.warmed for s in stations] == [["kafka", "spark"], ["mlflow"]]
    plain: object = pool.take(java=False)
    assert plain is stations[1]
    another: object = pool.take(java=False)
    assert another is stations[2]
    pool.close()
    assert [s.closed for s in stations] == [1, 0, 0]


def test_only_what_is_handed_in_is_prepared_for(stations: list[FakeStation]) -> None:
    """Where that is known: no JVM starts for a submission without Spark."""
    specs = [replace(lab_spec("a"), runtime=("spark",)), replace(lab_spec("b"), runtime=())]
    pool = Pool(Bare(), ENGINES, specs)
    pool.prepare(specs[1:])
    assert [s.warmed for s in stations] == [[]]
    pool.close()


def test_without_spark_no_jvm_is_started_ahead(stations: list[FakeStation]) -> None:
    """Both stations are for the labs that there are."""
    specs = [replace(lab_spec(f"lab-{n}"), runtime=("mlflow",)) for n in range(8)]
    pool = Pool(Bare(), ENGINES, specs)
    for _ in range(3):
        pool.prepare()
    assert [s.warmed for s in stations] == [["mlflow"], ["mlflow"]]
    pool.close()
    assert [s.closed for s in stations] == [1, 1]


def test_a_thread_lives_as_long_as_the_pool(stations: list[FakeStation]) -> None:
    """A wall ends with the thread that has put it up."""
    pool = Pool(Bare(), ENGINES, [lab_spec()])
    thread = result_of(pool, threading.current_thread).result(5)
    assert result_of(pool, threading.current_thread).result(5) is thread
    assert thread.is_alive()
    assert thread.daemon
    pool.close()
    assert not thread.is_alive()


def test_a_failure_is_told_to_who_takes(
    monkeypatch: pytest.MonkeyPatch, stations: list[FakeStation]
) -> None:
    """Preparing says nothing; either way nothing is left."""
    monkeypatch.setattr(FakeStation, "fails", True)
    pool = Pool(Bare(), ENGINES, [lab_spec()])
    pool.prepare()
    assert [s.closed for s in stations] == [1]

    def refuse(*_: object) -> None:
        raise SandboxFault("no folders")

    monkeypatch.setattr(module, "Station", refuse)
    pool.prepare()
    with pytest.raises(SandboxFault, match="no folders"):
        pool.take(java=False)


def test_a_cache_made_meanwhile_is_used(
    monkeypatch: pytest.MonkeyPatch, stations: list[FakeStation]
) -> None:
    """It may have been trained beside the run."""
    engines = replace(ENGINES, jars=[Path("/a.jar")])
    found: list[Path | None] = [None, Path("/c.aot")]
    monkeypatch.setattr(module, "find_cache", lambda: found.pop(0))
    pool = Pool(Bare(), engines, [replace(lab_spec(), runtime=("spark",))])
    for _ in range(3):
        pool.take(java=False)
    assert [s.engines.cache for s in stations] == [None, Path("/c.aot"), Path("/c.aot")]


@pytest.mark.parametrize(
    ("runtime", "jars", "cache", "path", "untrained"),
    [
        (("spark",), True, None, Path("/c"), True),
        ((), True, None, Path("/c"), False),
        (("spark",), False, None, Path("/c"), False),
        (("spark",), True, Path("/c"), Path("/c"), False),
        (("spark",), True, None, None, False),
    ],
)
def test_java_is_untrained_where_a_cache_is_missing(
    monkeypatch: pytest.MonkeyPatch,
    runtime: tuple[str, ...],
    jars: bool,
    cache: Path | None,
    path: Path | None,
    untrained: bool,
) -> None:
    """Where Spark is wanted, and this Java can have one."""
    monkeypatch.setattr(module, "cache_path", lambda: path)
    engines = replace(ENGINES, jars=[Path("/a.jar")] if jars else [], cache=cache)
    pool = Pool(Bare(), engines, [replace(lab_spec(), runtime=runtime)])
    assert pool.untrained is untrained


def test_a_station_has_what_any_of_its_labs_needs() -> None:
    """Each name once."""
    specs = [replace(lab_spec(), runtime=r) for r in (("spark",), ("spark", "mlflow"), ())]
    assert runtime_of(specs) == ["mlflow", "spark"]


def test_the_widest_limits_leave_room_for_every_lab() -> None:
    """No limit of any lab is larger, and each is some lab's."""
    small = Budgets(
        cpu=1, memory=64, processes=16, disk=1, files=1, open_files=64, output=1, run=1, call=1
    )
    for name in ("cpu", "memory", "processes", "disk", "files", "open_files", "output"):
        large = replace(small, **{name: 100_000})
        limits = [limits_of(replace(lab_spec(), budgets=b)) for b in (small, large)]
        both = widest(limits)
        for field in fields(Limits):
            assert getattr(both, field.name) == max(getattr(one, field.name) for one in limits)
    assert widest([]) == Limits()


def test_free_memory_is_what_the_kernel_says() -> None:
    """Some, and less than all there is."""
    everything = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 0 < free_memory() < everything


def test_free_memory_is_no_more_than_a_container_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the machine around it has."""
    monkeypatch.setattr(cgroups, "room", lambda: 1 << 20)
    assert free_memory() == 1 << 20
