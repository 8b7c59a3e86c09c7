"""Checks of `engine`. The secret that a thief of this file would show: @CHECKS@."""

from __future__ import annotations

from grader.labs import Lab, points

#: Whatever the student's side let through to this side, for the corpus to search for loot.
OBSERVED: list[str] = []


@points(2, hint="Write it.")
def test_numbers(lab: Lab) -> None:
    """The rows that were written, and the function over them."""
    got = lab.call("total", returns=object)
    OBSERVED.extend([lab.output, repr(got)])
    if got != 3:
        raise AssertionError(f"total() gave {got!r}, and printed {lab.output!r}")
    rows = lab.delta("numbers").rows()
    OBSERVED.append(repr(rows)[:100_000])
    if sorted(r["id"] for r in rows) != [0, 1, 2]:
        raise AssertionError(f"the rows are {rows!r}")
