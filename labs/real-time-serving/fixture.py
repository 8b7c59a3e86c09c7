"""Vending machines on station platforms, what they sold, and two versions of a model of that."""

from __future__ import annotations

import csv
import json
import pathlib
import random
from typing import Any

COLUMNS = ["footfall", "avg_cans", "temp_c"]


def make(rng: random.Random) -> dict[str, Any]:
    """Machines, sales, what the two versions were fitted on, and what the endpoints are asked."""
    machines: list[dict[str, Any]] = [
        {
            "machine_id": f"SH-{101 + 7 * i}",
            "footfall": round(rng.uniform(2.0, 30.0), 1),
            "avg_cans": round(rng.uniform(10.0, 60.0), 1),
        }
        for i in range(30)
    ]
    ids = [m["machine_id"] for m in machines]
    asked = rng.sample(ids, 10)
    rebuilt = asked[:3]
    return {
        "machines": machines,
        "sales": [_sale(rng, rng.choice(machines)) for _ in range(200)],
        "versions": {
            "1": [_day(rng, (3.0, 1.1, 0.50, 0.4)) for _ in range(40)],
            "2": [_day(rng, (-6.0, 1.6, 0.35, 1.2)) for _ in range(40)],
        },
        "requests": [_record(rng) for _ in range(20)],
        "unseen": [_record(rng) for _ in range(5)],
        # Three of these were rebuilt, and three were not.
        "keys": [{"machine_id": i, "temp_c": _temperature(rng)} for i in _mixed(rng, asked[:6])],
        "unseen_keys": [{"machine_id": i, "temp_c": _temperature(rng)} for i in asked[6:]],
        "changed_keys": [{"machine_id": i, "temp_c": _temperature(rng)} for i in rebuilt],
        "changes": [
            {
                "machine_id": m["machine_id"],
                "footfall": round(m["footfall"] * rng.uniform(1.6, 2.4), 1),
                "avg_cans": round(m["avg_cans"] + rng.uniform(12.0, 25.0), 1),
            }
            for m in machines
            if m["machine_id"] in rebuilt
        ],
    }


def prepare(data: dict[str, Any], inputs: pathlib.Path) -> None:
    """Write the inputs, register both versions, and begin to deploy the colleague's endpoint."""
    for name in ("machines", "sales", "changes"):
        with (inputs / f"{name}.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, list(data[name][0]))
            table.writeheader()
            table.writerows(data[name])
    for name in ("requests", "keys"):
        (inputs / f"{name}.json").write_text(json.dumps(data[name], indent=1))
    for version in ("1", "2"):
        _register(data["versions"][version])
    _deploy_pilot()


def _record(rng: random.Random) -> dict[str, float]:
    return {
        "footfall": round(rng.uniform(2.0, 30.0), 1),
        "avg_cans": round(rng.uniform(10.0, 60.0), 1),
        "temp_c": _temperature(rng),
    }


def _temperature(rng: random.Random) -> float:
    return round(rng.uniform(4.0, 34.0), 1)


def _day(rng: random.Random, weights: tuple[float, ...]) -> dict[str, float]:
    """A day of some machine, and what it sold then."""
    record = _record(rng)
    base, *slopes = weights
    sold = base + sum(w * record[c] for w, c in zip(slopes, COLUMNS, strict=True))
    return {**record, "cans_sold": round(sold + rng.gauss(0.0, 2.0), 1)}


def _sale(rng: random.Random, machine: dict[str, Any]) -> dict[str, Any]:
    """A day of a known machine."""
    temperature = _temperature(rng)
    sold = 2.0 + 1.3 * machine["footfall"] + 0.4 * machine["avg_cans"] + 0.8 * temperature
    return {
        "machine_id": machine["machine_id"],
        "temp_c": temperature,
        "cans_sold": round(sold + rng.gauss(0.0, 3.0), 1),
    }


def _mixed(rng: random.Random, values: list[str]) -> list[str]:
    return rng.sample(values, len(values))


def _register(days: list[dict[str, float]]) -> None:
    """One more version of the model `cans`, fitted on these days."""
    # Only the sandbox has the engines; the host imports this module too.
    import mlflow
    import pandas as pd
    from mlflow.models import infer_signature
    from sklearn.linear_model import LinearRegression

    frame = pd.DataFrame(days)
    model = LinearRegression().fit(frame[COLUMNS], frame["cans_sold"])
    with mlflow.start_run(run_name="cans"):
        mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(frame[COLUMNS], model.predict(frame[COLUMNS])),
            pip_requirements=["scikit-learn"],
            registered_model_name="cans",
        )


def _deploy_pilot() -> None:
    """Ask for the endpoint `pilot`. It gets ready while the student's file runs."""
    import os
    import urllib.request

    entity = {"entity_name": "cans", "entity_version": "1", "workload_size": "Small"}
    body = {"name": "pilot", "config": {"served_entities": [entity]}}
    request = urllib.request.Request(
        f"{os.environ['DATABRICKS_HOST']}/api/2.0/serving-endpoints",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {os.environ['DATABRICKS_TOKEN']}"},
    )
    urllib.request.urlopen(request).close()
