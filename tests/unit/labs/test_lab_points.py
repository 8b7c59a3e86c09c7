"""`grader.labs.points` and `grader.labs.shapes`: what lab authors write their checks with."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from grader.labs import Lab, points
from grader.labs.points import ATTRIBUTE, Worth
from grader.labs.shapes import got, misfit, name


def check(lab: Lab) -> None:
    """A check to decorate."""


@pytest.mark.parametrize(
    ("worth", "value"), [(1, "1"), (3, "3"), ("1/2", "1/2"), ("3", "3"), ("0.1", "1/10")]
)
def test_points_are_exact(worth: int | str, value: str) -> None:
    """Whole numbers and fractions in text; nothing passes through a float."""
    marked = points(worth, hint="look")(check)
    assert marked is check
    assert getattr(marked, ATTRIBUTE) == Worth(Fraction(value), "look", "")


def test_a_check_may_name_its_topic() -> None:
    """The topic goes with the points."""
    marked = points(1, hint="look", topic="files")(check)
    assert getattr(marked, ATTRIBUTE).topic == "files"


@pytest.mark.parametrize("worth", [0, -1, "0", "-1/2", "1/0", "0/0"])
def test_a_check_must_be_worth_something(worth: int | str) -> None:
    """A check without points would prove nothing."""
    with pytest.raises(ValueError, match=rf"^points must be more than 0 \(got {worth!r}\)$"):
        points(worth, hint="look")


@pytest.mark.parametrize("worth", ["x", "", "1/2/3"])
def test_points_must_be_a_number(worth: str) -> None:
    """Anything else is refused where it is written."""
    with pytest.raises(ValueError, match="Invalid literal for Fraction"):
        points(worth, hint="look")


@pytest.mark.parametrize("hint", ["", "  \n"])
def test_a_check_must_have_a_hint(hint: str) -> None:
    """A student who fails a check is told where to look."""
    with pytest.raises(
        ValueError, match=r"^a check needs a hint: what should the student look at\?$"
    ):
        points(1, hint=hint)


NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (3, int),
        (3, float),
        (3.5, float),
        (NAN, float),
        ((1 << 1000) - 1, float),
        (-((1 << 1000) - 1), float),
        (10**400, int),
        ("x", str),
        (True, bool),
        (None, None),
        (None, type(None)),
        ([], list),
        ([1, "a"], list),
        ([], list[int]),
        ([1, 2], list[int]),
        ([1, 2.5], list[float]),
        ({}, dict),
        ({"a": 1}, dict[str, int]),
        ([{"a": 1.5}, {}], list[dict[str, float]]),
        (None, int | None),
        (3, int | None),
        ([1], list[int] | str),
        ({"a": None}, dict[str, str | None]),
        (object(), object),
        ([1, {"x": "y"}], Any),
    ],
)
def test_a_value_fits_its_shape(value: object, shape: Any) -> None:
    """Whole numbers are numbers; an empty list is a list of anything."""
    assert misfit(value, shape) == ""


@pytest.mark.parametrize(
    ("value", "shape", "message"),
    [
        ("3", int, "the result must be a whole number (got '3')"),
        (3.0, int, "the result must be a whole number (got 3.0)"),
        (True, int, "the result must be a whole number (got True)"),
        (NAN, int, "the result must be a whole number (got nan)"),
        (True, float, "the result must be a number (got True)"),
        ("1.5", float, "the result must be a number (got '1.5')"),
        (10**400, float, f"the result must be a number (got 1{'0' * 56}...)"),
        (-(10**400), float, f"the result must be a number (got -1{'0' * 55}...)"),
        (
            [1, 1 << 1000],
            list[float],
            f"entry 2 of the result must be a number (got {str(1 << 1000)[:57]}...)",
        ),
        (None, float, "the result must be a number (got None)"),
        (3, str, "the result must be text (got 3)"),
        (1, bool, "the result must be True or False (got 1)"),
        (0, None, "the result must be None (got 0)"),
        ("ab", list, "the result must be a list (got 'ab')"),
        ({"a": 1}, list, "the result must be a list (got {'a': 1})"),
        ([1], dict, "the result must be a mapping (got [1])"),
        ([1, "a", None], list[int], "entry 2 of the result must be a whole number (got 'a')"),
        ({"a": 1, "b": "x"}, dict[str, int], "'b' of the result must be a whole number (got 'x')"),
        (
            [{"a": 1.5}, {"a": "x"}],
            list[dict[str, float]],
            "'a' of entry 2 of the result must be a number (got 'x')",
        ),
        ("x", int | None, "the result must be a whole number or None (got 'x')"),
        (3, list[int] | str, "the result must be list or text (got 3)"),
        ("x" * 100, int, f"the result must be a whole number (got '{'x' * 56}...)"),
    ],
)
def test_a_misfit_is_told_in_a_sentence(value: object, shape: Any, message: str) -> None:
    """Where in the result, what it must be, and what it is."""
    assert misfit(value, shape) == message


def test_a_misfit_names_its_place() -> None:
    """The caller says what is looked at."""
    assert misfit([1, "x"], list[int], "the prediction") == (
        "entry 2 of the prediction must be a whole number (got 'x')"
    )


def test_shapes_and_values_are_short_in_words() -> None:
    """Names of shapes are for people, and a value takes at most sixty characters."""
    assert [name(s) for s in (int, float, str, bool, None, list[int], dict)] == [
        "a whole number",
        "a number",
        "text",
        "True or False",
        "None",
        "list",
        "dict",
    ]
    assert got("x" * 58) == repr("x" * 58)
    assert len(got("x" * 59)) == 60
