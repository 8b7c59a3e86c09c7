"""How time and memory grow with the number of submissions, from 1 to 8, labs and all.

Each class is graded by a process of its own (`benchmarks.graded`), one submission after the other.
The grader's peak is that of its own resident memory, which must stay flat; the walls' is of all
processes behind them together, pages that they share counted once. Two walls of each kind may
stand at once, since the next submission's engines start while one works.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.labs import graded

CLASSES = (1, 8)


def measure(rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """One run of each class, whatever `rounds` is."""
    found = {}
    for size in CLASSES:
        say(f"a class of {size}")
        found[size] = graded(size, "--weigh")
    one, many = (found[size] for size in CLASSES)
    return {
        "tier": one["tier"],
        "seconds_of_each": {size: told["seconds"] for size, told in found.items()},
        "peak_mib": {
            size: {"grader": told["grader_peak_mib"], "walls": told["walls_peak_mib"]}
            for size, told in found.items()
        },
        "ratios": {
            "seconds a submission, 8 / 1": many["average"] / one["average"],
            "grader's peak, 8 / 1": many["grader_peak_mib"] / one["grader_peak_mib"],
        },
    }
