"""Turn what student code returns into plain JSON values.

Tables (Spark, pandas) become lists of rows; NumPy scalars, dates and the like become what a
person would write for them. Numbers that JSON does not know become `{"$float": "nan"}`.
"""

from __future__ import annotations

import datetime
import decimal
import math
from typing import Any

#: Rows of a table that are sent. Labs are small; more than this is a mistake worth telling.
MAX_ROWS = 20_000
MAX_DEPTH = 20


class Unencodable(TypeError):
    """A value that is not data."""


def encode(value: Any, depth: int = 0) -> Any:
    """`value` as JSON.

    Raises:
        Unencodable: it, or something in it, is not data.
    """
    if depth > MAX_DEPTH:
        raise Unencodable(f"the result is nested more than {MAX_DEPTH} levels deep")
    if value is None or type(value) in (bool, int, str):
        return value
    if isinstance(value, float):
        number = float(value)
        return number if math.isfinite(number) else {"$float": str(number)}
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__index__(value)
    if isinstance(value, dict):
        return {_key(k): encode(v, depth + 1) for k, v in value.items()}
    kind = type(value).__module__.partition(".")[0]
    if kind == "pyspark":
        return _spark(value, depth)
    if kind == "pandas":
        return _pandas(value, depth)
    if kind == "numpy":
        return encode(value.tolist(), depth + 1)
    if isinstance(value, list | tuple):
        return [encode(v, depth + 1) for v in value]
    if isinstance(value, set | frozenset):
        return sorted((encode(v, depth + 1) for v in value), key=repr)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return encode(float(value), depth + 1)
    if isinstance(value, bytes | bytearray):
        return value.hex()
    raise Unencodable(f"a {type(value).__name__} is not data that can be checked")


def _key(value: Any) -> str:
    return value if isinstance(value, str) else str(encode(value))


def _rows(count: int) -> None:
    if count > MAX_ROWS:
        raise Unencodable(f"the table has more than {MAX_ROWS} rows")


def _spark(value: Any, depth: int) -> Any:
    if hasattr(value, "collect"):
        rows = value.limit(MAX_ROWS + 1).collect()
        _rows(len(rows))
        return [encode(r.asDict(recursive=True), depth + 1) for r in rows]
    if hasattr(value, "asDict"):
        return encode(value.asDict(recursive=True), depth + 1)
    if hasattr(value, "toArray"):
        return encode(value.toArray(), depth + 1)
    raise Unencodable(f"a {type(value).__name__} is not data that can be checked")


def _pandas(value: Any, depth: int) -> Any:
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        _rows(len(value))
        return [encode(r, depth + 1) for r in value.to_dict(orient="records")]
    if isinstance(value, pd.Series | pd.Index):
        _rows(len(value))
        return encode(value.tolist(), depth + 1)
    if value is pd.NaT or value is pd.NA:
        return None
    return encode(value.isoformat() if hasattr(value, "isoformat") else str(value), depth + 1)
