"""Time ways of doing a thing in turn, so that a slow or busy machine slows all of them."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
#: A way of doing something: the seconds that it took, by the name of each part of it.
Way = Callable[[], Mapping[str, float]]


def in_turn(
    ways: Mapping[str, Way], rounds: int, say: Callable[[str], None]
) -> dict[str, dict[str, list[float]]]:
    """Do each of `ways` once a round, in turn: the seconds of each part, round by round."""
    taken: dict[str, dict[str, list[float]]] = {name: {} for name in ways}
    for n in range(rounds):
        for name, way in ways.items():
            say(f"round {n + 1} of {rounds}: {name}")
            found = way()
            say("  " + ", ".join(f"{part} {seconds:.1f} s" for part, seconds in found.items()))
            for part, seconds in found.items():
                taken[name].setdefault(part, []).append(seconds)
    return taken


def medians(taken: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, dict[str, float]]:
    """The median of each part of each way."""
    return {
        name: {part: statistics.median(seconds) for part, seconds in parts.items()}
        for name, parts in taken.items()
    }


def answer_after(command: Sequence[str], env: Mapping[str, str], cwd: Path) -> float:
    """Seconds from starting `command` until it has written its first line.

    Raises:
        RuntimeError: it ended without one.
    """
    begun = time.perf_counter()
    with subprocess.Popen(
        command, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None  # it is a pipe
        line = process.stdout.readline()
        taken = time.perf_counter() - begun
    if not line:
        raise RuntimeError(f"{command} answered nothing and ended with {process.returncode}")
    return taken


def machine() -> dict[str, Any]:
    """What the numbers were taken on, and how busy it was."""
    return {
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": [round(load, 2) for load in os.getloadavg()],
    }
