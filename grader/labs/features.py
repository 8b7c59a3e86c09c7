"""What checks see of a lab's Feature Store: tables with their keys, what is online, lineage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from grader.errors import StudentError


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """A feature table; `name` is `schema.table`, `columns` maps names to Delta's types."""

    name: str
    primary_keys: Sequence[str]
    timestamp_keys: Sequence[str]
    description: str
    tags: Mapping[str, str]
    columns: Mapping[str, str]

    @property
    def features(self) -> list[str]:
        """All columns but the keys."""
        keys = {*self.primary_keys, *self.timestamp_keys}
        return [name for name in self.columns if name not in keys]


@dataclass(frozen=True, slots=True)
class OnlineTable:
    """A table of an online store, published from the feature table `source`.

    `columns` maps names to Spark's types, `mode` says how it was published; dates and times of
    `rows` are ISO texts.
    """

    store: str
    name: str
    source: str
    keys: Sequence[str]
    columns: Mapping[str, str]
    mode: str
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a model takes from a feature table, and by which columns of the caller's rows.

    `outputs` maps features to the names they get.
    """

    table: str
    primary_keys: Sequence[str]
    lookup_key: Sequence[str]
    outputs: Mapping[str, str]
    defaults: Mapping[str, Any]
    timestamp_key: str | None
    timestamp_lookup_key: str | None
    lookback_seconds: float | None


@dataclass(frozen=True, slots=True)
class FeatureModel:
    """A model that was logged with its features: `inputs` are the columns it takes, in order,
    `run` is the id of its run, `registered` has `name/version` of what was registered of it."""

    id: str
    name: str
    run: str
    registered: Sequence[str]
    inputs: Sequence[str]
    label: Sequence[str]
    lookups: Sequence[Lookup]

    def reads(self, table: str) -> list[str]:
        """The features that it takes from a feature table, by their names there."""
        full = _full(table)
        return [name for x in self.lookups if x.table == full for name in x.outputs]


@dataclass(frozen=True, slots=True)
class Features:
    """A lab's Feature Store; online tables and models are oldest first."""

    tables: Sequence[FeatureTable]
    online_tables: Sequence[OnlineTable]
    models: Sequence[FeatureModel]

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """From what the inspector answers.

        Raises:
            TypeError, KeyError: it is of another form.
        """
        models = [
            FeatureModel(**{**m, "lookups": [Lookup(**x) for x in m["lookups"]]})
            for m in found["models"]
        ]
        tables = [FeatureTable(**t) for t in found["tables"]]
        return cls(tables, [OnlineTable(**t) for t in found["online_tables"]], models)

    def table(self, name: str) -> FeatureTable:
        """The feature table of a name.

        Raises:
            StudentError: there is none.
        """
        for table in self.tables:
            if table.name == _full(name):
                return table
        raise StudentError(f"there is no feature table {name!r}", "missing")

    def online(self, source: str) -> OnlineTable:
        """What is online of the feature table `source`; of several, the newest.

        Raises:
            StudentError: it is not published.
        """
        for table in reversed(self.online_tables):
            if table.source == _full(source):
                return table
        raise StudentError(f"the feature table {source!r} is not published online", "missing")

    def readers(self, table: str) -> list[FeatureModel]:
        """The models that take features from a feature table."""
        return [model for model in self.models if model.reads(table)]


def _full(name: str) -> str:
    """`schema.table`."""
    parts = name.lower().split(".")
    return ".".join(parts[-2:]) if len(parts) > 1 else f"default.{name.lower()}"
