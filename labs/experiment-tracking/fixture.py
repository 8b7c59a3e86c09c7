"""Weekly readings of the compressors of a cold store, and an archive of runs to search in."""

from __future__ import annotations

import csv
import math
import pathlib
import random
from typing import Any

FEATURES = ["vibration_mm_s", "discharge_temp_c", "duty_ratio", "frost_mm", "days_since_service"]
LABEL = "needs_service"


def make(rng: random.Random) -> dict[str, Any]:
    """The two tables of readings, and what the archived runs have logged."""
    return {
        "train": [_reading(rng) for _ in range(600)],
        "validation": [_reading(rng) for _ in range(300)],
        "archive": {
            "retired-fans": _archived(rng, base=0.60),
            "retired-pumps": _archived(rng, base=0.75),
        },
    }


def prepare(data: dict[str, Any], inputs: pathlib.Path) -> None:
    """Write the tables, and the archived runs into experiments of their own."""
    for name in ("train", "validation"):
        with (inputs / f"compressors_{name}.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, [*FEATURES, LABEL])
            table.writeheader()
            table.writerows(data[name])
    _write_archive(data["archive"])


def _reading(rng: random.Random) -> dict[str, float | int]:
    """One compressor in one week; a worn one is more likely to need service."""
    vibration = max(0.5, rng.gauss(4.0, 1.3))
    temperature = rng.gauss(78.0, 9.0)
    duty = rng.uniform(0.2, 0.95)
    frost = min(14.0, rng.expovariate(1 / 3.0))
    days = rng.uniform(5.0, 400.0)
    worn = (
        1.2 * (vibration - 4.0) / 1.3
        + 1.6 * (temperature - 78.0) / 9.0 * (1.0 if duty > 0.55 else -0.8)
        + 1.1 * (days - 200.0) / 115.0
        + 0.7 * (frost - 3.0) / 3.0
        - 0.3
    )
    return {
        "vibration_mm_s": round(vibration, 3),
        "discharge_temp_c": round(temperature, 2),
        "duty_ratio": round(duty, 4),
        "frost_mm": round(frost, 3),
        "days_since_service": round(days, 2),
        LABEL: int(rng.random() < 1.0 / (1.0 + math.exp(-3.0 * worn))),
    }


def _archived(rng: random.Random, base: float) -> list[dict[str, Any]]:
    """Runs of one experiment, oldest first.

    Among the finished ones another is best by accuracy than by recall, and neither is the oldest
    or the newest. A failed run has the highest values of all, and a finished one has none.
    """
    levels = [3, 8, 5, 1, 6]  # of accuracy; of recall in the opposite order
    runs: list[dict[str, Any]] = [
        {
            "name": f"trial-{i}",
            "status": "FINISHED",
            "metrics": {
                "accuracy": _near(rng, base + 0.02 * level),
                "recall": _near(rng, base + 0.02 * (9 - level)),
            },
            "loss": {str(step): _near(rng, 0.9 - step / 50) for step in _steps(rng)},
        }
        for i, level in enumerate(levels, 1)
    ]
    top = {"accuracy": _near(rng, base + 0.22), "recall": _near(rng, base + 0.22)}
    runs.insert(3, {"name": "aborted", "status": "FAILED", "metrics": top, "loss": {}})
    runs.append({"name": "empty", "status": "FINISHED", "metrics": {}, "loss": {}})
    return runs


def _near(rng: random.Random, value: float) -> float:
    return round(value + rng.uniform(-0.008, 0.008), 4)


def _steps(rng: random.Random) -> list[int]:
    return sorted(rng.sample(range(0, 40, 2), rng.randint(4, 6)))


def _write_archive(archive: dict[str, list[dict[str, Any]]]) -> None:
    # Only the sandbox has MLflow; the host imports this module too.
    from mlflow import MlflowClient
    from mlflow.entities import Metric

    client = MlflowClient()
    when = 1_700_000_000_000  # all on one day, a minute apart
    for experiment, runs in archive.items():
        experiment_id = client.create_experiment(experiment)
        for run in runs:
            when += 60_000
            run_id = client.create_run(experiment_id, when, run_name=run["name"]).info.run_id
            logged = [Metric(key, value, when, 0) for key, value in run["metrics"].items()]
            logged += [Metric("loss", v, when, int(step)) for step, v in run["loss"].items()]
            client.log_batch(run_id, metrics=logged)
            client.set_terminated(run_id, run["status"], when + 30_000)
