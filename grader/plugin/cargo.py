"""A verdict on a report: put there where it was decided, taken out where grades are assembled.

With pytest-xdist a report crosses from a worker to the controller, so it carries plain values.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from grader.core.grade import result_to_json
from grader.core.verdict import Result, Verdict
from grader.plugin.nodes import GradedItem

_ATTRIBUTE = "grader"


def load(report: pytest.TestReport, item: GradedItem) -> None:
    """Put the verdict of `item`, which has one, on `report`."""
    setattr(report, _ATTRIBUTE, _pack(item))


def unload(report: pytest.TestReport) -> tuple[str, Result, float] | None:
    """Submission folder, result and seconds spent; None if the report carries none."""
    found = getattr(report, _ATTRIBUTE, None)
    return None if found is None else _unpack(found)


def _pack(item: GradedItem) -> dict[str, Any]:
    r = item.result
    assert r is not None  # checked by the caller
    return {
        "student": item.student,
        "spent": item.spent,
        "paper": r.paper,
        "name": r.name,
        **result_to_json(r),
        "given": list(r.given) if isinstance(r.given, tuple) else r.given,
    }


def _unpack(cargo: dict[str, Any]) -> tuple[str, Result, float]:
    c = dict(cargo)
    student, spent, given = c.pop("student"), c.pop("spent"), c.pop("given")
    result = Result(
        **{
            **c,
            "verdict": Verdict(c["verdict"]),
            "points": None if c["points"] is None else Fraction(c["points"]),
            "maximum": Fraction(c["maximum"]),
            "given": tuple(given) if isinstance(given, list) else given,
        }
    )
    return student, result, spent
