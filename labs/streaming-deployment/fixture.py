"""Trips of lifts in Kafka topics and a file, and a model of their wear in two versions."""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import random
from itertools import pairwise
from typing import Any

#: What the model takes, in the order of its signature; events have the same in another order.
INPUTS = ("load_kg", "travel_s", "motor_c")
LIFTS = ("L02", "L05", "L11", "L17")
ALARM = 60.0
BEGIN = datetime.datetime(2026, 3, 2, 6, 0, 0)


def make(rng: random.Random) -> dict[str, Any]:
    """All trips, and the weights of both versions of the model; no answers."""
    day = _trips(rng, "D", _evenly(rng, 0, 3600, 150))
    last = max(_seconds(trip) for trip in day)
    # Within the watermark, far behind it, and after everything that has been seen.
    held_up = _trips(rng, "E", sorted(last - rng.randint(120, 420) for _ in range(8)))
    forgotten = _trips(rng, "F", sorted(rng.randint(60, 1500) for _ in range(7)))
    fresh = _trips(rng, "G", [*_evenly(rng, 3700, 5300, 24), 5442])
    harbour = _trips(rng, "H", _evenly(rng, 0, 900, 40))
    weights = [rng.uniform(0.02, 0.04), rng.uniform(0.3, 0.5), rng.uniform(0.5, 0.8)]
    late = held_up + forgotten + fresh
    seen = day + late
    return {
        "day": day,
        "late": late,
        "harbour": harbour,
        "models": [_model(weights, seen), _model([w * 0.6 for w in weights], seen)],
    }


def prepare(data: dict[str, Any], inputs: pathlib.Path) -> None:
    """Register the models, fill the topics, and write the late trips into a file."""
    lines = "".join(f"{json.dumps(trip)}\n" for trip in data["late"])
    (inputs / "late_trips.jsonl").write_text(lines, encoding="utf-8")
    _register(data["models"])
    _fill({"lift-trips": data["day"], "lift-trips-harbour": data["harbour"]})


def _evenly(rng: random.Random, first: int, last: int, count: int) -> list[int]:
    """Moments in seconds, a few of them out of order by up to five minutes."""
    step = (last - first) / count
    moments = [round(first + i * step) for i in range(count)]
    return [m - rng.randint(0, 300) if i % 6 == 5 and m > 400 else m for i, m in enumerate(moments)]


def _trips(rng: random.Random, prefix: str, moments: list[int]) -> list[dict[str, Any]]:
    trips = []
    for number, moment in enumerate(moments, 1):
        at = BEGIN + datetime.timedelta(seconds=moment)
        trips.append(
            {
                "trip_id": f"{prefix}{number:03d}",
                "lift_id": rng.choice(LIFTS),
                "motor_c": round(rng.uniform(35.0, 80.0), 1),
                "load_kg": round(rng.uniform(60.0, 900.0), 1),
                "travel_s": round(rng.uniform(6.0, 48.0), 1),
                "trip_at": str(at),
            }
        )
    return trips


def _seconds(trip: dict[str, Any]) -> int:
    return int((datetime.datetime.fromisoformat(trip["trip_at"]) - BEGIN).total_seconds())


def _model(weights: list[float], trips: list[dict[str, Any]]) -> dict[str, Any]:
    """Weights with an intercept that puts about one trip in six above the alarm, none near it."""
    sums = sorted(sum(w * t[n] for w, n in zip(weights, INPUTS, strict=True)) for t in trips)
    at = len(sums) * 5 // 6
    gap, low = max((high - low, low) for low, high in pairwise(sums[at : at + 8]))
    return {"weights": weights, "intercept": ALARM - low - gap / 2}


def _register(models: list[dict[str, Any]]) -> None:
    """Version 1 is in production, version 2 is the newest."""
    # Only the sandbox has the engines; the host imports this module too.
    import mlflow
    import numpy as np
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.models import infer_signature
    from sklearn.linear_model import LinearRegression

    rows = pd.DataFrame(np.vstack([np.zeros(3), np.eye(3)]) * 10.0, columns=list(INPUTS))
    for model in models:
        wear = rows @ np.array(model["weights"]) + model["intercept"]
        fitted = LinearRegression().fit(rows, wear)
        with mlflow.start_run():
            mlflow.sklearn.log_model(
                fitted,
                name="model",
                signature=infer_signature(rows, wear.rename("wear")),
                pip_requirements=["scikit-learn"],
                registered_model_name="lift-wear",
            )
    client = MlflowClient()
    client.transition_model_version_stage("lift-wear", "1", "Production")
    client.set_registered_model_alias("lift-wear", "champion", "1")


def _fill(topics: dict[str, list[dict[str, Any]]]) -> None:
    """Send trips to their topics, in their order."""
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    rows = [(topic, json.dumps(trip)) for topic, trips in topics.items() for trip in trips]
    events = spark.createDataFrame(rows, "topic string, value string").coalesce(1)
    sink = events.write.format("kafka")
    sink.option("kafka.bootstrap.servers", os.environ["KAFKA_BOOTSTRAP_SERVERS"]).save()
