"""The labs of one submission: each is run once, when its turn comes, some of them side by side.

A verdict depends on neither the order nor what runs beside: stations share nothing, and what a lab
finds at its station depends on the lab alone. Labs run in threads of the pool. pytest's own thread
asks for verdicts in the order of its items, and is the only one that writes to the terminal.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from grader.core.verdict import Result
from grader.errors import SandboxFault
from grader.labs.checking import faults, run_check
from grader.labs.load import LoadedLab
from grader.labs.pool import Pool
from grader.labs.schedule import expected, wants_java, worth_a_jvm
from grader.labs.session import LabSession
from grader.labs.station import Station

#: Seconds that labs which are being ended may take to come to it.
PATIENCE = 20.0
#: Seconds that lines wait for a JVM's start at most.
CALM = 30.0


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a lab: the results of its checks, and the seconds it took."""

    results: list[Result]
    seconds: float


@dataclass(slots=True)
class Job:
    """A lab that is to be run: the student's `file`, relative to the submission."""

    lab: LoadedLab
    file: str
    seed: str
    future: Future[Ran] = field(default_factory=Future)
    begun: float | None = None

    @property
    def java(self) -> bool:
        """Whether it wants a JVM."""
        return wants_java(self.lab.spec)


class LabQueue:
    """Labs of the submission whose copy lies in `copy`; close it.

    With `more`, another submission follows, for which engines may warm up.
    """

    def __init__(self, pool: Pool, copy: Path, *, more: bool) -> None:
        self._pool = pool
        self._copy = copy
        self._more = more
        self._jobs: dict[str, Job] = {}
        #: Guards what follows: lines of labs, each in a thread, choose their next one.
        self._choosing = threading.Lock()
        #: This submission's stations: all, and those where no lab runs.
        self._stations: set[Station] = set()
        self._idle: list[Station] = []
        #: Lines at a station with a JVM.
        self._jvms = 0
        #: Unset while the first JVM starts, which keeps two cores busy: there the others wait.
        self._calm = threading.Event()
        self._calm.set()
        self._given_up: set[str] = set()
        self._over = False

    def add(self, labs: Iterable[tuple[LoadedLab, Path, str]]) -> None:
        """Have labs run that were not added before: each with the student's file, in the copy,
        and the seed of its data."""
        fresh = 0
        with self._choosing:
            for lab, file, seed in labs:
                if lab.spec.id not in self._jobs:
                    name = file.relative_to(self._copy).as_posix()
                    self._jobs[lab.spec.id] = Job(lab, name, seed)
                    fresh += 1
        for _ in range(min(fresh, self._pool.abreast)):
            self._pool.run(self._line)

    def ran(self, lab_id: str) -> Ran:
        """What came of a lab that was added; waits for it.

        Raises:
            SandboxFault: somebody who waited before has given up, be it at a limit of theirs.
        """
        if lab_id in self._given_up:
            raise SandboxFault("the lab came to no end, and was given up")
        try:
            return self._jobs[lab_id].future.result()
        except BaseException:
            self._given_up.add(lab_id)
            raise

    def close(self) -> None:
        """End everything. A lab in the middle of its work is not waited for, but ended."""
        with self._choosing:
            self._over = True
            for job in self._waiting():
                job.begun = time.monotonic()
                job.future.cancel()
                job.future.set_running_or_notify_cancel()
        self._calm.set()
        for station in list(self._stations):
            station.kill()
        wait([job.future for job in self._jobs.values()], PATIENCE)
        with ExitStack() as stack:  # whatever one of them does, the next gets its turn
            for station in list(self._stations):
                stack.callback(station.close)

    def _line(self) -> None:
        """Run labs, one after the other, as long as there is one for this line."""
        java = False
        while job := self._next(java):
            java = java or job.java
            try:
                job.future.set_result(self._run(job, java))
            except BaseException as error:  # whatever it is, who waits is told
                job.future.set_exception(error)

    def _next(self, java: bool) -> Job | None:
        """The next lab for a line, whose station has a JVM or not; it is the line's then."""
        if not java:
            self._calm.wait(CALM)
        with self._choosing:
            waiting = self._waiting()
            spark = [job for job in waiting if job.java]
            others = [job for job in waiting if not job.java]
            job: Job | None
            if spark and (java or not self._jvms):
                job = spark[0]
            else:
                job = others[0] if others else self._worth_a_jvm(spark)
            if job is None:
                self._jvms -= java
                return None
            job.begun = time.monotonic()
            job.future.set_running_or_notify_cancel()
            if job.java and not java:
                self._jvms += 1
                if self._jvms == 1 and self._pool.crowded and self._longer(spark, others):
                    self._calm.clear()
            return job

    def _waiting(self) -> list[Job]:
        """Labs that nobody has begun."""
        return [job for job in self._jobs.values() if job.begun is None]

    def _longer(self, jobs: Sequence[Job], others: Sequence[Job]) -> bool:
        """Whether `jobs`, one after the other, take longer than `others`."""
        one, other = (sum(expected(j.lab.spec) for j in some) for some in (jobs, others))
        return one > other

    def _worth_a_jvm(self, waiting: Sequence[Job]) -> Job | None:
        """Which of the labs that wait for a JVM is to have a new one, though there are others."""
        if not waiting:
            return None
        now = time.monotonic()
        left = sum(expected(job.lab.spec) for job in waiting)
        for job in self._jobs.values():
            if job.java and job.begun and not job.future.done():
                left += max(0.0, expected(job.lab.spec) - (now - job.begun))
        costs = [expected(job.lab.spec) for job in waiting]
        chosen = worth_a_jvm(left / self._jvms, costs)
        return None if chosen is None else waiting[chosen]

    def _run(self, job: Job, java: bool) -> Ran:
        begun = time.perf_counter()
        lab = job.lab
        try:
            with (
                self._station(java) as station,
                LabSession(lab, job.file, station, job.seed) as session,
            ):
                session.start()
                self._calm.set()
                if self._more and self._last():
                    self._pool.prepare()
                session.run()
                results = [run_check(lab, c, session) for c in lab.spec.checks]
        except Exception as error:  # whatever it is, it is not the student's
            results = faults(lab, error)
        finally:
            self._calm.set()
        return Ran(results, time.perf_counter() - begun)

    def _last(self) -> bool:
        """Whether all labs that were asked for have begun."""
        with self._choosing:
            return not self._waiting()

    @contextmanager
    def _station(self, java: bool) -> Iterator[Station]:
        """A station for one lab, with a JVM if possible or without. It is the next lab's if all
        went well, else it is no more."""
        sound = False
        with self._choosing:
            # One that is as wanted, else whichever: a JVM is no harm, and can be started.
            idle = sorted(self._idle, key=lambda one: one.java == java)
            station, known = (idle[-1], True) if idle else (self._pool.take(java=java), False)
            if known:
                self._idle.remove(station)
            station.java = station.java or java
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
