"""Join features to rows: by key, or by key as of a time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from grader.guest.features.deltas import column
from grader.guest.features.spec import LookupSpec


def looked_up(df: Any, table: Any, lookup: LookupSpec) -> Any:
    """`df` with the features of `lookup` that are in `table`: every row once, whatever is known.

    Unknown keys give nulls, or the defaults. As of a time, the row of the table counts that is
    the latest at that time, with the nulls that it may have.
    """
    found = _as_of(df, table, lookup) if lookup.timestamp_key else _by_key(df, table, lookup)
    return _with_defaults(found, lookup)


def without(lookup: LookupSpec, names: Collection[str]) -> LookupSpec:
    """A lookup without the outputs of these names."""
    outputs = {f: o for f, o in lookup.outputs.items() if o not in names}
    defaults = {o: v for o, v in lookup.defaults.items() if o not in names}
    return replace(lookup, outputs=outputs, defaults=defaults)


def _by_key(df: Any, table: Any, lookup: LookupSpec) -> Any:
    keys = [f"__key_{i}" for i in range(len(lookup.primary_keys))]
    right = table.select(
        *(column(k).alias(alias) for k, alias in zip(lookup.primary_keys, keys, strict=True)),
        *(column(feature).alias(output) for feature, output in lookup.outputs.items()),
    )
    from pyspark.sql import functions as F  # noqa: N812 - as Spark is written

    on = F.lit(True)
    for mine, theirs in zip(lookup.lookup_key, keys, strict=True):
        on = on & (F.col(f"__rows.`{mine}`") == F.col(theirs))
    return df.alias("__rows").join(right, on, "left").drop(*keys)


def _as_of(df: Any, table: Any, lookup: LookupSpec) -> Any:
    """All in one pass: rows and features of a key in the order of time, each row after features
    of its own time, and for each the last feature before it."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F  # noqa: N812 - as Spark is written

    time, asked = lookup.timestamp_key, lookup.timestamp_lookup_key
    assert time is not None and asked is not None
    keys = [f"__key_{i}" for i in range(len(lookup.primary_keys))]
    kinds = {f.name: f.dataType for f in table.schema.fields}
    known = [column(k).isNotNull() for k in (*lookup.primary_keys, time)]
    features = table
    for condition in known:
        features = features.where(condition)
    features = features.select(
        *(column(k).alias(alias) for k, alias in zip(lookup.primary_keys, keys, strict=True)),
        column(time).cast("timestamp").alias("__at"),
        F.struct(
            column(time).cast("timestamp").alias("__at"),
            *(column(feature).alias(output) for feature, output in lookup.outputs.items()),
        ).alias("__found"),
    )
    rows = df.select(
        *(
            column(mine).cast(kinds[k]).alias(alias)
            for mine, k, alias in zip(lookup.lookup_key, lookup.primary_keys, keys, strict=True)
        ),
        column(asked).cast("timestamp").alias("__at"),
        F.struct(*map(column, df.columns)).alias("__row"),
    )
    nothing = F.lit(None).cast(features.schema["__found"].dataType)
    nobody = F.lit(None).cast(rows.schema["__row"].dataType)
    order = [*keys, "__at", "__found", "__row", "__asks"]
    both = (
        rows.withColumn("__found", nothing)
        .withColumn("__asks", F.lit(1))
        .select(*order)
        .union(features.withColumn("__row", nobody).withColumn("__asks", F.lit(0)).select(*order))
    )
    window = (
        Window.partitionBy(*keys)
        .orderBy("__at", "__asks")
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    latest = both.withColumn("__last", F.last("__found", ignorenulls=True).over(window))
    latest = latest.where("__asks = 1")
    last = F.col("__last")
    if lookup.lookback_seconds is not None:
        age = F.unix_micros("__at") - F.unix_micros("__last.__at")
        last = F.when(age <= round(lookup.lookback_seconds * 1_000_000), last)
    outputs = lookup.outputs.values()
    return latest.withColumn("__last", last).select(
        *(F.col(f"__row.`{name}`").alias(name) for name in df.columns),
        *(F.col(f"__last.`{name}`").alias(name) for name in outputs),
    )


def _with_defaults(df: Any, lookup: LookupSpec) -> Any:
    from pyspark.sql import functions as F  # noqa: N812 - as Spark is written

    for name, default in lookup.defaults.items():
        kind = df.schema[name].dataType
        df = df.withColumn(name, F.coalesce(column(name), F.lit(default).cast(kind)))
    return df
