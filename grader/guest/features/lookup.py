"""`FeatureLookup`: which features a training set takes from which table, and by which columns."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from grader.guest.features.names import columns


class FeatureLookup:
    """Features of one table, found by columns of the frame that a training set is made from.

    Without `feature_names`, all features of the table. `rename_outputs` maps a feature to the
    name that it gets. With `timestamp_lookup_key` the row counts that was the latest at that
    time, and not older than `lookback_window`.
    """

    def __init__(
        self,
        table_name: str,
        lookup_key: str | list[str],
        *,
        feature_names: str | list[str] | None = None,
        rename_outputs: dict[str, str] | None = None,
        timestamp_lookup_key: str | list[str] | None = None,
        lookback_window: datetime.timedelta | None = None,
        **kwargs: Any,
    ) -> None:
        """Note what to look up; names are looked for when the training set is made.

        Raises:
            TypeError: an argument is of another kind, or not known.
            ValueError: arguments contradict each other.
        """
        defaults = kwargs.pop("_default_values", None)
        old_name, old_output = kwargs.pop("feature_name", None), kwargs.pop("output_name", None)
        if kwargs:
            raise TypeError(f"FeatureLookup has no argument {sorted(kwargs)[0]!r}")
        if not isinstance(table_name, str) or not table_name:
            raise TypeError(f"table_name must be the name of a feature table (got {table_name!r})")
        if feature_names is not None and old_name is not None:
            raise ValueError("give feature_names or the older feature_name, not both")
        self.table_name = table_name
        self.lookup_key = columns(lookup_key, "lookup_key")
        if not self.lookup_key:
            raise ValueError("lookup_key must name at least one column")
        feature_names = feature_names if old_name is None else old_name
        #: None means all features of the table.
        self.feature_names = (
            None if feature_names is None else columns(feature_names, "feature_names")
        )
        self.rename_outputs = _mapping(rename_outputs, "rename_outputs")
        if old_output is not None:
            if old_name is None or rename_outputs:
                raise ValueError("output_name renames feature_name, and goes with it alone")
            self.rename_outputs = {old_name: old_output}
        times = columns(timestamp_lookup_key or [], "timestamp_lookup_key")
        if len(times) > 1:
            raise ValueError("timestamp_lookup_key must be one column")
        self.timestamp_lookup_key = times[0] if times else None
        self.lookback_window = _window(lookback_window, bool(times))
        self.default_values: dict[str, Any] = _mapping(defaults, "default_values")

    def __repr__(self) -> str:
        names = "all" if self.feature_names is None else ", ".join(self.feature_names)
        return f"<{type(self).__name__}: {names} of {self.table_name} by {self.lookup_key}>"


class FeatureLookupWithDefaults(FeatureLookup):
    """As `FeatureLookup`, and `default_values` stand for missing ones, by the name they get."""

    def __init__(
        self,
        table_name: str,
        lookup_key: str | list[str],
        *,
        feature_names: str | list[str] | None = None,
        rename_outputs: dict[str, str] | None = None,
        timestamp_lookup_key: str | list[str] | None = None,
        lookback_window: datetime.timedelta | None = None,
        default_values: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Raises as `FeatureLookup` does."""
        super().__init__(
            table_name,
            lookup_key,
            feature_names=feature_names,
            rename_outputs=rename_outputs,
            timestamp_lookup_key=timestamp_lookup_key,
            lookback_window=lookback_window,
            _default_values=default_values,
            **kwargs,
        )


#: What `databricks.feature_engineering` calls it.
FeatureLookupWithDefaults.__name__ = FeatureLookupWithDefaults.__qualname__ = "FeatureLookup"


def _mapping(value: Any, what: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(k, str) for k in value):
        raise TypeError(f"{what} must be a dictionary by names of features (got {value!r})")
    return dict(value)


def _window(value: Any, timed: bool) -> datetime.timedelta | None:
    if value is None:
        return None
    if not timed:
        raise ValueError("lookback_window needs a timestamp_lookup_key to look back from")
    if not isinstance(value, datetime.timedelta):
        raise TypeError(f"lookback_window must be a datetime.timedelta (got {value!r})")
    if value < datetime.timedelta(0):
        raise ValueError("lookback_window must not be negative")
    return value
