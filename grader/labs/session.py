"""Run one lab of one student: the runner, the inspector and, if asked for, the scorer.

The host decides nothing here: it passes requests over the wall and keeps the clock.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import random
import time
from contextlib import ExitStack, suppress
from importlib.util import decode_source
from types import TracebackType
from typing import Any, Self

from grader.core.model import LabSpec
from grader.errors import CourseError, SandboxFault, StudentError
from grader.labs.lab import Answers
from grader.labs.load import LoadedLab
from grader.labs.station import READER, Station
from grader.labs.warmth import LabCost
from grader.sandbox.interface import Guest, Limits, RoleName
from grader.sandbox.leftovers import survey

log = logging.getLogger(__name__)

#: Seconds for one request to our own code in the inspector.
INSPECT = 60.0
#: Seconds for asking how many jobs of Spark there were.
COUNT = 5.0


class LabSession:
    """A lab being run at a station; close it, or use it in a `with`.

    `file` is the student's, relative to the submission that the station has admitted.
    """

    def __init__(self, lab: LoadedLab, file: str, station: Station, seed: str) -> None:
        """Make the lab's data, and have its folder empty.

        Raises:
            CourseError: the fixture makes something else than data.
            SandboxFault: the folder cannot be emptied.
        """
        self.lab = lab
        #: Why the student's file did not run to its end; empty if it did.
        self.stopped = ""
        #: What calls of `Lab.call_once` were answered.
        self.answers: Answers = {}
        self._file = file
        self._station = station
        self._guests: dict[RoleName, Guest] = {}
        self.data = _made(lab, seed)
        self._begun = time.perf_counter()
        self._spent = station.cpu_seconds()
        self._workspace = station.enter(lab.spec.id)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Bring up the runner and have it ready for the lab's file.

        Raises:
            SandboxFault: it did not start.
        """
        self._station.keeper("inspector").warm(self._wanted())  # while the file runs
        self._guest("runner")

    def run(self) -> None:
        """Execute the student's file.

        Raises:
            SandboxFault: it could not be tried. A failure of the file itself is in `stopped`.
        """
        self.start()
        if self.lab.predicts:
            self._station.keeper("scorer").warm(self._wanted())  # while the file runs
        try:
            self._guest("runner").ask("run", self.lab.spec.budgets.run)
        except StudentError as error:
            self.stopped = str(error)

    def ask(self, role: RoleName, op: str, **fields: Any) -> Any:
        """See `grader.labs.lab.Asking`."""
        timeout = INSPECT if role == "inspector" else self.lab.spec.budgets.call
        if role != "runner" and (strange := survey(self._workspace)):
            told = "; ".join(strange)
            raise StudentError(f"the lab left what is not read: {told}", "leftovers")
        return self._guest(role).ask(op, timeout, **fields)

    @property
    def printed(self) -> str:
        """See `grader.labs.lab.Asking`."""
        return self._guests["runner"].output if "runner" in self._guests else ""

    def close(self) -> None:
        """Let all guests go and empty the lab's folder."""
        jobs = self._spark_jobs() if log.isEnabledFor(logging.DEBUG) else None
        with ExitStack() as stack:  # an interrupted close goes on with the next
            stack.callback(self._station.leave, self.lab.spec.id)
            stack.callback(self._account, jobs)
            for guest in self._guests.values():
                stack.callback(guest.close)

    def _spark_jobs(self) -> int | None:
        """How many jobs the lab has started in Spark, if its process says so: for a debug log."""
        if "runner" in self._guests and "spark" in self.lab.spec.runtime:
            with suppress(StudentError, SandboxFault):
                told = self._guests["runner"].ask("jobs", COUNT)
                return told if isinstance(told, int) else None
        return None

    def _account(self, jobs: int | None) -> None:
        """Have what the lab used counted."""
        if "runner" in self._guests:
            self._station.warmth.lab(
                LabCost(
                    self.lab.spec.id,
                    time.perf_counter() - self._begun,
                    self._station.cpu_seconds() - self._spent,
                    jobs,
                    warm=not self._station.cold,
                )
            )

    def _guest(self, role: RoleName) -> Guest:
        """The lab's process of a role, ready.

        Raises:
            SandboxFault: it did not start.
        """
        if role not in self._guests:
            limits = limits_of(self.lab.spec) if role == "runner" else READER
            keeper = self._station.keeper(role)
            try:
                guest = keeper.open(self._settings(), limits)
                guest.ready()
            except SandboxFault as error:
                if keeper.fresh:
                    raise
                # What an earlier lab did to it must not cost this one: once more, with another.
                if role == "runner":
                    self._station.enter(self.lab.spec.id)
                guest = self._station.another(role, error).open(self._settings(), limits)
                guest.ready()
            self._guests[role] = guest
        return self._guests[role]

    def _wanted(self) -> dict[str, Any]:
        """What tells a keeper which engines and imports the lab needs."""
        return {"file": self._file, "runtime": list(self.lab.spec.runtime)}

    def _settings(self) -> dict[str, Any]:
        settings = self._wanted()
        if self.lab.fixture:
            settings["fixture"] = decode_source(self.lab.fixture.read_bytes())
            settings["data"] = self.data
        return settings


def _made(lab: LoadedLab, seed: str) -> dict[str, Any]:
    """The lab's data. It goes over the wall, so that it must be JSON."""
    if lab.make is None:
        return {}
    data = lab.make(random.Random(seed))
    try:
        json.dumps(data, allow_nan=False)
    except (TypeError, ValueError) as error:
        told = f"labs/{lab.spec.id}/fixture.py: make(rng) must return JSON values: {error}"
        raise CourseError(told) from error
    return data


def limits_of(spec: LabSpec) -> Limits:
    """The limits that a lab's budgets mean."""
    budgets = spec.budgets
    return Limits(
        cpu=budgets.cpu,
        processes=budgets.processes,
        files=budgets.open_files,
        disk_bytes=budgets.disk << 20,
        disk_files=budgets.files,
        output_bytes=budgets.output << 10,
        memory_bytes=budgets.memory << 20,
    )


def seed_of(secret: str, lab_id: str) -> str:
    """What a lab's hidden data is generated from: the same for every student and every regrade,
    and known to nobody who does not know the course's `secret`."""
    told = hmac.new(secret.encode(), f"lakehouse-grader/{lab_id}".encode(), hashlib.sha256)
    return told.hexdigest()[:32]
