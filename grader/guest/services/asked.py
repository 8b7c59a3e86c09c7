"""What a request asks for: its fields, from a JSON body or the query, whichever has them.

Clients differ: one deletes by a query and another by a body, and curl sends JSON as a form.
"""

from __future__ import annotations

from typing import Any

from flask import request

from grader.guest.services.errors import ApiError, invalid


def fields() -> dict[str, Any]:
    """The fields of the current request.

    Raises:
        ApiError: its body is no JSON object.
    """
    asked: dict[str, Any] = {}
    for key, values in request.args.lists():
        asked[key] = values[0] if len(values) == 1 else values
    if request.get_data():
        body = request.get_json(force=True, silent=True)
        if not isinstance(body, dict):
            raise ApiError(400, "MALFORMED_REQUEST", "the request's body must be a JSON object")
        asked.update(body)
    return asked


def text(asked: dict[str, Any], name: str) -> str:
    """A field that must be there, a text; a number is taken for one.

    Raises:
        ApiError: it is missing or something else.
    """
    value = asked.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value:
        raise invalid(f"{name!r} is missing" if value in (None, "") else f"{name!r} must be text")
    return value


def whole(asked: dict[str, Any], name: str, default: int | None = None) -> int:
    """A field that is a whole number, or its digits.

    Raises:
        ApiError: it is something else, or missing without a default.
    """
    value = asked.get(name)
    if value is None and default is not None:
        return default
    try:
        return int(text(asked, name))
    except ValueError:
        raise invalid(f"{name!r} must be a whole number (got {value!r})") from None


def flag(asked: dict[str, Any], name: str, default: bool = False) -> bool:
    """A field that is true or false; queries have texts for that."""
    value = asked.get(name, default)
    return value.lower() == "true" if isinstance(value, str) else bool(value)
