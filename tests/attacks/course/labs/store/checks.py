"""Checks of `store`. The secret that a thief of this file would show: @CHECKS@."""

from __future__ import annotations

from grader.labs import Lab, points

#: Whatever the student's side let through to this side, for the corpus to search for loot.
OBSERVED: list[str] = []


@points(2, hint="One run.")
def test_run(lab: Lab) -> None:
    """A finished run with its parameter."""
    OBSERVED.append(lab.output)
    runs = lab.mlflow.named("final")
    OBSERVED.append(repr(runs)[:100_000])
    if [(r.status, dict(r.params)) for r in runs] != [("FINISHED", {"depth": "3"})]:
        raise AssertionError(f"the runs are {runs!r}, and printed was {lab.output!r}")
