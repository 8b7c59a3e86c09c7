"""Mark a check with what it is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.labs.lab import Lab

    Check = Callable[[Lab], None]

#: The attribute under which a check carries its worth.
ATTRIBUTE = "__grader_points__"


@dataclass(frozen=True, slots=True)
class Worth:
    """Points of a check, the hint that a failure shows, and its topic if not the lab's first."""

    points: Fraction
    hint: str
    topic: str


def points(worth: int | str, *, hint: str, topic: str = "") -> Callable[[Check], Check]:
    """Decorate a check: `worth` is a whole number or an exact fraction such as `"1/2"`.

    Raises:
        ValueError: the worth is not positive, or the hint is empty.
    """
    try:
        value = Fraction(worth)
    except ZeroDivisionError:
        value = Fraction(0)
    if value <= 0:
        raise ValueError(f"points must be more than 0 (got {worth!r})")
    if not hint.strip():
        raise ValueError("a check needs a hint: what should the student look at?")

    def decorate(check: Check) -> Check:
        setattr(check, ATTRIBUTE, Worth(value, hint, topic))
        return check

    return decorate
