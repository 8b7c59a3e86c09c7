"""Tows of three harbours, a plan of tows to come, and models that others have logged."""

from __future__ import annotations

import csv
import pathlib
import random
from typing import Any

READINGS = ["distance_nm", "barge_tonnes", "head_wind_kn", "tide_kn"]
TARGET = "fuel_l"
#: The instruments that fail now and then.
FAILING = ("barge_tonnes", "head_wind_kn", "tide_kn")
HIDDEN = pathlib.Path("/workspace/hidden")


def make(rng: random.Random) -> dict[str, Any]:
    """Tables of tows, and what the models of others are made with; no answers."""
    return {
        "home": _tows(rng, 260, heavy=1.0, windy=1.0),
        "planned": [_without_fuel(t) for t in _tows(rng, 14, heavy=1.0, windy=1.0, gaps=0.0)],
        "hidden": {
            "north": _harbour(rng, heavy=0.35, windy=1.8),
            "south": _harbour(rng, heavy=2.2, windy=0.6),
        },
        "others": {
            "wharf": {"kind": "neighbours", "settings": {"n_neighbors": 3, "weights": "distance"}},
            "canal": {"kind": "neighbours", "settings": {"n_neighbors": 9, "p": 1}},
            "gauge": {"kind": "scaler", "settings": {"with_mean": False}},
            "toll": {"kind": "python"},
        },
    }


def prepare(data: dict[str, Any], inputs: pathlib.Path) -> None:
    """Write the tables, and log the models."""
    _write(inputs / "tows.csv", [*READINGS, TARGET], data["home"])
    _write(inputs / "planned.csv", READINGS, data["planned"])
    for name, harbour in data["hidden"].items():
        _write(HIDDEN / f"{name}.csv", [*READINGS, TARGET], harbour["tows"])
    _log_others(data["others"])


def _harbour(rng: random.Random, heavy: float, windy: float) -> dict[str, Any]:
    """What a model learns from, and tows that it is asked about, of which some have gaps.

    Those asked about are the harder half of the harbour's: their own means and medians are not
    those of the tows that the model has learnt from.
    """
    asked = [_without_fuel(t) for t in _tows(rng, 30, 1.3 * heavy, 1.4 * windy, gaps=0.0)]
    whole, gapped = asked[:18], asked[18:]
    for number, tow in enumerate(gapped):
        tow[FAILING[number % len(FAILING)]] = None
    return {
        "tows": _tows(rng, 180, heavy, windy),
        "whole": sorted(whole, key=lambda t: -t["head_wind_kn"]),
        "gapped": gapped,
    }


def _tows(
    rng: random.Random, count: int, heavy: float, windy: float, gaps: float = 0.12
) -> list[dict[str, float | None]]:
    """Tows and the fuel they took; a share `gaps` of the failing instruments' values is lost."""
    tows = []
    for _ in range(count):
        distance = rng.uniform(0.8, 9.5)
        tonnes = heavy * rng.lognormvariate(6.8, 0.6)
        wind = min(45.0, windy * rng.expovariate(1 / 9.0))
        tide = rng.uniform(-3.2, 3.2)
        pull = 9.0 + 0.011 * tonnes + 0.06 * wind**2
        fuel = distance / (6.0 + 0.5 * tide) * pull * 6.0 + rng.gauss(0.0, 4.0)
        tow: dict[str, float | None] = {
            "distance_nm": round(distance, 3),
            "barge_tonnes": round(tonnes, 1),
            "head_wind_kn": round(wind, 2),
            "tide_kn": round(tide, 3),
            TARGET: round(max(5.0, fuel), 2),
        }
        for name in FAILING:
            if rng.random() < gaps:
                tow[name] = None
        tows.append(tow)
    return tows


def _without_fuel(tow: dict[str, Any]) -> dict[str, Any]:
    return {name: tow[name] for name in READINGS}


def _write(path: pathlib.Path, columns: list[str], rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)


def _log_others(others: dict[str, dict[str, Any]]) -> None:
    """Models of three kinds: of scikit-learn, of it but unable to predict, and of plain Python."""
    # Only the sandbox has MLflow; the host imports this module too.
    import mlflow
    import mlflow.sklearn
    from mlflow.pyfunc.model import PythonModel
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.preprocessing import StandardScaler

    class Toll(PythonModel):
        def predict(self, context: Any, model_input: Any, params: Any = None) -> list[float]:
            return [25.0] * len(model_input)

    rows = [[float(a), float(a * b % 7)] for a in range(6) for b in range(4)]
    experiment = mlflow.MlflowClient().create_experiment("other-harbours")
    with mlflow.start_run(experiment_id=experiment, run_name="collection"):
        for name, other in others.items():
            # Given requirements save their inference, and no one installs these.
            if other["kind"] == "python":
                mlflow.pyfunc.log_model(name=name, python_model=Toll(), pip_requirements=["mlflow"])
                continue
            kind = StandardScaler if other["kind"] == "scaler" else KNeighborsRegressor
            fitted = kind(**other["settings"]).fit(rows, [sum(row) for row in rows])
            mlflow.sklearn.log_model(fitted, name=name, pip_requirements=["scikit-learn"])
