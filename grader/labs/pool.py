"""Stations for the submissions of a run: while one is in use, the next warms up."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from grader.core.model import LabSpec
from grader.errors import SandboxFault
from grader.labs.session import limits_of
from grader.labs.station import Engines, Station
from grader.provision.java_cache import cache_path, find_cache
from grader.sandbox.interface import Limits, Sandbox

#: Bytes of memory that must be free for another station beside the one in use.
ROOM = 3 << 30


class Pool:
    """Makes stations for `labs`. `workers` is how many pools share this machine."""

    def __init__(
        self, sandbox: Sandbox, engines: Engines, labs: Iterable[LabSpec], workers: int = 1
    ) -> None:
        specs = list(labs)
        self._sandbox = sandbox
        self._engines = engines
        self._ids = [s.id for s in specs]
        self._runtime = runtime_of(specs)
        self._limits = widest([limits_of(s) for s in specs])
        self._spare = (os.cpu_count() or 1) > workers
        self._ready: Station | None = None

    def take(self) -> Station:
        """A station for one submission: the warm one if there is one. It is the caller's.

        Raises:
            SandboxFault: it cannot be made.
        """
        station, self._ready = self._ready, None
        if station is None:
            station = self._make()
        return station

    def prepare(self) -> None:
        """Let a station warm up for whoever comes next, if nothing else needs the machine."""
        if self._ready is None and self._spare and free_memory() > ROOM:
            with suppress(SandboxFault, OSError):  # who takes one is told
                self._ready = self._make()

    @property
    def untrained(self) -> bool:
        """Whether Java starts slower here than it could."""
        spark = "spark" in self._runtime and bool(self._engines.jars)
        return spark and self._engines.cache is None and cache_path() is not None

    def close(self) -> None:
        """End the station that nobody took."""
        if self._ready is not None:
            self._ready.close()
            self._ready = None

    def _make(self) -> Station:
        if self._engines.jars and self._engines.cache is None:
            # It may have been trained meanwhile, beside this run or by another.
            self._engines = replace(self._engines, cache=find_cache())
        station = Station(self._sandbox, self._engines, self._ids, self._runtime, self._limits)
        try:
            station.warm()
        except BaseException:
            station.close()
            raise
        return station


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
    """Bytes that can be had without swapping, as the kernel estimates."""
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    return 0
