"""`grader.labs.warmth`: what was warm, counted and told."""

from __future__ import annotations

import logging
import threading

import pytest

from grader.labs.warmth import LabCost, Warmth


def test_everything_is_counted_and_told(caplog: pytest.LogCaptureFixture) -> None:
    """As JSON for a benchmark, and a line each for a debug log."""
    warmth = Warmth()
    with caplog.at_level(logging.DEBUG, "grader.labs.warmth"):
        warmth.wall("runner")
        warmth.start("runner", "java")
        warmth.replace("runner", "Java has ended")
        warmth.wall("runner")
        warmth.lab(LabCost("one", 2.0, 3.004, 7, warm=False))
        warmth.lab(LabCost("two", 1.0, 1.5, None, warm=True))
    assert warmth.as_json() == {
        "walls": {"runner": 2},
        "jvms": 1,
        "started": {"runner: java": 1},
        "warm_starts": 1,
        "cold_starts": 1,
        "replaced": ["runner: Java has ended"],
        "cpu_seconds": 0.0,
        "labs": {
            "one": {"seconds": 2.0, "cpu_seconds": 3.0, "spark_jobs": 7, "warm": False},
            "two": {"seconds": 1.0, "cpu_seconds": 1.5, "spark_jobs": None, "warm": True},
        },
    }
    assert len(caplog.messages) == 6
    assert caplog.messages[4:] == [
        "one: cold start, 2.0 s, 3.0 s of processors, Spark jobs: 7",
        "two: warm start, 1.0 s, 1.5 s of processors, Spark jobs: not counted",
    ]
    assert caplog.messages[2] == "the wall of the runner is given up: Java has ended"


def test_threads_may_share_it() -> None:
    """Labs run side by side."""
    warmth = Warmth()

    def count() -> None:
        for _ in range(2000):
            warmth.start("runner", "java")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warmth.jvms == 8000
