"""`FeatureTable`: what a client tells of a feature table."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class FeatureTable:
    """A feature table as it was when it was asked for.

    `features` are all columns but the keys; `online_stores` the stores that it is published to;
    `creation_timestamp` is in milliseconds since 1970.
    """

    name: str
    table_id: str
    description: str
    primary_keys: list[str]
    partition_columns: list[str]
    features: list[str]
    creation_timestamp: int = 0
    online_stores: list[str] = field(default_factory=list)
    timestamp_keys: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def timeseries_columns(self) -> list[str]:
        """The time keys, as Feature Engineering calls them."""
        return self.timestamp_keys
