"""Names of feature tables: one, two or three parts, all in the one catalog that a lab has."""

from __future__ import annotations

import re
from typing import Any

#: Catalogs that stand for the lab's own. A lab has no Unity Catalog.
CATALOGS = ("spark_catalog", "hive_metastore", "main", "workspace")
_PART = re.compile(r"[^\s.`/]+")


def table(name: Any, schema: str = "default") -> str:
    """`name` as `schema.table`, in lower case as Spark keeps it; `schema` is the current one.

    Raises:
        TypeError: it is no text.
        ValueError: it is no name of a table, or of another catalog.
    """
    if not isinstance(name, str):
        raise TypeError(f"a feature table's name must be text, not {type(name).__name__}")
    parts = name.replace("`", "").lower().split(".")
    if not 1 <= len(parts) <= 3 or not all(_PART.fullmatch(part) for part in parts):
        raise ValueError(
            f"{name!r} is no name of a feature table: write table, schema.table or "
            "catalog.schema.table"
        )
    if len(parts) == 3 and parts[0] not in CATALOGS:
        raise ValueError(f"there is no catalog {parts[0]!r}; the lab's is called {CATALOGS[0]!r}")
    return ".".join(parts[-2:] if len(parts) > 1 else [schema.lower(), parts[0]])


def three_parts(name: Any) -> str:
    """The name of an online table, which must have all its parts.

    Raises:
        ValueError: it has not.
    """
    if not isinstance(name, str) or not re.fullmatch(r"[^\s.]+(\.[^\s.]+){2}", name):
        raise ValueError(
            f"online_table_name must be catalog.schema.table (got {name!r}), the name that the "
            "online table gets"
        )
    return name.lower()


def columns(value: Any, what: str) -> list[str]:
    """One column's name or several, as a list.

    Raises:
        TypeError: `value` is something else; `what` it is called is told.
        ValueError: one is there twice.
    """
    found = [value] if isinstance(value, str) else list(value) if _several(value) else None
    if found is None or not all(isinstance(name, str) and name for name in found):
        raise TypeError(f"{what} must be a column's name or a list of them (got {value!r})")
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        raise ValueError(f"{what} has {twice[0]!r} twice")
    return found


def _several(value: Any) -> bool:
    return isinstance(value, list | tuple)
