"""Checks of `probe`. The secret that a thief of this file would show: @CHECKS@."""

from __future__ import annotations

from grader.labs import Lab, points

#: Whatever the student's side let through to this side, for the corpus to search for loot.
OBSERVED: list[str] = []


@points(2, hint="Multiply.")
def test_answer(lab: Lab) -> None:
    """Seven times its argument."""
    OBSERVED.append(lab.output)
    expected = 42
    got = lab.call("answer", 6, returns=object)
    OBSERVED.append(repr(got))
    if got != expected:
        raise AssertionError(f"answer(6) gave {got!r}, and printed {lab.output!r}")


@points(1, hint="Sort.")
def test_order(lab: Lab) -> None:
    """A sorted list."""
    expected = [1, 2, 3]
    got = lab.call("order", [3, 1, 2], returns=object)
    OBSERVED.extend([repr(got), lab.output])
    if got != expected:
        raise AssertionError(f"order([3, 1, 2]) gave {got!r}, and printed {lab.output!r}")
