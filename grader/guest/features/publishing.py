"""Bring a feature table online: once, or as it changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from grader.guest.features import deltas, names, online
from grader.guest.features.catalog import Entry
from grader.guest.features.deltas import column
from grader.guest.features.online import OnlineTable


def target(
    entry: Entry, schema: Any, store: str, name: str, features: Any, mode: str
) -> OnlineTable:
    """The online table of a feature table: its keys and `features`, or all columns for None.

    Raises:
        ValueError: a feature that there is not.
    """
    kinds = deltas.types(schema)
    wanted = list(kinds) if features is None else names.columns(features, "features")
    for feature in wanted:
        if feature not in kinds:
            raise ValueError(f"the feature table {entry.name!r} has no feature {feature!r}")
    columns = {c: kind for c, kind in kinds.items() if c in wanted or c in entry.keys}
    return OnlineTable(store, name, entry.name, entry.primary_keys, columns, mode)


def publish(workspace: Path, entry: Entry, rows: Any, table: OnlineTable, *, replace: bool) -> None:
    """Write `rows` of a feature table to its online table, of a time series the latest a key."""
    found = (row.asDict(recursive=True) for row in _ready(rows, entry, table).collect())
    online.publish(workspace, table, found, replace=replace)


def stream(
    workspace: Path,
    entry: Entry,
    rows: Any,
    table: OnlineTable,
    checkpoint: str | None,
    trigger: Mapping[str, Any],
) -> Any:
    """Publish a streaming `rows` as it comes; its query."""

    def batch(part: Any, _: int) -> None:
        publish(workspace, entry, part, table, replace=False)

    return started(rows.writeStream, batch, checkpoint, trigger)


def started(
    writer: Any,
    batch: Callable[[Any, int], None],
    checkpoint: str | None,
    trigger: Mapping[str, Any],
) -> Any:
    """A started query that gives every micro-batch to `batch`."""
    if checkpoint:
        writer = writer.option("checkpointLocation", checkpoint)
    return writer.foreachBatch(batch).trigger(**trigger).start()


def _ready(rows: Any, entry: Entry, table: OnlineTable) -> Any:
    """The table's columns, one row a key, times as texts are written for them."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F  # noqa: N812 - as Spark is written

    if entry.timestamp_keys:
        latest = Window.partitionBy(*map(column, entry.primary_keys))
        latest = latest.orderBy(column(entry.timestamp_keys[0]).desc())
        rows = rows.withColumn("__rank", F.row_number().over(latest)).where("__rank = 1")
    # Without a zone a time stays what the session shows, whatever zone this machine is in.
    return rows.select(
        *(
            (column(c).cast("timestamp_ntz") if kind == "timestamp" else column(c)).alias(c)
            for c, kind in table.columns.items()
        )
    )
