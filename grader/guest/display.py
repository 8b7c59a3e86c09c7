"""Databricks' `display`: show a table or a value. Here it prints."""

from __future__ import annotations

from typing import Any

ROWS = 20


def display(value: Any = None, *_: Any, **__: Any) -> None:
    """Print `value`, the first rows of it if it is a table."""
    if hasattr(value, "toPandas"):
        value = value.limit(ROWS).toPandas()
    if hasattr(value, "head") and hasattr(value, "to_string"):
        print(value.head(ROWS).to_string())
    else:
        print(value)
