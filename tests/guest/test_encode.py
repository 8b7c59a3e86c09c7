"""`grader.guest.encode`: what student code returns, as plain JSON values."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from grader.guest.encode import MAX_DEPTH, MAX_ROWS, Unencodable, encode
from grader.sandbox.wire import decode


class Text(str):
    """A text with a class of its own."""

    __slots__ = ()


class Count(int):
    """A number with a class of its own."""


class Level(enum.IntEnum):
    """Numbers with names."""

    LOW = 1


class Color(enum.StrEnum):
    """Texts with names."""

    RED = "red"


class Loud(str):
    """A text that prints as another."""

    __slots__ = ()

    def __str__(self) -> str:
        return self.upper()


class Row:
    """Looks like a row of Spark's."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields

    def asDict(self, recursive: bool = False) -> dict[str, Any]:  # noqa: N802 - the name is Spark's
        """The fields."""
        assert recursive
        return self.fields


class Frame:
    """Looks like a DataFrame of Spark's."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows

    def limit(self, count: int) -> Frame:
        """The first rows."""
        return Frame(self.rows[:count])

    def collect(self) -> list[Row]:
        """All rows."""
        return self.rows


class Vector:
    """Looks like a vector of Spark's ML library."""

    def toArray(self) -> Any:  # noqa: N802 - the name is Spark's
        """The numbers."""
        return np.array([1.0, 2.0])


class Column:
    """Looks like a column, which is an expression and no data."""


for kind in (Row, Frame, Vector, Column):
    kind.__module__ = "pyspark.fake"


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (10**30, 10**30),
        (1.5, 1.5),
        ("ümläut\n", "ümläut\n"),
        (math.nan, {"$float": "nan"}),
        (math.inf, {"$float": "inf"}),
        (-math.inf, {"$float": "-inf"}),
        (Text("x"), "x"),
        (Count(3), 3),
        (Level.LOW, 1),
        (Color.RED, "red"),
        (Loud("x"), "x"),
        ([Level.LOW, {"color": Color.RED}], [1, {"color": "red"}]),
        ({Level.LOW: 1, Color.RED: 2, Text("x"): 3}, {"1": 1, "red": 2, "x": 3}),
        ([1, (2, [3])], [1, [2, [3]]]),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset("ba"), ["a", "b"]),
        ({"a": {1: (math.nan,)}}, {"a": {"1": [{"$float": "nan"}]}}),
        ({None: 1, (1, 2): 2, True: 3}, {"None": 1, "[1, 2]": 2, "True": 3}),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (datetime.datetime(2026, 1, 2, 3, 4, 5, 600), "2026-01-02T03:04:05.000600"),
        (datetime.time(3, 4), "03:04:00"),
        (decimal.Decimal("1.25"), 1.25),
        (decimal.Decimal("NaN"), {"$float": "nan"}),
        (b"\x00\xff", "00ff"),
        (bytearray(b"a"), "61"),
    ],
)
def test_plain_values_become_json(value: object, encoded: object) -> None:
    """Each value is what a person would write for it, and of a plain type."""
    got = encode(value)
    assert got == encoded
    assert type(got) is type(encoded)
    assert json.loads(json.dumps(got, allow_nan=False)) == encoded


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (np.int64(3), 3),
        (np.float64(1.5), 1.5),
        (np.float32(0.5), 0.5),
        (np.float64("nan"), {"$float": "nan"}),
        (np.bool_(True), True),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array([1.0, math.inf]), [1.0, {"$float": "inf"}]),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.str_("ä"), "ä"),
        (np.array(["a"])[0], "a"),
        ({np.str_("a"): np.str_("b")}, {"a": "b"}),
        (np.datetime64("2026-01-02"), "2026-01-02"),
        ([np.int32(1), {"a": np.float64(2.5)}], [1, {"a": 2.5}]),
    ],
)
def test_numpy_values_become_plain(value: object, encoded: object) -> None:
    """Scalars become numbers and arrays become lists."""
    got = encode(value)
    assert got == encoded
    assert type(got) is type(encoded)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (
            pd.DataFrame({"a": [1, 2], "b": ["x", None]}),
            [{"a": 1, "b": "x"}, {"a": 2, "b": None}],
        ),
        (pd.DataFrame({"a": [1.0, None]}), [{"a": 1.0}, {"a": {"$float": "nan"}}]),
        (pd.DataFrame(), []),
        (pd.Series([1, 2]), [1, 2]),
        (pd.Index(["a", "b"]), ["a", "b"]),
        (pd.Timestamp("2026-01-02 03:04"), "2026-01-02T03:04:00"),
        (pd.Timedelta("1D"), "P1DT0H0M0S"),
        (pd.Period("2026-01"), "2026-01"),
        (pd.NaT, None),
        (pd.NA, None),
        (pd.Series([pd.Timestamp("2026-01-02"), pd.NaT]), ["2026-01-02T00:00:00", None]),
    ],
)
def test_pandas_values_become_rows_and_lists(value: object, encoded: object) -> None:
    """A table is a list of rows in its own order, a missing date or value is null."""
    assert encode(value) == encoded


def test_spark_values_become_rows_and_lists() -> None:
    """A table is collected, a row is a mapping, a vector is a list; also within others."""
    rows = [Row(a=1, b=math.nan), Row(a=None, b=2.0)]
    assert encode(Frame(rows)) == [{"a": 1, "b": {"$float": "nan"}}, {"a": None, "b": 2.0}]
    assert encode({"first": rows[0], "v": Vector()}) == {
        "first": {"a": 1, "b": {"$float": "nan"}},
        "v": [1.0, 2.0],
    }


@pytest.mark.parametrize("make", [lambda n: Frame([Row(a=1)] * n), lambda n: pd.Series([1] * n)])
def test_a_table_has_a_limit(make: Any) -> None:
    """The limit itself is sent; one row more is a mistake worth telling."""
    assert len(encode(make(MAX_ROWS))) == MAX_ROWS
    with pytest.raises(Unencodable, match=r"^the table has more than 20000 rows$"):
        encode(make(MAX_ROWS + 1))


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (object(), "object"),
        (lambda: 1, "function"),
        (Column(), "Column"),
        (1 + 2j, "complex"),
        (iter([1]), "list_iterator"),
        (ValueError("x"), "ValueError"),
        ([{"a": object()}], "object"),
    ],
)
def test_what_is_not_data_is_told_by_its_type(value: object, name: str) -> None:
    """Functions, expressions and other objects are refused, wherever they are."""
    with pytest.raises(Unencodable) as caught:
        encode(value)
    assert str(caught.value) == f"a {name} is not data that can be checked"


def test_depth_is_limited_and_a_circle_ends() -> None:
    """A list that holds itself is refused like any that is too deep."""
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(Unencodable, match=rf"nested more than {MAX_DEPTH} levels deep$"):
        encode(circle)
    deep: Any = 1
    for _ in range(MAX_DEPTH):
        deep = [deep]
    assert encode(deep) == deep
    with pytest.raises(Unencodable, match="levels deep"):
        encode([deep])


def test_the_other_side_reads_what_is_sent() -> None:
    """Everything that is encoded passes the host's strict reader, and numbers survive."""
    value = {"rows": [{"a": math.nan, "b": -math.inf, "c": 10**30}], "deep": [[[[1]]]]}
    line = json.dumps({"id": "7", "value": encode(value)}, allow_nan=False).encode()
    got = decode(line, "7")["value"]
    assert math.isnan(got["rows"][0].pop("a"))
    assert got == {"rows": [{"b": -math.inf, "c": 10**30}], "deep": [[[[1]]]]}
