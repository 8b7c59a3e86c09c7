"""The Feature Store itself: what both clients do, whatever they call their arguments."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from grader.guest.features import catalog, deltas, names, online, publishing, training_set
from grader.guest.features.catalog import Entry
from grader.guest.features.feature_table import FeatureTable
from grader.guest.features.keys import among, keys_of, tags_of
from grader.guest.features.lookup import FeatureLookup
from grader.guest.features.spec import LookupSpec
from grader.guest.features.training_set import TrainingSet


class Store:
    """Feature tables of one lab. Names are as students write them.

    Every method that takes the name of a feature table raises ValueError if there is none.
    """

    @property
    def spark(self) -> Any:
        """The lab's session."""
        from pyspark.sql import SparkSession

        return SparkSession.builder.getOrCreate()

    @property
    def workspace(self) -> Path:
        """The lab's folder: Spark's warehouse lies in it."""
        return Path(urlparse(self.spark.conf.get("spark.sql.warehouse.dir")).path).parent

    def create(
        self,
        name: str,
        primary_keys: Any,
        df: Any,
        timestamp_keys: Any,
        partition_columns: Any,
        schema: Any,
        description: str | None,
        tags: Mapping[str, str] | None,
    ) -> FeatureTable:
        """Make a feature table, or return the one that is there if it is the same.

        Raises:
            TypeError: an argument is of another kind.
            ValueError: arguments contradict each other, or there is another table of this name.
        """
        full = self.full(name)
        if df is None and schema is None:
            raise ValueError("a feature table needs df, or a schema")
        if df is not None:
            deltas.frame(df)
            if df.isStreaming:
                raise ValueError("create_table takes no streaming df: give its schema, then write")
            if schema is not None and deltas.types(schema) != deltas.types(df.schema):
                raise ValueError("schema and df do not have the same columns")
        schema = schema if df is None else df.schema
        keys, times = keys_of(primary_keys, timestamp_keys, schema)
        partitions = names.columns(partition_columns or [], "partition_columns")
        among(partitions, schema, "partition_columns")
        if times and partitions:
            raise ValueError("a time series feature table cannot have partition columns")
        if self._there(full):
            return self._same(full, keys, times, partitions, schema)
        if df is not None:
            deltas.without_twins(df, [*keys, *times])
        rows = self.spark.createDataFrame([], schema) if df is None else df
        deltas.create(self.spark, full, rows, partitions)
        catalog.put(self.workspace, full, keys, times, description, tags_of(tags))
        return self.table(name)

    def register(
        self,
        name: str,
        primary_keys: Any,
        timestamp_keys: Any,
        description: str | None,
        tags: Mapping[str, str] | None,
    ) -> FeatureTable:
        """Make a Delta table a feature table.

        Raises:
            ValueError: there is none, its keys are not unique, or it is one with other keys.
        """
        full = self.full(name)
        if not self._there(full):
            raise ValueError(f"there is no Delta table {full!r} to register")
        table = deltas.read(self.spark, full)
        keys, times = keys_of(primary_keys, timestamp_keys, table.schema)
        partitions = deltas.partitions(self.spark, full)
        if times and partitions:
            raise ValueError("a time series feature table cannot have partition columns")
        if catalog.get(self.workspace, full):
            return self._same(full, keys, times, partitions, table.schema)
        deltas.without_twins(table, [*keys, *times])
        catalog.put(self.workspace, full, keys, times, description, tags_of(tags))
        return self.table(name)

    def table(self, name: str) -> FeatureTable:
        """What is known of a feature table."""
        entry = self.entry(name)
        columns = self.spark.table(deltas.quoted(entry.name)).columns
        published = [t for t in online.tables(self.workspace) if t.source == entry.name]
        return FeatureTable(
            name=entry.name,
            table_id=f"{entry.name}@{entry.created}",
            description=entry.description,
            primary_keys=list(entry.primary_keys),
            partition_columns=deltas.partitions(self.spark, entry.name),
            features=[c for c in columns if c not in entry.keys],
            creation_timestamp=entry.created,
            online_stores=[t.store for t in published],
            timestamp_keys=list(entry.timestamp_keys),
            tags=dict(entry.tags),
        )

    def entry(self, name: str) -> Entry:
        """What the catalog knows of a feature table."""
        full = self.full(name)
        there = self._there(full)
        entry = catalog.get(self.workspace, full)
        if entry is None or not there:
            hint = "; it is a Delta table that is not registered" if there else ""
            raise ValueError(f"there is no feature table {full!r}{hint}")
        return entry

    def drop(self, name: str) -> None:
        """Remove a feature table and its rows; what is published of it stays."""
        entry = self.entry(name)
        self.spark.sql(f"DROP TABLE {deltas.quoted(entry.name)}")
        catalog.forget(self.workspace, entry.name)

    def read(self, name: str, options: Mapping[str, Any]) -> Any:
        """A feature table's rows; `options` may have `as_of_delta_timestamp`.

        Raises:
            TypeError: another option, or a time that is no text.
        """
        other = sorted(options.keys() - {"as_of_delta_timestamp"})
        if other:
            raise TypeError(
                f"read_table has no option {other[0]!r}; an older version is read with "
                "as_of_delta_timestamp, or by Spark itself"
            )
        return deltas.read(self.spark, self.entry(name).name, options.get("as_of_delta_timestamp"))

    def write(
        self, name: str, df: Any, mode: str, checkpoint: str | None, trigger: Mapping[str, Any]
    ) -> Any:
        """Merge `df` into a feature table, or overwrite it; a streaming `df` gives its query.

        Raises:
            TypeError: `df` is no DataFrame, or streams into an overwrite.
            ValueError: an unknown mode, or rows that do not fit.
        """
        entry = self.entry(name)
        deltas.frame(df)
        how = mode.lower() if isinstance(mode, str) else mode
        if how not in ("merge", "overwrite"):
            raise ValueError(f"mode must be 'merge' or 'overwrite' (got {mode!r})")
        if not df.isStreaming:
            self._write(self.spark, entry, df, how)
            return None
        if how == "overwrite":
            raise TypeError("a streaming df can only be merged: mode='overwrite' takes no stream")

        def batch(rows: Any, _: int) -> None:
            self._write(rows.sparkSession, entry, rows, how)

        return publishing.started(df.writeStream.outputMode("update"), batch, checkpoint, trigger)

    def _write(self, spark: Any, entry: Entry, df: Any, how: str) -> None:
        table = deltas.read(spark, entry.name)
        deltas.fits(df, table, entry.name, entry.keys, whole=bool(entry.timestamp_keys))
        deltas.without_twins(df, entry.keys)
        deltas.widen(spark, entry.name, df)
        if how == "overwrite":
            deltas.overwrite(spark, entry.name, df)
        else:
            deltas.merge(spark, entry.name, df, entry.keys)
        for target in online.tables(self.workspace):
            if target.source == entry.name and target.mode == "CONTINUOUS":
                rows = deltas.read(spark, entry.name)
                publishing.publish(self.workspace, entry, rows, target, replace=True)

    def set_tag(self, name: str, key: str, value: str) -> None:
        """Give a feature table a tag."""
        if not isinstance(key, str) or not isinstance(value, str):
            raise TypeError("a tag's key and value must be text")
        catalog.set_tag(self.workspace, self.entry(name).name, key, value)

    def delete_tag(self, name: str, key: str) -> None:
        """Take a tag away; one that is not there gives a warning."""
        if not catalog.delete_tag(self.workspace, self.entry(name).name, key):
            warnings.warn(f"the feature table {name!r} has no tag {key!r}", stacklevel=3)

    def training_set(self, df: Any, lookups: Any, label: Any, exclude: Any) -> TrainingSet:
        """The rows of `df` with what `lookups` find.

        Raises:
            TypeError: an argument is of another kind.
            ValueError: see `training_set.resolve` and `assemble`.
        """
        deltas.frame(df)
        if df.isStreaming:
            raise ValueError("create_training_set takes no streaming df")
        found = [self._resolved(lookup, df) for lookup in _lookups(lookups)]
        labels = names.columns(label or [], "label")
        excluded = names.columns(exclude or [], "exclude_columns")
        return training_set.assemble(df, found, labels, excluded, self.rows)

    def rows(self, full: str) -> Any:
        """All rows of the feature table `full`."""
        return deltas.read(self.spark, self.entry(full).name)

    def _resolved(self, lookup: FeatureLookup, df: Any) -> LookupSpec:
        entry = self.entry(lookup.table_name)
        return training_set.resolve(lookup, entry, deltas.read(self.spark, entry.name), df)

    def full(self, name: str) -> str:
        """`schema.table` of a name."""
        return names.table(name, self.spark.catalog.currentDatabase())

    def _there(self, full: str) -> bool:
        return bool(self.spark.catalog.tableExists(deltas.quoted(full)))

    def _same(
        self,
        full: str,
        keys: Sequence[str],
        times: Sequence[str],
        partitions: Sequence[str],
        schema: Any,
    ) -> FeatureTable:
        """The feature table `full`, if it is what was to be made.

        Raises:
            ValueError: it is not.
        """
        entry = catalog.get(self.workspace, full)
        if entry is None:
            raise ValueError(f"there is a Delta table {full!r} already; register_table takes it in")
        there = deltas.types(self.spark.table(deltas.quoted(full)).schema)
        for what, old, new in (
            ("primary keys", list(entry.primary_keys), list(keys)),
            ("timestamp keys", list(entry.timestamp_keys), list(times)),
            ("partition columns", deltas.partitions(self.spark, full), list(partitions)),
            ("columns", there, deltas.types(schema)),
        ):
            if old != new:
                raise ValueError(
                    f"there is a feature table {full!r} already, with other {what}: {old}, "
                    f"not {new}"
                )
        warnings.warn(
            f"there is a feature table {full!r} already; write_table writes to it", stacklevel=4
        )
        return self.table(full)


def _lookups(lookups: Any) -> list[FeatureLookup]:
    found = [lookups] if isinstance(lookups, FeatureLookup) else lookups
    if not isinstance(found, list | tuple) or not all(isinstance(x, FeatureLookup) for x in found):
        raise TypeError(f"feature_lookups must be a list of FeatureLookup (got {lookups!r})")
    return list(found)
