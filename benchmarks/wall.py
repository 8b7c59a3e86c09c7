"""What the wall itself costs: the same warm design with it and without it.

Both sides launch a keeper, run a lab and ask it for a value, through the same code. One side is
the best tier of this machine; on the other the keeper is a plain child process, without
namespaces, system call filter, control group or another user. What is used is watched on both, for
budgets are no part of the wall. Neither uses Java's ahead-of-time cache, which is bound to the
places that files have behind one kind of wall.

- `plain lab`: no engine; what is left is putting the wall up.
- `Spark lab`: a lab of some twenty commands on Delta tables.

The cost is the difference of the medians, from launching to the answer. Taking down is told beside:
without a control group the grader looks for processes that stay, which takes longer than a wall's
end. Of a lab the cost is told in per cent of that lab's time without a wall. On a busy machine two
Spark labs differ by more than that: what the wall costs a plain lab is the steadier number.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from benchmarks.clock import Way, in_turn, medians
from benchmarks.no_wall import NoWall
from grader.core.model import Budgets, LabSpec
from grader.labs.engines import prepare
from grader.labs.exercise import TEXT
from grader.labs.load import LoadedLab
from grader.labs.session import LabSession, limits_of
from grader.labs.station import Engines, Station
from grader.labs.walls import open_sandbox
from grader.sandbox.interface import Sandbox

#: Per cent of a Spark lab.
TARGET = 2.0
_BUDGETS = Budgets(run=900.0, call=900.0, cpu=3600.0)


def measure(rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds are medians of `rounds`, in turn; of the plain lab, of ten times as many."""
    strong = open_sandbox()
    bare = NoWall()
    engines = replace(prepare(strong, ("spark",), say), cache=None)
    plain: dict[str, Way] = {
        "wall": lambda: _lab(strong, engines, (), "answer = 1\n"),
        "none": lambda: _lab(bare, engines, (), "answer = 1\n"),
    }
    spark: dict[str, Way] = {
        "wall": lambda: _lab(strong, engines, ("spark",), TEXT + "\nanswer = 1\n"),
        "none": lambda: _lab(bare, engines, ("spark",), TEXT + "\nanswer = 1\n"),
    }
    taken = {
        "plain lab": in_turn(plain, rounds * 10, lambda _: None),
        "Spark lab": in_turn(spark, rounds, say),
    }
    seconds = {name: medians(ways) for name, ways in taken.items()}
    spent = {
        name: {part: ways["wall"][part] - ways["none"][part] for part in ways["none"]}
        for name, ways in seconds.items()
    }
    whole = seconds["Spark lab"]["none"]["answered"]
    return {
        "tier": strong.tier,
        "rounds": rounds,
        "seconds": seconds,
        "every_round": taken,
        "cost_seconds": spent,
        "per_cent_of_a_spark_lab": {
            "put up": spent["plain lab"]["answered"] / whole * 100,
            "in all": spent["Spark lab"]["answered"] / whole * 100,
        },
        "targets": {"in all": TARGET},
    }


def _lab(
    sandbox: Sandbox, engines: Engines, runtime: tuple[str, ...], text: str
) -> dict[str, float]:
    """The parts of a lab: until it can begin, its file, both, and taking everything down."""
    spec = LabSpec("probe", "Probe", "", (), Fraction(1), "", runtime, budgets=_BUDGETS)
    with tempfile.TemporaryDirectory(prefix="grader-wall-") as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        (folder / "probe.py").write_text(text)
        begun = time.perf_counter()
        station = Station(sandbox, engines, [spec.id], runtime, limits_of(spec))
        try:
            station.keeper("runner")
            station.admit(folder)
            lab = LoadedLab(spec, folder, {}, None)
            with LabSession(lab, "probe.py", station, "") as session:
                session.start()
                started = time.perf_counter()
                session.run()
                if session.ask("runner", "value", name="answer") != 1:
                    raise RuntimeError(f"the lab stopped: {session.stopped}")
                ran = time.perf_counter()
        finally:
            station.close()
        done = time.perf_counter()
    return {
        "start": started - begun,
        "file": ran - started,
        "answered": ran - begun,
        "down": done - ran,
    }
