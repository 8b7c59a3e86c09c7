"""The labs of one submission: each is run once, when its turn comes, some of them side by side.

A verdict depends on neither the order nor what runs beside: stations share nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from grader.core.verdict import Result
from grader.errors import SandboxFault
from grader.labs.checking import faults, run_check
from grader.labs.load import LoadedLab
from grader.labs.pool import Pool
from grader.labs.session import LabSession
from grader.labs.station import Station

#: Seconds that labs which are being ended may take to come to it.
PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a lab: the results of its checks, and the seconds it took."""

    results: list[Result]
    seconds: float


class LabQueue:
    """Labs of the submission whose copy lies in `copy`; close it.

    With `more`, another submission follows, for which engines may warm up.
    """

    def __init__(self, pool: Pool, copy: Path, *, more: bool) -> None:
        self._pool = pool
        self._copy = copy
        self._more = more
        self._jobs: dict[str, Future[Ran]] = {}
        #: This submission's stations: all, and those where no lab runs.
        self._stations: set[Station] = set()
        self._idle: list[Station] = []
        self._given_up: set[str] = set()
        self._over = False

    def add(self, lab: LoadedLab, file: Path, seed: str) -> None:
        """Have a lab run, unless it was added before. `file` is the student's, in the copy."""
        if lab.spec.id not in self._jobs:
            name = file.relative_to(self._copy).as_posix()
            self._jobs[lab.spec.id] = self._pool.run(partial(self._run, lab, name, seed))

    def ran(self, lab_id: str) -> Ran:
        """What came of a lab that was added; waits for it.

        Raises:
            SandboxFault: somebody who waited before has given up, be it at a limit of theirs.
        """
        if lab_id in self._given_up:
            raise SandboxFault("the lab came to no end, and was given up")
        try:
            return self._jobs[lab_id].result()
        except BaseException:
            self._given_up.add(lab_id)
            raise

    def close(self) -> None:
        """End everything. A lab in the middle of its work is not waited for, but ended."""
        self._over = True
        for job in self._jobs.values():
            job.cancel()
        for station in list(self._stations):
            station.kill()
        wait(self._jobs.values(), PATIENCE)
        with ExitStack() as stack:  # whatever one of them does, the next gets its turn
            for station in self._stations:
                stack.callback(station.close)

    def _run(self, lab: LoadedLab, file: str, seed: str) -> Ran:
        begun = time.perf_counter()
        try:
            with self._station() as station, LabSession(lab, file, station, seed) as session:
                session.start()
                if self._more and self._last():
                    self._pool.prepare()
                session.run()
                results = [run_check(lab, c, session) for c in lab.spec.checks]
        except Exception as error:  # whatever it is, it is not the student's
            results = faults(lab, error)
        return Ran(results, time.perf_counter() - begun)

    def _last(self) -> bool:
        """Whether all labs that were asked for have begun."""
        return all(job.running() or job.done() for job in list(self._jobs.values()))

    @contextmanager
    def _station(self) -> Iterator[Station]:
        """A station for one lab. It is the next lab's if all went well, else it is no more."""
        sound = False
        try:
            station, known = self._idle.pop(), True
        except IndexError:
            station, known = self._pool.take(), False
        self._stations.add(station)
        try:
            if not known:
                station.admit(self._copy)
            self._go_on()  # asked after it can be found there, so that one of us ends it
            yield station
            self._go_on()  # what a lab met then was its end, and none of its doing
            sound = not station.spoilt
        finally:
            if sound:
                self._idle.append(station)
            else:
                self._stations.discard(station)
                station.close()

    def _go_on(self) -> None:
        if self._over:
            raise SandboxFault("interrupted")
