"""Complete a caller's rows from the online store: automatic feature lookup, without Spark."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grader.guest.features import online
from grader.guest.features.spec import FeatureSpec, LookupSpec


class Incomplete(ValueError):
    """Rows lack columns that no feature table has, or that a lookup goes by."""


def complete(
    workspace: Path, spec: FeatureSpec, records: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """For each record exactly `spec.inputs`: its own values, else what is online, else a default.

    A key that is not online gives None (or the default). A feature that a record has, even as
    None, is not looked up.

    Raises:
        Incomplete: a record lacks a column; the message names all that are lacking.
        online.NoOnlineTable: features are wanted of a table that is not published.
    """
    rows = [dict(record) for record in records]
    lacking = sorted({name for row in rows for name in missing(spec, row)})
    if lacking:
        raise Incomplete(f"the input lacks {', '.join(map(repr, lacking))}")
    for lookup in spec.lookups:
        _fill(workspace, lookup, rows)
    return [{name: row.get(name) for name in spec.inputs} for row in rows]


def missing(spec: FeatureSpec, row: Mapping[str, Any]) -> set[str]:
    """Columns that `row` must have and has not, given the features that it has."""
    wanted = {name for name in spec.from_caller if name not in row}
    for lookup in spec.lookups:
        if any(name not in row for name in lookup.outputs.values()):
            wanted |= {name for name in lookup.needs if name not in row}
    return wanted


def _fill(workspace: Path, lookup: LookupSpec, rows: list[dict[str, Any]]) -> None:
    open_rows = [row for row in rows if any(o not in row for o in lookup.outputs.values())]
    if not open_rows:
        return
    keys = [[row[k] for k in lookup.lookup_key] for row in open_rows]
    for row, found in zip(open_rows, online.lookup(workspace, lookup.table, keys), strict=True):
        known = found if found is not None and _in_time(lookup, row, found) else {}
        for feature, output in lookup.outputs.items():
            if output not in row:
                value = known.get(feature)
                row[output] = lookup.defaults.get(output) if value is None else value


def _in_time(lookup: LookupSpec, row: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether what is online was known at the caller's time, and is not too old for the lookup."""
    if lookup.timestamp_key is None or lookup.timestamp_lookup_key is None:
        return True
    at, asked = _moment(found.get(lookup.timestamp_key)), _moment(row[lookup.timestamp_lookup_key])
    if at is None or asked is None or at > asked:
        return False
    return lookup.lookback_seconds is None or (
        (asked - at).total_seconds() <= lookup.lookback_seconds
    )


def _moment(value: Any) -> datetime.datetime | None:
    """A date or time, or its ISO text, as a time in UTC without saying so."""
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime.datetime):
        zoned = value.tzinfo is not None
        return value.astimezone(datetime.UTC).replace(tzinfo=None) if zoned else value
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day)
    return None
