"""What `create_table` and `register_table` are told: keys, a time among them, tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from grader.guest.features import deltas, names

#: Types of a column that a time can be in.
TIMES = ("timestamp", "timestamp_ntz", "date")


def keys_of(primary: Any, timestamp: Any, schema: Any) -> tuple[list[str], list[str]]:
    """The keys without the time, and the time.

    Raises:
        TypeError: they are no names.
        ValueError: they are no keys for this schema.
    """
    times = names.columns(timestamp or [], "timestamp_keys")
    keys = [k for k in names.columns(primary, "primary_keys") if k not in times]
    if not keys:
        raise ValueError("a feature table needs at least one primary key besides its time")
    if len(times) > 1:
        raise ValueError("a feature table has one timestamp key at most")
    among([*keys, *times], schema, "the keys")
    kinds = deltas.types(schema)
    if times and kinds[times[0]] not in TIMES:
        raise ValueError(
            f"the timestamp key {times[0]!r} must be a timestamp or a date, not {kinds[times[0]]}"
        )
    return keys, times


def among(columns: Sequence[str], schema: Any, what: str) -> None:
    """See that a schema has `columns`; `what` they are is told.

    Raises:
        ValueError: it lacks one.
    """
    for name in columns:
        if name not in schema.names:
            raise ValueError(f"{what}: there is no column {name!r} (there are {schema.names})")


def tags_of(tags: Mapping[str, str] | None) -> dict[str, str]:
    """Tags as texts.

    Raises:
        TypeError: they are no dictionary.
    """
    if not isinstance(tags or {}, Mapping):
        raise TypeError(f"tags must be a dictionary (got {tags!r})")
    return {str(k): str(v) for k, v in (tags or {}).items()}
