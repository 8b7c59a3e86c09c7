"""What a model says of its features: which columns it takes, and where each of them is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class LookupSpec:
    """Features of one table and the columns of the caller's rows that lead to them."""

    #: `schema.table`
    table: str
    #: The table's keys, and in the same order the caller's columns that hold them.
    primary_keys: tuple[str, ...]
    lookup_key: tuple[str, ...]
    #: A feature of the table to the name that it has in the result.
    outputs: Mapping[str, str]
    #: By the name in the result: what stands for a missing value.
    defaults: Mapping[str, Any] = field(default_factory=dict)
    #: Only of a point-in-time lookup: the table's column, the caller's, and how far back (s).
    timestamp_key: str | None = None
    timestamp_lookup_key: str | None = None
    lookback_seconds: float | None = None

    @property
    def needs(self) -> tuple[str, ...]:
        """The caller's columns that this lookup goes by."""
        times = (self.timestamp_lookup_key,) if self.timestamp_lookup_key else ()
        return (*self.lookup_key, *times)


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """The features of one training set, which its model takes along."""

    #: Columns that the model is given, in their order.
    inputs: tuple[str, ...]
    lookups: tuple[LookupSpec, ...]
    label: tuple[str, ...] = ()

    @property
    def looked_up(self) -> tuple[str, ...]:
        """Columns that come from feature tables unless the caller has them."""
        return tuple(name for lookup in self.lookups for name in lookup.outputs.values())

    @property
    def from_caller(self) -> tuple[str, ...]:
        """Columns of the model that no table has."""
        found = set(self.looked_up)
        return tuple(name for name in self.inputs if name not in found)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for a file."""
        return {
            "inputs": list(self.inputs),
            "label": list(self.label),
            "lookups": [
                {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(x).items()}
                for x in self.lookups
            ],
        }

    @classmethod
    def from_dict(cls, raw: Any) -> FeatureSpec:
        """What `to_dict` gave.

        Raises:
            ValueError: `raw` is something else.
        """
        try:
            lookups = [
                LookupSpec(
                    **{
                        **x,
                        "primary_keys": _names(x["primary_keys"]),
                        "lookup_key": _names(x["lookup_key"]),
                        "outputs": {str(k): str(v) for k, v in x["outputs"].items()},
                    }
                )
                for x in raw["lookups"]
            ]
            return cls(_names(raw["inputs"]), tuple(lookups), _names(raw["label"]))
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"this is no feature specification: {error!r}") from error


def _names(raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(name, str) for name in raw):
        raise TypeError(f"a list of names, not {raw!r}")
    return tuple(raw)
