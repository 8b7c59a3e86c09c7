"""`@feature_table`: mark a function that computes features, and write what it computes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any


def feature_table(function: Callable[..., Any]) -> Any:
    """Let `function` be called as before, and as `function.compute_and_write`.

    Raises:
        TypeError: it is no function.
    """
    if not callable(function):
        raise TypeError("@feature_table marks a function that returns a DataFrame")

    def compute_and_write(
        input: Mapping[str, Any],  # noqa: A002 - as documented
        feature_table_name: str,
        mode: str = "merge",
    ) -> Any:
        """Call the function with `input` and write what it returns to a feature table; that."""
        from grader.guest.features.client import FeatureStoreClient

        df = function(**input)
        FeatureStoreClient().write_table(feature_table_name, df, mode)
        return df

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    called.compute_and_write = compute_and_write  # type: ignore[attr-defined] # the decorator's whole point
    return called
