"""Stations for the submissions of a run, and the threads in which labs are run at them.

Where the machine has room for it, labs of one submission run side by side, each at a station. While
the last of them are at work, those of the next submission warm up.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

from grader.core.model import LabSpec
from grader.errors import SandboxFault
from grader.labs.schedule import wants_java
from grader.labs.session import limits_of
from grader.labs.station import Engines, Station
from grader.labs.warmth import Warmth
from grader.provision.java_cache import cache_path, find_cache
from grader.sandbox import cgroups
from grader.sandbox.interface import Limits, Sandbox

#: Bytes of memory that must be free for another station beside those in use.
ROOM = 3 << 30
#: Labs of a course for each station beside the first: fewer do not pay for its start.
WORTH_A_STATION = 4
#: Seconds that a thread may take to come to an end.
PATIENCE = 5.0


class Pool:
    """Makes stations for `labs`. `workers` is how many pools share this machine."""

    def __init__(
        self, sandbox: Sandbox, engines: Engines, labs: Iterable[LabSpec], workers: int = 1
    ) -> None:
        self._specs = specs = list(labs)
        #: What all its stations have started.
        self.warmth = Warmth()
        self._sandbox = sandbox
        self._engines = engines
        self._ids = [s.id for s in specs]
        self._runtime = runtime_of(specs)
        self._limits = widest([limits_of(s) for s in specs])
        cores = os.cpu_count() or 1
        self._spare = cores > workers
        #: Labs that run side by side. Workers run side by side already.
        self.abreast = 1
        if workers == 1:
            worth = min(len(specs) // WORTH_A_STATION, free_memory() // ROOM)
            self.abreast = max(1, min(cores, worth))
        #: Whether labs side by side have less than two cores each.
        self.crowded = cores < 2 * self.abreast
        self._work: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._making = threading.Lock()
        self._ready: list[Station] = []

    def run(self, work: Callable[[], object]) -> None:
        """Do `work`, which raises nothing, in one of `abreast` threads, after what was asked for
        before."""
        if len(self._threads) < self.abreast:
            # It lives until the pool is closed, since bubblewrap ends a wall with the thread that
            # has put it up. The end of the grader does not wait for a check that never ends.
            self._threads.append(threading.Thread(target=self._do, name="grader-lab", daemon=True))
            self._threads[-1].start()
        self._work.put(work)

    def take(self, *, java: bool) -> Station:
        """A station for one submission: a warm one if there is one as wanted, with a JVM or
        without. It is the caller's.

        Raises:
            SandboxFault: it cannot be made.
        """
        with self._making:
            for n, station in enumerate(self._ready):
                if station.java == java:
                    return self._ready.pop(n)
            return self._make()

    def prepare(self, labs: Iterable[LabSpec] | None = None) -> None:
        """Let a station warm up for whoever comes next, if nothing else needs the machine.

        It is for `labs`, or for any of the course. The first has a JVM, if some want one: that
        takes the longest.
        """
        specs = self._specs if labs is None else list(labs)
        with self._making:
            room = self._spare and len(self._ready) < self.abreast and free_memory() > ROOM
            if not room:
                return
            java = not any(station.java for station in self._ready)
            wanted = [s for s in specs if wants_java(s) == java] or specs
            with suppress(SandboxFault, OSError):  # who takes one is told
                station = self._make()
                try:
                    station.warm(runtime_of(wanted))
                except BaseException:
                    station.close()
                    raise
                self._ready.append(station)

    @property
    def untrained(self) -> bool:
        """Whether Java starts slower here than it could."""
        spark = "spark" in self._runtime and bool(self._engines.jars)
        return spark and self._engines.cache is None and cache_path() is not None

    def close(self) -> None:
        """End the stations that nobody took, and the threads, which nobody must need any more."""
        with ExitStack() as stack:  # whatever one of them does, the next gets its turn
            for thread in self._threads:
                self._work.put(None)
                stack.callback(thread.join, PATIENCE)
            self._threads.clear()
            with self._making:
                for station in self._ready:
                    stack.callback(station.close)
                self._ready.clear()

    def _do(self) -> None:
        while (work := self._work.get()) is not None:
            work()

    def _make(self) -> Station:
        if self._engines.jars and self._engines.cache is None:
            # It may have been trained meanwhile, beside this run or by another.
            self._engines = replace(self._engines, cache=find_cache())
        return Station(
            self._sandbox, self._engines, self._ids, self._runtime, self._limits, self.warmth
        )


def runtime_of(specs: Collection[LabSpec]) -> list[str]:
    """Everything that some of the labs ask for."""
    return sorted({name for s in specs for name in s.runtime})


def widest(limits: Sequence[Limits]) -> Limits:
    """Limits in which every lab has what its own allow; each narrows them for itself."""
    if not limits:
        return Limits()
    return Limits(
        cpu=max(one.cpu for one in limits),
        processes=max(one.processes for one in limits),
        files=max(one.files for one in limits),
        disk_bytes=max(one.disk_bytes for one in limits),
        disk_files=max(one.disk_files for one in limits),
        output_bytes=max(one.output_bytes for one in limits),
        memory_bytes=max(one.memory_bytes for one in limits),
    )


def free_memory() -> int:
    """Bytes that can be had without swapping, by the kernel's estimate and a container's limit."""
    machine = 0
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                machine = int(line.split()[1]) << 10
    ours = cgroups.room()
    return machine if ours is None else min(machine, ours)
