"""Feature Engineering: what students import as `databricks.feature_engineering`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grader.guest.features import deltas, names, online, publishing, scoring
from grader.guest.features.client import EVERY_5_SECONDS
from grader.guest.features.feature_table import FeatureTable
from grader.guest.features.lookup import FeatureLookupWithDefaults as FeatureLookup
from grader.guest.features.store import Store
from grader.guest.features.training_set import TrainingSet

__all__ = ["FeatureEngineeringClient", "FeatureLookup"]

MODES = ("TRIGGERED", "CONTINUOUS", "SNAPSHOT")


@dataclass(frozen=True)
class OnlineStore:
    """An online store of the lab: nothing is provisioned, whatever its capacity."""

    name: str
    capacity: str
    state: str = "AVAILABLE"


class FeatureEngineeringClient:
    """Creates, writes and reads feature tables, and trains and scores models with them.

    All arguments are keywords. Tables are named by up to three parts; a lab has one catalog.
    Methods raise ValueError for a feature table that is not there.
    """

    def __init__(self, *, model_registry_uri: str | None = None) -> None:
        """The registry is the lab's own, whatever is given."""
        self._store = Store()

    def create_table(
        self,
        *,
        name: str,
        primary_keys: str | list[str],
        df: Any = None,
        timeseries_column: str | None = None,
        partition_columns: str | list[str] | None = None,
        schema: Any = None,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> FeatureTable:
        """Make a feature table of `df`, or an empty one of `schema`.

        One that is the same is left as it is and returned with a warning. `timeseries_columns`
        is an older name of `timeseries_column`.

        Raises:
            TypeError: an argument is of another kind.
            ValueError: arguments contradict each other, or there is another table of this name.
        """
        times = kwargs.pop("timeseries_columns", None) or timeseries_column
        if kwargs:
            raise TypeError(f"create_table has no argument {sorted(kwargs)[0]!r}")
        return self._store.create(
            name, primary_keys, df, times, partition_columns, schema, description, tags
        )

    def get_table(self, *, name: str) -> FeatureTable:
        """What is known of a feature table."""
        return self._store.table(name)

    def drop_table(self, *, name: str) -> None:
        """Remove a feature table and its rows; what is published of it stays."""
        self._store.drop(name)

    def read_table(self, *, name: str, **kwargs: Any) -> Any:
        """A feature table's rows, now or `as_of_delta_timestamp` (a date or time as text)."""
        return self._store.read(name, kwargs)

    def write_table(
        self,
        *,
        name: str,
        df: Any,
        mode: str = "merge",
        checkpoint_location: str | None = None,
        trigger: dict[str, Any] = EVERY_5_SECONDS,
    ) -> Any:
        """Merge rows by their keys; the query, if `df` is a stream.

        Raises:
            TypeError: `df` is no DataFrame.
            ValueError: a mode other than `merge`, keys that are not unique, types that change.
        """
        if not isinstance(mode, str) or mode.lower() != "merge":
            raise ValueError(
                f"mode must be 'merge' (got {mode!r}); all rows of a table are replaced by Spark: "
                "INSERT OVERWRITE, or DELETE before the write"
            )
        return self._store.write(name, df, mode, checkpoint_location, trigger)

    def create_training_set(
        self,
        *,
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
        if kwargs:
            raise TypeError(f"create_training_set has no argument {sorted(kwargs)[0]!r}")
        return self._store.training_set(df, feature_lookups, label, exclude_columns)

    def log_model(
        self,
        *,
        model: Any,
        artifact_path: str,
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

    def score_batch(
        self,
        *,
        model_uri: str,
        df: Any,
        result_type: Any = "double",
        env_manager: str = "local",
        params: dict[str, Any] | None = None,
    ) -> Any:
        """`df`, the features of it that it lacks, and a column `prediction`.

        Raises:
            ValueError: the model was logged without features, `df` does not fit, or another
                environment than the lab's own is asked for.
        """
        if env_manager != "local":
            raise ValueError(f"env_manager must be 'local' here (got {env_manager!r})")
        return scoring.score_batch(self._store, model_uri, df, result_type, params)

    def create_online_store(self, *, name: str, capacity: str) -> OnlineStore:
        """Make an online store.

        Raises:
            ValueError: there is one of this name.
        """
        if not online.create_store(self._store.workspace, name, capacity):
            raise ValueError(f"there is an online store {name!r} already")
        return OnlineStore(name, capacity)

    def get_online_store(self, *, name: str) -> OnlineStore | None:
        """The online store of this name, or None."""
        capacity = online.stores(self._store.workspace).get(name)
        return None if capacity is None else OnlineStore(name, capacity)

    def list_online_stores(self) -> list[OnlineStore]:
        """All online stores."""
        return [OnlineStore(*pair) for pair in online.stores(self._store.workspace).items()]

    def delete_online_store(self, *, name: str) -> None:
        """Remove an online store with what is published to it.

        Raises:
            ValueError: there is none.
        """
        if not online.drop_store(self._store.workspace, name):
            raise ValueError(f"there is no online store {name!r}")

    def publish_table(
        self,
        *,
        online_store: OnlineStore,
        source_table_name: str,
        online_table_name: str,
        publish_mode: str = "TRIGGERED",
    ) -> None:
        """Bring a feature table online, all of it; with `CONTINUOUS`, also what is written later.

        Raises:
            TypeError: `online_store` is none.
            ValueError: it is gone, `online_table_name` lacks parts, or the mode is unknown.
        """
        if not isinstance(online_store, OnlineStore):
            raise TypeError(
                "online_store must be what create_online_store or get_online_store gives "
                f"(got {online_store!r})"
            )
        if publish_mode not in MODES:
            raise ValueError(
                f"publish_mode must be one of {', '.join(MODES)} (got {publish_mode!r})"
            )
        if self.get_online_store(name=online_store.name) is None:
            raise ValueError(f"there is no online store {online_store.name!r} any more")
        entry = self._store.entry(source_table_name)
        rows = deltas.read(self._store.spark, entry.name)
        name = names.three_parts(online_table_name)
        table = publishing.target(entry, rows.schema, online_store.name, name, None, publish_mode)
        publishing.publish(self._store.workspace, entry, rows, table, replace=True)

    def drop_online_table(self, *, name: str, online_store: OnlineStore) -> None:
        """Take the online table `name` (catalog.schema.table) offline.

        Raises:
            ValueError: there is none of this name in the store.
        """
        if not online.drop(self._store.workspace, online_store.name, name.lower()):
            raise ValueError(f"there is no online table {name!r} in {online_store.name!r}")

    def set_feature_table_tag(self, *, name: str, key: str, value: str) -> None:
        """Give a feature table a tag, or another value to one that it has."""
        self._store.set_tag(name, key, value)

    def delete_feature_table_tag(self, *, name: str, key: str) -> None:
        """Take a tag away; one that is not there gives a warning."""
        self._store.delete_tag(name, key)
