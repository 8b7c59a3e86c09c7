"""The Feature Store where it meets values of NumPy and tables of pandas."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from grader.guest.features import online
from grader.guest.features.mlflow_model import ModelWithFeatures
from grader.guest.features.scoring import as_type
from grader.guest.features.spec import FeatureSpec, LookupSpec

RIDERS = LookupSpec(
    table="default.riders",
    primary_keys=("rider",),
    lookup_key=("who",),
    outputs={"trips": "rides", "score": "score"},
)
SPEC = FeatureSpec(("km", "rides", "score"), (RIDERS,), ("late",))


def test_a_model_outside_of_the_feature_store_needs_its_features() -> None:
    """It gets its columns in their order, or an error names those that are lacking."""

    class Echo:
        def predict(self, data: Any, params: Any = None) -> Any:
            return [list(data.columns), params]

    model = ModelWithFeatures(SPEC, Echo())
    frame = pd.DataFrame({"score": [1.0], "other": [1], "km": [1.0], "rides": [2]})
    assert model.predict(frame, {"a": 1}) == [["km", "rides", "score"], {"a": 1}]
    with pytest.raises(ValueError, match="the input lacks 'rides', 'score': a model that was"):
        model.predict(frame[["km"]])
    with pytest.raises(ValueError, match="predicts for a DataFrame"):
        model.predict([1, 2])


def test_values_go_online_as_json() -> None:
    """Dates are texts, decimals numbers, and what is nested stays so."""
    value = {"d": datetime.date(2024, 1, 2), "n": [Decimal("1.5"), np.int64(3)], "b": b"\x01"}
    assert online.plain(value) == {"d": "2024-01-02", "n": [1.5, 3], "b": "01"}


@pytest.mark.parametrize(
    ("found", "kind", "values"),
    [
        ([1.9, 0.0], "double", [1.9, 0.0]),
        ([1.9, 0.0], "int", [1, 0]),
        ([1, 0], "boolean", [True, False]),
        ([[0.1, 0.9]], "double", [0.1]),
        ([[0.1, 0.9]], "array<double>", [[0.1, 0.9]]),
        (["a", "b"], "string", ["a", "b"]),
        ([float("nan"), 1.0], "bigint", [None, 1]),
    ],
)
def test_predictions_become_the_type_asked_for(found: Any, kind: str, values: list[Any]) -> None:
    """The first column of several, unless all are asked for."""
    assert as_type(np.array(found), kind) == values
    assert as_type(pd.DataFrame(np.array(found)), kind) == values


def test_predictions_of_another_kind_are_told() -> None:
    """Text is no number, and the error says which argument says so."""
    with pytest.raises(ValueError, match=r"cannot be read as double: .*; result_type says"):
        as_type(np.array(["late", "early"]), "double")
