"""Models in the registry, readings of a week, and features of buildings."""

from __future__ import annotations

import contextlib
import datetime
import io
import pathlib
import random
import warnings
from typing import Any

DAYS = [f"2026-01-{day}" for day in range(12, 17)]
BUILDINGS = [f"B{number:02d}" for number in range(1, 25)]
SUBSTATIONS = ["Mill", "Harbour", "North"]
DATABASE = "heating"
#: Where the tables are that only calls are made with.
HIDDEN = "archive"


def make(rng: random.Random) -> dict[str, Any]:
    """All rows, and what the models are made of; no predictions."""
    return {
        "models": {
            "heat_demand": {
                "rows": _rows(rng, outdoor_c=(-12, 16), wind_ms=(0, 14), prev_mwh=(2, 40)),
                "versions": [
                    _version("Archived", 9.0, [-0.5, 0.3, 0.4]),
                    _version("Production", 7.0 + _some(rng), [-0.9, 0.25, 0.6]),
                    _version("Staging", 5.0, [-1.3, 0.6, 0.7]),
                ],
            },
            "pump_power": {
                "rows": _rows(rng, flow_m3h=(20, 90), lift_m=(5, 30), valve_share=(0.1, 1)),
                "versions": [
                    _version("Production", 3.0 + _some(rng), [0.5, 0.8, -6.0]),
                    _version("Staging", 6.0, [0.4, 0.9, -2.0]),
                ],
            },
            "heat_by_building": {
                "rows": _rows(rng, outdoor_c=(-12, 16), floor_m2=(400, 6000), loss_w_m2k=(0.3, 2)),
                "versions": [_version("Production", 4.0 + _some(rng), [-0.8, 0.004, 9.0])],
            },
        },
        "readings": _readings(rng, DAYS, BUILDINGS, cold=True),
        "mild": _readings(rng, ["2025-05-02", "2025-05-03"], BUILDINGS[:15], cold=False),
        "pumps": [_pump(rng, number) for number in range(1, 31)],
        "buildings": [_building(rng, name) for name in BUILDINGS],
        "requests": _requests(rng, "R", [*BUILDINGS[:14], "X1"]),
        "late_requests": _requests(rng, "L", [*BUILDINGS[8:20], "X2", "X3"]),
    }


def prepare(data: dict[str, Any], inputs: pathlib.Path) -> None:
    """Write the tables and register the models."""
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    for name in (DATABASE, HIDDEN):
        spark.sql(f"CREATE DATABASE {name}")
    tables = [(DATABASE, name) for name in ("readings", "buildings", "requests")]
    tables += [(HIDDEN, name) for name in ("mild", "pumps", "late_requests")]
    for database, name in tables:
        folder = inputs.parent / "warehouse" / f"{database}.db" / name
        _write(folder, data[name])
        spark.sql(f"CREATE TABLE {database}.{name} USING DELTA LOCATION '{folder}'")
    with contextlib.redirect_stderr(io.StringIO()):  # what MLflow tells is not for the student
        _register(spark, data)


def _rows(rng: random.Random, **ranges: tuple[float, float]) -> list[dict[str, float]]:
    """What all versions of a model are fitted on; it fills a gap with the column's median."""
    return [
        {name: round(rng.uniform(low, high), 2) for name, (low, high) in ranges.items()}
        for _ in range(40)
    ]


def _some(rng: random.Random) -> float:
    return round(rng.uniform(0.0, 2.0), 3)


def _version(stage: str, intercept: float, weights: list[float]) -> dict[str, Any]:
    return {"stage": stage, "intercept": intercept, "weights": weights}


def _readings(
    rng: random.Random, days: list[str], buildings: list[str], *, cold: bool
) -> list[dict[str, Any]]:
    """One row a building and day, a tenth of them with a gap.

    Cold days are forecast well above zero, and of mild ones at least some below.
    """
    outdoor, took = ((-12.0, 5.0), (10.0, 40.0)) if cold else ((8.0, 24.0), (0.0, 9.0))
    rows: list[dict[str, Any]] = [
        {
            "day": day,
            "building_id": building,
            "prev_mwh": round(rng.uniform(*took), 2),
            "wind_ms": round(rng.uniform(0.0, 14.0), 1),
            "outdoor_c": round(rng.uniform(*outdoor), 1),
            "substation": rng.choice(SUBSTATIONS),
        }
        for day in days
        for building in buildings
    ]
    for row in rng.sample(rows, len(rows) // 10):
        row[rng.choice(["wind_ms", "prev_mwh"])] = None
    # The warmest evening there is, with nothing missing, and the coldest.
    rows[0].update(prev_mwh=took[0], wind_ms=0.0, outdoor_c=outdoor[1])
    rows[-1].update(prev_mwh=took[1], wind_ms=14.0, outdoor_c=outdoor[0])
    return rows


def _pump(rng: random.Random, number: int) -> dict[str, Any]:
    return {
        "pump": f"P{number:02d}",
        "valve_share": None if number % 10 == 7 else round(rng.uniform(0.1, 1.0), 2),
        "lift_m": round(rng.uniform(5.0, 30.0), 1),
        "flow_m3h": round(rng.uniform(20.0, 90.0), 1),
    }


def _building(rng: random.Random, name: str) -> dict[str, Any]:
    return {
        "building_id": name,
        "floor_m2": round(rng.uniform(400.0, 6000.0), 0),
        "loss_w_m2k": round(rng.uniform(0.3, 2.2), 2),
    }


def _requests(rng: random.Random, prefix: str, buildings: list[str]) -> list[dict[str, Any]]:
    """One request a building; its floor is of another time."""
    return [
        {
            "request_id": f"{prefix}{number:03d}",
            "building_id": building,
            "outdoor_c": round(rng.uniform(-12.0, 5.0), 1),
            "floor_m2": round(rng.uniform(7000.0, 9000.0), 0),
        }
        for number, building in enumerate(buildings, 1)
    ]


def _write(folder: pathlib.Path, rows: list[dict[str, Any]]) -> None:
    """A Delta table of one file. Without Spark this takes next to no time."""
    import pyarrow
    from deltalake import write_deltalake

    days = [
        {c: datetime.date.fromisoformat(v) if c == "day" else v for c, v in row.items()}
        for row in rows
    ]
    write_deltalake(folder, pyarrow.Table.from_pylist(days))


def _register(spark: Any, data: dict[str, Any]) -> None:
    """Every version of every model, with its stage, and the alias of the one in Production."""
    import mlflow
    import pandas as pd
    from mlflow.models import infer_signature

    client = mlflow.MlflowClient()
    for name, model in data["models"].items():
        rows = pd.DataFrame(model["rows"])
        for number, version in enumerate(model["versions"], 1):
            target = (rows @ version["weights"] + version["intercept"]).rename("predicted")
            fitted = _fitted(rows, target)
            with mlflow.start_run(run_name=f"{name}-{number}"):
                if name == "heat_by_building":
                    _log_with_features(spark, name, fitted)
                else:
                    mlflow.sklearn.log_model(
                        fitted,
                        name="model",
                        signature=infer_signature(rows, target),
                        pip_requirements=["scikit-learn"],
                        registered_model_name=name,
                    )
            if version["stage"] == "Production":
                client.set_registered_model_alias(name, "champion", str(number))
            with warnings.catch_warnings(action="ignore"):  # stages are deprecated, and asked for
                client.transition_model_version_stage(name, str(number), version["stage"])


def _fitted(rows: Any, target: Any) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(SimpleImputer(strategy="median"), LinearRegression()).fit(rows, target)


def _log_with_features(spark: Any, name: str, model: Any) -> None:
    """Log a model that finds its features by itself."""
    import mlflow
    from databricks.feature_store import FeatureLookup, FeatureStoreClient

    store = FeatureStoreClient()
    table = f"{DATABASE}.buildings"
    store.register_table(delta_table=table, primary_keys=["building_id"])
    labels = spark.createDataFrame([], "building_id STRING, outdoor_c DOUBLE, mwh DOUBLE")
    lookup = FeatureLookup(table, "building_id", feature_names=["floor_m2", "loss_w_m2k"])
    training_set = store.create_training_set(
        labels, [lookup], "mwh", exclude_columns=["building_id"]
    )
    store.log_model(
        model,
        "model",
        flavor=mlflow.sklearn,
        training_set=training_set,
        registered_model_name=name,
        pip_requirements=["scikit-learn"],
    )
