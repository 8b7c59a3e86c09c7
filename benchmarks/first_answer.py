"""Seconds to the first answer of Spark: a lab's, inside the wall, and a plain process's.

Every way ends with the result of `spark.range(1).count()` in the hands of who asked.

- `wall`: from launching the wall of a runner, with nothing warm, to the value that a lab's file
  computed. Java's ahead-of-time cache is there, as `grader warm` or a long run leaves it.
- `wall, no cache`: the same on a machine that has none.
- `launcher`: a new Python process with PySpark's ordinary launcher and nothing set but `local[2]`.
- `launcher, Delta`: the same with Delta's jars and extension, which is what the wall has.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.clock import Way, answer_after, in_turn, medians
from benchmarks.java import ordinary_java
from grader.core.model import LabSpec
from grader.guest.jvm import PLATFORM
from grader.labs.engines import prepare
from grader.labs.load import LoadedLab
from grader.labs.session import LabSession, limits_of
from grader.labs.station import Engines, Station
from grader.labs.walls import open_sandbox
from grader.provision.jars import ensure_jars
from grader.sandbox.interface import Sandbox

TARGET = 0.4
_ORDINARY = """
from pyspark.sql import SparkSession

builder = SparkSession.builder.master("local[2]")
for name, value in {conf!r}.items():
    builder = builder.config(name, value)
print(builder.getOrCreate().range(1).count(), flush=True)
"""


def measure(rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds are medians of `rounds`, in turn."""
    sandbox = open_sandbox()
    engines = prepare(sandbox, ("spark",), say)
    ways: dict[str, Way] = {
        "wall": lambda: {"seconds": inside(sandbox, engines)},
        "wall, no cache": lambda: {"seconds": inside(sandbox, replace(engines, cache=None))},
    }
    if engines.cache is None:
        del ways["wall"]
    java = ordinary_java()
    if java:
        delta = {k: v for k, v in PLATFORM.items() if k.startswith("spark.sql.")}
        delta["spark.jars"] = ",".join(str(p) for p in ensure_jars())
        for name, conf in (("launcher", {}), ("launcher, Delta", delta)):
            ways[name] = partial(_ordinary, java[0], conf)
    taken = in_turn(ways, rounds, say)
    seconds = {name: parts["seconds"] for name, parts in medians(taken).items()}
    ratios = {
        f"{mine} / {theirs}": seconds[mine] / seconds[theirs]
        for mine in ("wall", "wall, no cache")
        for theirs in ("launcher", "launcher, Delta")
        if mine in seconds and theirs in seconds
    }
    return {
        "tier": sandbox.tier,
        "ordinary_java": java[1] if java else None,
        "rounds": rounds,
        "seconds": seconds,
        "every_round": taken,
        "ratios": ratios,
        "targets": {"wall / launcher": TARGET},
    }


def inside(sandbox: Sandbox, engines: Engines) -> float:
    """A lab's answer, from nothing."""
    spec = LabSpec("first", "First", "", (), Fraction(1), "", ("spark",))
    with tempfile.TemporaryDirectory(prefix="grader-first-") as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        (folder / "first.py").write_text("answer = spark.range(1).count()\n")
        begun = time.perf_counter()
        station = Station(sandbox, engines, [spec.id], spec.runtime, limits_of(spec))
        try:
            station.keeper("runner")
            station.admit(folder)
            lab = LoadedLab(spec, folder, {}, None)
            with LabSession(lab, "first.py", station, "") as session:
                session.run()
                answer = session.ask("runner", "value", name="answer")
                taken = time.perf_counter() - begun
        finally:
            station.close()
    if answer != 1:
        raise RuntimeError(f"the lab's answer is {answer!r}: {session.stopped}")
    return taken


def _ordinary(java: Path, conf: dict[str, str]) -> dict[str, float]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("SPARK", "PYSPARK"))}
    env |= {"JAVA_HOME": str(java), "PYSPARK_PYTHON": sys.executable}
    command = [sys.executable, "-c", _ORDINARY.format(conf=conf)]
    with tempfile.TemporaryDirectory(prefix="grader-first-") as scratch:
        return {"seconds": answer_after(command, env, Path(scratch))}
