"""`TrainingSet`: rows with labels, the lookups that complete them, a specification of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from grader.guest.features import joins
from grader.guest.features.catalog import Entry
from grader.guest.features.deltas import column, types
from grader.guest.features.keys import TIMES
from grader.guest.features.lookup import FeatureLookup
from grader.guest.features.spec import FeatureSpec, LookupSpec


class TrainingSet:
    """A training set; `load_df` gives its rows, `log_model` takes its specification along."""

    def __init__(
        self, df: Any, spec: FeatureSpec, columns: Sequence[str], read: Callable[[str], Any]
    ) -> None:
        self._df = df
        self._columns = list(columns)
        self._read = read
        #: What a model that is trained on this set needs to know.
        self.feature_spec = spec

    def load_df(self) -> Any:
        """A DataFrame with the rows, their features and the label, without excluded columns."""
        df = self._df
        for lookup in self.feature_spec.lookups:
            df = joins.looked_up(df, self._read(lookup.table), lookup)
        return df.select(*map(column, self._columns))


def assemble(
    df: Any,
    lookups: Sequence[LookupSpec],
    label: Sequence[str],
    exclude: Sequence[str],
    read: Callable[[str], Any],
) -> TrainingSet:
    """A training set of `df` and what `lookups` find.

    Raises:
        ValueError: columns are missing, ambiguous, or both label and excluded.
    """
    have = list(df.columns)
    for name in label:
        if name not in have:
            raise ValueError(f"df has no column {name!r}, which is to be the label")
        if name in exclude:
            raise ValueError(f"{name!r} is the label and cannot be excluded")
    seen = set(have)
    for lookup in lookups:
        for name in lookup.outputs.values():
            if name in have:
                raise ValueError(
                    f"df has a column {name!r} already, as the feature of {lookup.table!r} is to "
                    "be called: rename_outputs gives it another name"
                )
            if name in seen:
                raise ValueError(
                    f"two features are to be called {name!r}: rename_outputs gives one of them "
                    "another name"
                )
            seen.add(name)
    kept = [k for k in (joins.without(lookup, exclude) for lookup in lookups) if k.outputs]
    found = [name for lookup in kept for name in lookup.outputs.values()]
    inputs = [n for n in [*have, *found] if n not in exclude and n not in label]
    spec = FeatureSpec(tuple(inputs), tuple(kept), tuple(label))
    return TrainingSet(df, spec, [*inputs, *label], read)


def resolve(lookup: FeatureLookup, entry: Entry, table: Any, df: Any) -> LookupSpec:
    """What `lookup` means for the feature table `entry`, whose rows are `table`, and for `df`.

    Raises:
        ValueError: it names features or columns that there are not, or does not fit the keys.
    """
    features = [c for c in table.columns if c not in entry.keys]
    wanted = features if lookup.feature_names is None else lookup.feature_names
    for name in wanted:
        if name not in features:
            raise ValueError(f"the feature table {entry.name!r} has no feature {name!r}")
    for name in lookup.rename_outputs:
        if name not in wanted:
            raise ValueError(f"rename_outputs renames {name!r}, which is not looked up")
    outputs = {name: lookup.rename_outputs.get(name, name) for name in wanted}
    for name in lookup.default_values:
        if name not in outputs.values():
            raise ValueError(
                f"default_values has {name!r}, which no looked-up feature is called (renamed "
                "ones go by their new names)"
            )
    keys = [k for k in lookup.lookup_key if k != lookup.timestamp_lookup_key]
    if len(keys) != len(entry.primary_keys):
        raise ValueError(
            f"lookup_key must have a column for each primary key of {entry.name!r}, "
            f"{list(entry.primary_keys)}, in this order (got {lookup.lookup_key})"
        )
    have = types(df.schema)
    for name in (*keys, *([lookup.timestamp_lookup_key] if lookup.timestamp_lookup_key else [])):
        if name not in have:
            raise ValueError(f"df has no column {name!r} to look features of {entry.name!r} up by")
    _check_time(lookup, entry, have)
    window = lookup.lookback_window
    return LookupSpec(
        table=entry.name,
        primary_keys=entry.primary_keys,
        lookup_key=tuple(keys),
        outputs=outputs,
        defaults=dict(lookup.default_values),
        timestamp_key=entry.timestamp_keys[0] if entry.timestamp_keys else None,
        timestamp_lookup_key=lookup.timestamp_lookup_key,
        lookback_seconds=None if window is None else window.total_seconds(),
    )


def _check_time(lookup: FeatureLookup, entry: Entry, have: dict[str, str]) -> None:
    name = lookup.timestamp_lookup_key
    if name is None and entry.timestamp_keys:
        raise ValueError(
            f"{entry.name!r} is a time series feature table: say with timestamp_lookup_key as of "
            "which time its features are wanted"
        )
    if name is not None and not entry.timestamp_keys:
        raise ValueError(f"{entry.name!r} has no timestamp key; leave timestamp_lookup_key out")
    if name is not None and have[name] not in TIMES:
        raise ValueError(
            f"the column {name!r} must be a timestamp or a date to look up by, not {have[name]}"
        )
