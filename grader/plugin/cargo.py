"""A verdict on a report: put there where it was decided, taken out where grades are assembled.

With pytest-xdist a report crosses from a worker to the controller, and carries plain values then.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from grader.core.grade import result_to_json
from grader.core.verdict import Result, Verdict
from grader.plugin.nodes import GradedItem

_ATTRIBUTE = "grader"


def load(report: pytest.TestReport, item: GradedItem, travels: bool) -> None:
    """Put the verdict of `item`, which has one, on `report`; packed if it `travels`."""
    assert item.result is not None
    found = item.student, item.result, item.spent
    setattr(report, _ATTRIBUTE, _pack(*found) if travels else found)


def unload(report: pytest.TestReport) -> tuple[str, Result, float] | None:
    """Take submission folder, result and seconds spent off `report`; None if it carries none.

    They are gone from it then: pytest keeps a report until the end of the run.
    """
    found = vars(report).pop(_ATTRIBUTE, None)
    return _unpack(found) if isinstance(found, dict) else found


def _pack(student: str, r: Result, spent: float) -> dict[str, Any]:
    return {
        "student": student,
        "spent": spent,
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
