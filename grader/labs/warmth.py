"""What of a run's engines was warm, and what had to be started: counted, and told to a debug log.

Verdicts do not show whether a lab found warm engines or waited for new ones; seconds do, on a quiet
machine. So walls, JVMs and their replacements are counted, by `pytest --log-file=run.log
--log-file-level=DEBUG`, by the benchmarks, and by tests that fail when warmth is lost.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from grader.sandbox.interface import RoleName

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LabCost:
    """What a lab used: seconds by the clock, and of processors behind its runner's wall; how many
    jobs of Spark it started, or None where that cannot be told."""

    lab: str
    seconds: float
    cpu_seconds: float
    spark_jobs: int | None
    warm: bool


@dataclass(slots=True)
class Warmth:
    """Counts of a run, or of one station. Threads may share it.

    A lab starts cold if something had to be started for it, be it ahead of time.
    """

    walls: Counter[RoleName] = field(default_factory=Counter)
    #: What keepers started: `java`, and sets of imports.
    started: Counter[str] = field(default_factory=Counter)
    #: Why a wall was given up that could have served another lab.
    replaced: list[str] = field(default_factory=list)
    labs: list[LabCost] = field(default_factory=list)
    #: Of processors, behind all walls of stations that are closed.
    cpu_seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wall(self, role: RoleName) -> None:
        """A wall was put up."""
        with self._lock:
            self.walls[role] += 1
        log.debug("new wall for the %s", role)

    def start(self, role: RoleName, what: str) -> None:
        """Something was started in a wall."""
        with self._lock:
            self.started[f"{role}: {what}"] += 1
        log.debug("the %s started %s", role, what)

    def replace(self, role: RoleName, why: str) -> None:
        """A wall is replaced."""
        with self._lock:
            self.replaced.append(f"{role}: {why}")
        log.debug("the wall of the %s is given up: %s", role, why)

    def lab(self, cost: LabCost) -> None:
        """A lab is over."""
        with self._lock:
            self.labs.append(cost)
        log.debug(
            "%s: %s start, %.1f s, %.1f s of processors, Spark jobs: %s",
            cost.lab,
            "warm" if cost.warm else "cold",
            cost.seconds,
            cost.cpu_seconds,
            "not counted" if cost.spark_jobs is None else cost.spark_jobs,
        )

    def spend(self, cpu_seconds: float) -> None:
        """A station is closed, behind whose walls so many seconds of processors were used."""
        with self._lock:
            self.cpu_seconds += cpu_seconds

    @property
    def jvms(self) -> int:
        """How many JVMs were started for Spark."""
        return self.started["runner: java"]

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        warm = sum(cost.warm for cost in self.labs)
        return {
            "walls": dict(self.walls),
            "jvms": self.jvms,
            "started": dict(self.started),
            "warm_starts": warm,
            "cold_starts": len(self.labs) - warm,
            "replaced": list(self.replaced),
            "cpu_seconds": round(self.cpu_seconds, 1),
            "labs": {
                cost.lab: {
                    "seconds": round(cost.seconds, 2),
                    "cpu_seconds": round(cost.cpu_seconds, 2),
                    "spark_jobs": cost.spark_jobs,
                    "warm": cost.warm,
                }
                for cost in self.labs
            },
        }
