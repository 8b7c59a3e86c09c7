"""What the host accepts from inside the wall: one strict JSON document per request.

A reply is a line of UTF-8 JSON, at most `MAX_REPLY` bytes, that carries the request's id. Stock
`json.loads` takes NaN, repeated keys and any depth; this module does not, since whatever comes
in was written by a process in which student code runs.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

#: Bytes of one reply. Observations are summaries; a lab that needs more asks wrongly.
MAX_REPLY = 8 << 20
MAX_DEPTH = 32

#: A JSON value, as `json` builds it.
Json = Any


class Malformed(ValueError):
    """A reply that is not one strict JSON document with the right id."""


def encode(message: dict[str, Json]) -> bytes:
    """A request as one line. Numbers that JSON lacks get the form that they come back in.

    Raises:
        TypeError, ValueError: something in it is no data.
    """
    try:
        text = json.dumps(message, allow_nan=False, separators=(",", ":"))
    except ValueError:  # a check may pass on what a student's code answered
        text = json.dumps(_finite(message), allow_nan=False, separators=(",", ":"))
    return text.encode() + b"\n"


def decode(line: bytes, request: str) -> dict[str, Json]:
    """The reply in `line` to the request with id `request`.

    Raises:
        Malformed: too long, not strict JSON, nested too deep, not an object, another id.
    """
    if len(line) > MAX_REPLY:
        raise Malformed(f"the answer is larger than {MAX_REPLY >> 20} MiB")
    try:
        value = json.loads(
            line.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_number,
            parse_int=_integer,
        )
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the answer is not valid JSON ({type(error).__name__})") from error
    if not isinstance(value, dict) or value.get("id") != request:
        raise Malformed("the answer belongs to no request")
    if _depth(value) > MAX_DEPTH:
        raise Malformed(f"the answer is nested more than {MAX_DEPTH} levels deep")
    return value


def _finite(value: Json) -> Json:
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": str(value)}
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    return [_finite(v) for v in value] if isinstance(value, list | tuple) else value


def _object(pairs: list[tuple[str, Json]]) -> Json:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key is repeated")
    if set(result) == {"$float"}:
        if result["$float"] not in ("nan", "inf", "-inf"):
            raise ValueError("not a number")
        return float(result["$float"])
    return result


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _integer(text: str) -> int:
    if len(text) > 400:
        raise ValueError("a number is too large")
    return int(text)


def _depth(value: Json) -> int:
    deepest, layer = 0, [value]
    while layer:
        deepest += 1
        if deepest > MAX_DEPTH:
            return deepest
        layer = [
            child
            for v in layer
            if isinstance(v, dict | list)
            for child in (v.values() if isinstance(v, dict) else v)
        ]
    return deepest
