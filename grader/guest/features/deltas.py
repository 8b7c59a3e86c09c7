"""Feature tables as Delta tables: created, merged into, replaced, read as of a time.

Functions take full names (`schema.table`) and the keys that tell rows apart.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any


def quoted(name: str) -> str:
    """A column's or table's name as SQL takes it."""
    return ".".join(f"`{part}`" for part in name.split("."))


def column(name: str) -> Any:
    """A column by exactly this name, dots and all."""
    from pyspark.sql import functions as F  # noqa: N812 - as Spark is written

    return F.col(f"`{name}`")


def frame(df: Any, what: str = "df") -> Any:
    """`df`, if it is a Spark DataFrame.

    Raises:
        TypeError: it is something else.
    """
    from pyspark.sql import DataFrame

    if not isinstance(df, DataFrame):
        told = type(df).__module__.partition(".")[0]
        hint = "; spark.createDataFrame makes one of a pandas DataFrame" if told == "pandas" else ""
        raise TypeError(f"{what} must be a Spark DataFrame, not {type(df).__name__}{hint}")
    return df


def types(schema: Any) -> dict[str, str]:
    """Every column of a Spark schema with its type in words."""
    return {f.name: f.dataType.simpleString() for f in schema.fields}


def partitions(spark: Any, name: str) -> list[str]:
    """The columns by which a table is partitioned."""
    return [c.name for c in spark.catalog.listColumns(name) if c.isPartition]


def create(spark: Any, name: str, df: Any, partition_columns: Sequence[str]) -> None:
    """Make a Delta table of `df`.

    Raises:
        ValueError: its schema does not exist.
    """
    schema = name.partition(".")[0]
    if not spark.catalog.databaseExists(schema):
        raise ValueError(f"there is no schema {schema!r}; CREATE SCHEMA {schema} makes one")
    writer = df.write.format("delta")
    if partition_columns:
        writer = writer.partitionBy(*partition_columns)
    writer.saveAsTable(quoted(name))


def without_twins(df: Any, keys: Sequence[str]) -> None:
    """See that no two rows have the same keys.

    One pass, and compared here: for the some hundred rows of a lab, grouping takes several times
    as long. As where Spark groups, nulls are alike, and what is no number.

    Raises:
        ValueError: two have.
    """
    seen = set()
    for row in df.select(*map(column, keys)).collect():
        key = tuple(_alike(value) for value in row)
        if key in seen:
            told = dict(zip(keys, row, strict=True))
            raise ValueError(f"df has several rows of one key, {told}: keys must be unique")
        seen.add(key)


def _alike(value: Any) -> Any:
    """`value`, so that what Spark takes for the same is equal, and can be looked up."""
    if isinstance(value, float):
        return "NaN" if value != value else value
    return value if isinstance(value, Hashable) else repr(value)


def fits(df: Any, table: Any, name: str, keys: Sequence[str], *, whole: bool) -> None:
    """See that `df` can be written to `table`; `whole`: it must have every column.

    Raises:
        ValueError: it lacks keys or columns, or has one of another type.
    """
    old, new = types(table.schema), types(df.schema)
    lacking = [k for k in keys if k not in new]
    if lacking:
        raise ValueError(f"df lacks {_told(lacking)}, a key of the feature table {name!r}")
    for column_, kind in new.items():
        if old.get(column_, kind) != kind:
            raise ValueError(
                f"{column_!r} is {old[column_]} in the feature table {name!r} and {kind} in df: "
                "a feature keeps its type"
            )
    missing = [c for c in old if c not in new]
    if whole and missing:
        raise ValueError(
            f"df lacks {_told(missing)}: rows of a time series feature table are written whole"
        )


def widen(spark: Any, name: str, df: Any) -> None:
    """Add to a table the columns of `df` that it has not."""
    old = set(spark.table(quoted(name)).columns)
    fresh = [f"`{c}` {kind}" for c, kind in types(df.schema).items() if c not in old]
    if fresh:
        spark.sql(f"ALTER TABLE {quoted(name)} ADD COLUMNS ({', '.join(fresh)})")


def merge(spark: Any, name: str, df: Any, keys: Sequence[str]) -> None:
    """Update the rows of the same keys, as far as `df` has columns, and insert the others."""
    from delta.tables import DeltaTable

    on = " AND ".join(f"old.`{k}` = new.`{k}`" for k in keys)
    rest: dict[str, Any] = {f"`{c}`": f"new.`{c}`" for c in df.columns if c not in keys}
    table = DeltaTable.forName(spark, quoted(name)).alias("old")
    step = table.merge(df.alias("new"), on)
    if rest:
        step = step.whenMatchedUpdate(set=rest)
    everything: dict[str, Any] = {f"`{c}`": f"new.`{c}`" for c in df.columns}
    step.whenNotMatchedInsert(values=everything).execute()


def overwrite(spark: Any, name: str, df: Any) -> None:
    """Replace all rows; columns that `df` lacks stay and are empty."""
    from pyspark.sql import functions as F  # noqa: N812 - as Spark is written

    kept = spark.table(quoted(name)).schema.fields
    there = set(df.columns)
    whole = df.select(
        *(
            column(f.name) if f.name in there else F.lit(None).cast(f.dataType).alias(f.name)
            for f in kept
        )
    )
    whole.writeTo(quoted(name)).overwrite(F.lit(True))


def read(spark: Any, name: str, timestamp: Any = None) -> Any:
    """A table now, or as of a date or time.

    Raises:
        TypeError: `timestamp` is no text.
    """
    if timestamp is None:
        return spark.table(quoted(name))
    if not isinstance(timestamp, str):
        raise TypeError(
            "as_of_delta_timestamp must be text such as '2024-01-31' or "
            f"'2024-01-31T12:30:00.000Z' (got {timestamp!r})"
        )
    return spark.read.option("timestampAsOf", timestamp).table(quoted(name))


def _told(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
