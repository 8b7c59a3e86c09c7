"""`FeatureStoreClient`: the workspace Feature Store's client."""

from __future__ import annotations

from typing import Any

from grader.guest.features import deltas, online, publishing, scoring
from grader.guest.features.feature_table import FeatureTable
from grader.guest.features.online_store_spec import OnlineStoreSpec
from grader.guest.features.store import Store
from grader.guest.features.training_set import TrainingSet

EVERY_5_SECONDS = {"processingTime": "5 seconds"}
EVERY_5_MINUTES = {"processingTime": "5 minutes"}


class FeatureStoreClient:
    """Creates, writes and reads feature tables, and trains and scores models with them.

    Tables are named `table` or `schema.table`. Methods raise ValueError for a feature table
    that is not there.
    """

    def __init__(
        self, feature_store_uri: str | None = None, model_registry_uri: str | None = None
    ) -> None:
        """Both places are the lab's own, whatever is given."""
        self._store = Store()

    def create_table(
        self,
        name: str,
        primary_keys: str | list[str],
        df: Any = None,
        *,
        timestamp_keys: str | list[str] | None = None,
        partition_columns: str | list[str] | None = None,
        schema: Any = None,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> FeatureTable:
        """Make a feature table of `df`, or an empty one of `schema`.

        One that is the same is left as it is and returned with a warning.

        Raises:
            TypeError: an argument is of another kind.
            ValueError: arguments contradict each other, or there is another table of this name.
        """
        _no_others("create_table", kwargs)
        return self._store.create(
            name, primary_keys, df, timestamp_keys, partition_columns, schema, description, tags
        )

    def register_table(
        self,
        *,
        delta_table: str,
        primary_keys: str | list[str],
        timestamp_keys: str | list[str] | None = None,
        description: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> FeatureTable:
        """Make a Delta table a feature table.

        Raises:
            ValueError: its keys are not unique, or it is one already, with other keys.
        """
        return self._store.register(delta_table, primary_keys, timestamp_keys, description, tags)

    def get_table(self, name: str) -> FeatureTable:
        """What is known of a feature table."""
        return self._store.table(name)

    def drop_table(self, name: str) -> None:
        """Remove a feature table and its rows; what is published of it stays."""
        self._store.drop(name)

    def read_table(self, name: str, **kwargs: Any) -> Any:
        """A feature table's rows, now or `as_of_delta_timestamp` (a date or time as text)."""
        return self._store.read(name, kwargs)

    def write_table(
        self,
        name: str,
        df: Any,
        mode: str = "merge",
        checkpoint_location: str | None = None,
        trigger: dict[str, Any] = EVERY_5_SECONDS,
    ) -> Any:
        """Merge rows by their keys, or overwrite all; the query, if `df` is a stream.

        Raises:
            TypeError: `df` is no DataFrame, or streams into an overwrite.
            ValueError: an unknown mode, keys that are not unique, or types that change.
        """
        return self._store.write(name, df, mode, checkpoint_location, trigger)

    def create_training_set(
        self,
        df: Any,
        feature_lookups: list[Any],
        label: str | list[str] | None,
        exclude_columns: str | list[str] | None = None,
        **kwargs: Any,
    ) -> TrainingSet:
        """The rows of `df`, their features and label, without `exclude_columns`.

        Raises:
            TypeError: an argument is of another kind.
            ValueError: features or columns are missing, or of one name.
        """
        _no_others("create_training_set", kwargs)
        return self._store.training_set(df, feature_lookups, label, exclude_columns)

    def log_model(
        self,
        model: Any,
        artifact_path: str,
        *,
        flavor: Any,
        training_set: TrainingSet | None = None,
        registered_model_name: str | None = None,
        await_registration_for: int | None = 300,
        **kwargs: Any,
    ) -> Any:
        """Log a model with MLflow, and where its features are found with it."""
        return scoring.log_model(
            model,
            artifact_path,
            flavor,
            training_set,
            registered_model_name,
            await_registration_for,
            kwargs,
        )

    def score_batch(self, model_uri: str, df: Any, result_type: Any = "double") -> Any:
        """`df`, the features of it that it lacks, and a column `prediction`.

        Raises:
            ValueError: the model was logged without features, or `df` does not fit.
        """
        return scoring.score_batch(self._store, model_uri, df, result_type)

    def publish_table(
        self,
        name: str,
        online_store: OnlineStoreSpec,
        *,
        filter_condition: str | None = None,
        mode: str = "merge",
        streaming: bool = False,
        checkpoint_location: str | None = None,
        trigger: dict[str, Any] = EVERY_5_MINUTES,
        features: str | list[str] | None = None,
    ) -> Any:
        """Bring a feature table online; the query, if it is to go on (`streaming`).

        Raises:
            TypeError: `online_store` is no specification of a store.
            ValueError: an unknown mode or feature, or streaming into an overwrite.
        """
        entry = self._store.entry(name)
        how = mode.lower() if isinstance(mode, str) else mode
        if how not in ("merge", "overwrite"):
            raise ValueError(f"mode must be 'merge' or 'overwrite' (got {mode!r})")
        if streaming and how == "overwrite":
            raise ValueError("streaming publishes by merging: mode='overwrite' does not go with it")
        store, online_name = _place(online_store, entry.name)
        spark, workspace = self._store.spark, self._store.workspace
        rows = deltas.read(spark, entry.name)
        kind = "streaming" if streaming else how
        table = publishing.target(entry, rows.schema, store, online_name, features, kind)
        if streaming:
            reader = spark.readStream.option("ignoreChanges", True)
            rows = reader.table(deltas.quoted(entry.name))
        if filter_condition:
            rows = rows.where(filter_condition)
        if streaming:
            where = checkpoint_location
            return publishing.stream(workspace, entry, rows, table, where, trigger)
        publishing.publish(workspace, entry, rows, table, replace=how == "overwrite")
        return None

    def drop_online_table(self, name: str, online_store: OnlineStoreSpec) -> None:
        """Take a feature table offline.

        Raises:
            ValueError: it is not published to this store.
        """
        store, online_name = _place(online_store, self._store.full(name))
        if not online.drop(self._store.workspace, store, online_name):
            raise ValueError(f"the feature table {name!r} is not published to {store!r}")

    def set_feature_table_tag(self, table_name: str, key: str, value: str) -> None:
        """Give a feature table a tag, or another value to one that it has."""
        self._store.set_tag(table_name, key, value)

    def delete_feature_table_tag(self, table_name: str, key: str) -> None:
        """Take a tag away; one that is not there gives a warning."""
        self._store.delete_tag(table_name, key)


def _place(spec: Any, full: str) -> tuple[str, str]:
    """A store and the name that the feature table `full` has in it.

    Raises:
        TypeError: `spec` is no specification.
    """
    if not isinstance(spec, OnlineStoreSpec):
        raise TypeError(
            "online_store must be one of databricks.feature_store.online_store_spec, such as "
            f"AmazonDynamoDBSpec(region=...) (got {spec!r})"
        )
    return spec.store, spec.table_name or full


def _no_others(method: str, kwargs: dict[str, Any]) -> None:
    if kwargs:
        raise TypeError(f"{method} has no argument {sorted(kwargs)[0]!r}")
