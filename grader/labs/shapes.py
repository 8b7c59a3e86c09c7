"""Say what form an observation must have, so that a check may rely on it.

`returns=int` or `returns=list[dict[str, float]]`: whatever else a student's code answers fails
the check with a sentence, instead of breaking it half-way.
"""

from __future__ import annotations

import types
from typing import Any, Union, get_args, get_origin

_NAMES = {int: "a whole number", float: "a number", str: "text", bool: "True or False"}


def misfit(value: Any, shape: Any, place: str = "the result") -> str:
    """Why `value` does not have `shape`; empty if it has."""
    if shape is Any or shape is object:
        return ""
    origin, args = get_origin(shape), get_args(shape)
    if origin in (Union, types.UnionType):
        if any(not misfit(value, a, place) for a in args):
            return ""
        return f"{place} must be {' or '.join(name(a) for a in args)} (got {got(value)})"
    if origin is list or shape is list:
        if not isinstance(value, list):
            return f"{place} must be a list (got {got(value)})"
        inner = args[0] if args else Any
        wrong = (misfit(v, inner, f"entry {i + 1} of {place}") for i, v in enumerate(value))
        return next((w for w in wrong if w), "")
    if origin is dict or shape is dict:
        if not isinstance(value, dict):
            return f"{place} must be a mapping (got {got(value)})"
        inner = args[1] if args else Any
        wrong = (misfit(v, inner, f"{k!r} of {place}") for k, v in value.items())
        return next((w for w in wrong if w), "")
    if shape in (None, type(None)):
        return "" if value is None else f"{place} must be None (got {got(value)})"
    # JSON has one kind of number; an integer that no float can hold is none.
    fits = type(value) is shape or (
        shape is float and type(value) is int and abs(value) < 1 << 1000
    )
    return "" if fits else f"{place} must be {name(shape)} (got {got(value)})"


def name(shape: Any) -> str:
    """A shape in words."""
    if shape in (None, type(None)):
        return "None"
    return _NAMES.get(shape) or str(getattr(get_origin(shape) or shape, "__name__", shape))


def got(value: Any) -> str:
    """A value in a few words."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
