"""Records of ski lifts and of a ski bus, and registered models with a past."""

from __future__ import annotations

import pathlib
import random
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

HIDDEN = pathlib.Path("/workspace/hidden")
#: Rows of each lift in 100, and what it adds to the queue (minutes).
LIFTS = {"Nordhang": 40, "Talbahn": 35, "Kuppe": 25}
EXTRA = {"Nordhang": 3.0, "Talbahn": 0.0, "Kuppe": -2.0, "Gletscher": 6.0}
SKY = {"sun": 50, "cloud": 30, "snowfall": 20}

Column = list[Any]
Table = dict[str, Column]


def make(rng: random.Random) -> dict[str, Any]:
    """The tables of the files, by name."""
    reference = _queues(rng, 400)
    return {
        "inputs": {
            "reference": reference,
            "current": _queues(
                rng,
                300,
                lifts={"Nordhang": 30, "Talbahn": 30, "Kuppe": 20, "Gletscher": 20},
                busier=400.0,
                minutes_per_100=2.1,
            ),
        },
        "hidden": {
            # The same mountain a week later: what differs is chance, in the queues alone.
            "calm": _queues(rng, 200),
            # A broken counter wrote short queues, until it was mended on the day of a storm.
            "faulty": _joined(
                _queues(rng, 210, busier=400.0, late=-14.0),
                _queues(rng, 90, sky={"storm": 100}, busier=400.0, late=25.0),
            ),
            "judged": _queues(rng, 60, busier=150.0, minutes_per_100=1.6),
            "bus_reference": _bus(rng),
            "bus_moved": _bus(rng, rows=150, wind=12.0, routes={"A": 24, "C": 46, "D": 30}),
            "bus_gaps": _bus(rng, gaps={"visibility_km": 0.16, "passengers": 0.0}),
            "bus_doubtful": _bus(rng, routes={"A": 28.5, "B": 30, "C": 41.5}),
            "bus_late": _bus(rng, late=20.0),
        },
    }


def prepare(data: dict[str, Any], inputs: pathlib.Path) -> None:
    """Write the tables, and register the models that the loop is run for."""
    # Only the sandbox is sure to have these; the host imports this module too.
    import pandas as pd

    HIDDEN.mkdir(exist_ok=True)
    for folder, name in ((inputs, "inputs"), (HIDDEN, "hidden")):
        for file, table in data[name].items():
            frame = pd.DataFrame(table)
            texts = {c: "string" for c in table if frame[c].dtype == object}
            if "ticket" in texts:
                texts["ticket"] = "category"
            frame.astype(texts).to_parquet(folder / f"{file}.parquet")
    _register(pd.read_parquet(inputs / "reference.parquet"))


def _register(rows: Any) -> None:
    """Three registered models. One of them has a newer version that never became champion."""
    import mlflow
    from mlflow import MlflowClient
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.dummy import DummyRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    texts = (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number"))
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    good = make_pipeline(make_column_transformer(texts, remainder=numbers), Ridge())
    features, target = rows.drop(columns="queue_min"), rows["queue_min"]
    hour = DummyRegressor(strategy="constant", constant=60.0)
    uris = []
    with mlflow.start_run(run_name="early-winter"):
        for name, model in (("queues", good), ("always-an-hour", hour)):
            model.fit(features, target)
            # Naming the requirements spares the search for them.
            info = mlflow.sklearn.log_model(model, name=name, pip_requirements=["scikit-learn"])
            uris.append(info.model_uri)
    client = MlflowClient()
    for name in ("queue-minutes", "queue-calm", "queue-faulty"):
        mlflow.register_model(uris[0], name)
        client.set_registered_model_alias(name, "champion", "1")
    mlflow.register_model(uris[1], "queue-faulty")


def _queues(
    rng: random.Random,
    rows: int,
    *,
    lifts: Mapping[str, float] = LIFTS,
    sky: Mapping[str, float] = SKY,
    busier: float = 0.0,
    minutes_per_100: float = 1.2,
    late: float = 0.0,
) -> Table:
    """Records of lifts. Every feature follows its law closely, so no test sees drift by chance."""
    table: Table = {
        "temperature_c": _normal(rng, rows, -5.0, 4.0),
        "fresh_snow_cm": _gappy(rng, _normal(rng, rows, 12.0, 3.5), 0.02),
        "skiers": [round(skiers) for skiers in _normal(rng, rows, 900.0 + busier, 160.0)],
        "lift": _mix(rng, rows, lifts),
        "sky": _mix(rng, rows, sky),
    }
    table["queue_min"] = [
        round(
            minutes_per_100 * skiers / 100
            + 0.4 * (snow or 12.0)
            + EXTRA[lift]
            + late
            + rng.gauss(0.0, 1.0),
            2,
        )
        for skiers, snow, lift in zip(
            table["skiers"], table["fresh_snow_cm"], table["lift"], strict=True
        )
    ]
    return table


def _bus(
    rng: random.Random,
    *,
    rows: int = 200,
    wind: float = 0.0,
    routes: Mapping[str, float] | None = None,
    gaps: Mapping[str, float] | None = None,
    late: float = 0.0,
) -> Table:
    """Trips of the ski bus, under other columns."""
    table: Table = {
        "delay_min": [round(rng.gauss(6.0 + late, 2.0), 2) for _ in range(rows)],
        "route": _mix(rng, rows, routes or {"A": 40, "B": 30, "C": 30}),
        "wind_kmh": _normal(rng, rows, 22.0 + wind, 9.0),
        "stops": [7 + i % 4 for i in range(rows)],
        "visibility_km": _normal(rng, rows, 9.0, 2.0),
        "ticket": _mix(rng, rows, {"day": 50, "season": 50}),
        "passengers": _normal(rng, rows, 31.0, 8.0),
    }
    for feature, share in {"visibility_km": 0.02, "passengers": 0.10, **(gaps or {})}.items():
        table[feature] = _gappy(rng, table[feature], share)
    return table


def _joined(older: Table, newer: Table) -> Table:
    return {name: [*older[name], *newer[name]] for name in older}


def _normal(rng: random.Random, rows: int, mean: float, spread: float) -> Column:
    """A normal sample with one value in each of `rows` equal parts, in random order."""
    law = NormalDist(mean, spread)
    column = [round(law.inv_cdf((i + rng.uniform(0.05, 0.95)) / rows), 3) for i in range(rows)]
    rng.shuffle(column)
    return column


def _gappy(rng: random.Random, column: Column, share: float) -> Column:
    """The column with gaps, spread evenly over its values so that they do not change its law."""
    gaps = round(share * len(column))
    by_value = sorted(range(len(column)), key=column.__getitem__)
    for i in range(gaps):
        column[by_value[int((i + rng.random()) * len(column) / gaps)]] = None
    return column


def _mix(rng: random.Random, rows: int, shares: Mapping[str, float]) -> Column:
    """Texts in shares of 100, exactly."""
    column = [name for name, share in shares.items() for _ in range(round(rows * share / 100))]
    rng.shuffle(column)
    return column
