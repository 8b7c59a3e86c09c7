"""Log a model with its features, and score rows with it that have only keys."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grader.guest.features import deltas, joins, packaging
from grader.guest.features.complete import missing
from grader.guest.features.store import Store
from grader.guest.features.training_set import TrainingSet

PREDICTION = "prediction"


def log_model(
    model: Any,
    artifact_path: str,
    flavor: Any,
    training_set: Any,
    registered_model_name: str | None,
    await_registration_for: int | None,
    options: Mapping[str, Any],
) -> Any:
    """Log `model` with the specification of its features; MLflow's information on it.

    `options` go to the flavor's `save_model`.

    Raises:
        TypeError: `training_set` or `flavor` is something else.
    """
    import mlflow.pyfunc
    from mlflow.models import Model

    if not isinstance(training_set, TrainingSet):
        told = type(training_set).__name__
        raise TypeError(f"training_set must be what create_training_set gives (got {told})")
    if not hasattr(flavor, "save_model"):
        raise TypeError(f"flavor must be a module such as mlflow.sklearn (got {flavor!r})")
    with tempfile.TemporaryDirectory() as temporary:
        data = Path(temporary, packaging.DATA.name)
        data.mkdir()
        raw = data / packaging.RAW
        flavor.save_model(model, path=str(raw), **options)
        packaging.write(data, training_set.feature_spec)
        requirements = raw / "requirements.txt"
        return Model.log(
            artifact_path=None,
            name=artifact_path,
            flavor=mlflow.pyfunc,
            registered_model_name=registered_model_name,
            await_registration_for=await_registration_for,
            loader_module=packaging.LOADER,
            data_path=str(data),
            # What the model itself needs; its flavor has found that out already.
            pip_requirements=str(requirements) if requirements.is_file() else None,
        )


def score_batch(
    store: Store, model_uri: str, df: Any, result_type: Any, params: Mapping[str, Any] | None = None
) -> Any:
    """`df` with the features that it lacks and a column `prediction`.

    Raises:
        TypeError: `df` is no DataFrame.
        ValueError: the model has no features, or `df` lacks columns, streams, or has a column
            `prediction`.
    """
    from mlflow.artifacts import download_artifacts
    from mlflow.pyfunc import load_model

    deltas.frame(df)
    if df.isStreaming:
        raise ValueError("score_batch takes no streaming df")
    if PREDICTION in df.columns:
        raise ValueError(f"df has a column {PREDICTION!r} already, as the result is to be called")
    path = download_artifacts(artifact_uri=model_uri)
    spec = packaging.feature_spec(path)
    if spec is None:
        raise ValueError(
            f"the model {model_uri} was not logged with log_model of a Feature Store client, so "
            "nobody knows its features"
        )
    lacking = sorted(missing(spec, dict.fromkeys(df.columns)))
    if lacking:
        raise ValueError(f"df lacks {', '.join(map(repr, lacking))}")
    full = df
    for lookup in spec.lookups:
        wanted = joins.without(lookup, df.columns)
        if wanted.outputs:
            full = joins.looked_up(full, store.rows(lookup.table), wanted)
    model = load_model(str(packaging.raw_model_path(path)))
    return _predicted(store.spark, full, model, list(spec.inputs), result_type, params)


def _predicted(
    spark: Any,
    df: Any,
    model: Any,
    inputs: list[str],
    result_type: Any,
    params: Mapping[str, Any] | None,
) -> Any:
    """`df` and a column of predictions; all rows are computed at once, in this process."""
    import pyarrow as pa
    from pyspark.sql.pandas.types import to_arrow_type
    from pyspark.sql.types import DataType, StructType, _parse_datatype_string

    kind: Any = result_type if isinstance(result_type, DataType) else None
    kind = kind or _parse_datatype_string(result_type)
    rows = df.toArrow()
    frame = rows.select(inputs).to_pandas()
    found = model.predict(frame, params=dict(params)) if params else model.predict(frame)
    values = as_type(found, kind.simpleString()) if len(frame) else []
    column = pa.array(values, type=to_arrow_type(kind))
    schema = StructType([*df.schema.fields]).add(PREDICTION, kind)
    return spark.createDataFrame(rows.append_column(PREDICTION, column), schema)


def as_type(found: Any, kind: str) -> list[Any]:
    """What a model predicted, one value a row, as the Spark type `kind` (in words).

    Raises:
        ValueError: the predictions are of another kind.
    """
    import numpy as np

    values = found.to_numpy() if hasattr(found, "to_numpy") else np.asarray(found)
    if kind.startswith("array"):
        return [list(row) for row in values.tolist()] if values.ndim > 1 else values.tolist()
    if values.ndim > 1:
        values = values[:, 0]
    if kind == "string":
        return [None if v is None else str(v) for v in values.tolist()]
    convert = {"boolean": bool, "int": int, "bigint": int, "smallint": int, "tinyint": int}
    as_kind = convert.get(kind, float)
    try:
        return [None if v is None or v != v else as_kind(v) for v in values.tolist()]
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"the model's predictions cannot be read as {kind}: {error}; result_type says what "
            "they are"
        ) from error
