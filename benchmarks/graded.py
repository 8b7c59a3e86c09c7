"""Grade a class whose every submission is the references of all labs, and tell what it took.

usage: python -m benchmarks.graded COUNT [--weigh], which prints JSON

Seconds count from before the sandbox is chosen; the course is loaded by then. `--weigh` looks once
a second how much memory is used, which costs a little time.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import shutil
import sys
import tempfile
import threading
import time
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.clock import ROOT
from grader.core.grade import Policy
from grader.core.verdict import Verdict
from grader.course.course import Course
from grader.grading import Grading, Workshop, load_course
from grader.sandbox import metering


def main() -> None:
    """Grade, and print."""
    count, weigh = int(sys.argv[1]), "--weigh" in sys.argv
    logging.getLogger("grader").setLevel(logging.DEBUG)  # so that jobs of Spark are counted
    course = Course(ROOT)
    bank, labs = load_course(course)
    policy = Policy("source", "full", Fraction(7, 10))
    with tempfile.TemporaryDirectory(prefix="grader-class-") as scratch:
        folders = [Path(scratch, f"s{n}") for n in range(count)]
        for folder in folders:
            (folder / "labs").mkdir(parents=True)
            for id_, lab in labs.items():
                shutil.copyfile(lab.folder / "solution.py", folder / "labs" / f"{id_}.py")
        scale = Scale() if weigh else None
        marks = [time.perf_counter()]
        shop = Workshop(bank, labs, course.schemas, policy, to_come=count)
        try:
            for folder in folders:
                grading = Grading(shop, folder, list(labs))
                try:
                    for id_, lab in labs.items():
                        _all_right(grading, id_, [c.name for c in lab.spec.checks])
                    marks.append(time.perf_counter())
                finally:
                    grading.close()
        finally:
            shop.close()
        told: dict[str, Any] = {
            "tier": shop.sandbox().tier,
            "warmth": shop.pool().warmth.as_json(),
            "seconds": [b - a for a, b in pairwise(marks)],
            "average": (marks[-1] - marks[0]) / count,
            "grader_peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        if scale:
            told["walls_peak_mib"] = scale.stop() / (1 << 20)
    print(json.dumps(told))


def _all_right(grading: Grading, lab: str, names: list[str]) -> None:
    for name in names:
        result = grading.check(lab, name)
        if result.verdict is not Verdict.CORRECT:
            raise RuntimeError(f"{lab} {name} is {result.verdict.value}: {result.reason}")


class Scale:
    """Weighs everything that this process has started, once a second."""

    def __init__(self) -> None:
        self._peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._weigh, daemon=True)
        self._thread.start()

    def _weigh(self) -> None:
        own = os.getpid()
        while not self._over.wait(1.0):
            others = [p for p in metering.tree(own) if p.pid != own]
            self._peak = max(self._peak, metering.exact_memory(others, 1 << 62, 2.0))

    def stop(self) -> int:
        """The most bytes that were in use at once."""
        self._over.set()
        self._thread.join()
        return self._peak


if __name__ == "__main__":
    main()
