"""Two seasons of callouts, days to come, and models that other teams keep in the registry."""

from __future__ import annotations

import csv
import pathlib
import random
from typing import Any

#: Registered models of other teams. `touched` is the version that was changed last. What the
#: versions in staging and production are is told by `models`; all others are the model `middle`.
TEAMS: dict[str, dict[str, Any]] = {
    "avalanche": {
        "versions": 13,
        "deleted": [4, 13],
        "archived": [1, 2],
        "production": 9,
        "staging": 11,
        "touched": 3,
        "models": {"staging": "flat", "production": "steep"},
    },
    "river-level": {
        "versions": 11,
        "deleted": [6, 7],
        "archived": [1],
        "production": 10,
        "staging": 8,
        "touched": 5,
        "models": {"staging": "steep", "production": "flat"},
    },
    "rockfall": {
        "versions": 4,
        "deleted": [],
        "archived": [1],
        "production": 2,
        "staging": 3,
        "touched": 1,
        "models": {"staging": "flat", "production": "steep"},
    },
    "black-ice": {
        "versions": 11,
        "deleted": [5],
        "archived": [1],
        "production": 3,
        "staging": 10,
        "touched": 2,
        "models": {"staging": "flat", "production": "steep"},
    },
    "whiteout": {
        "versions": 12,
        "deleted": [7],
        "archived": [1],
        "production": 10,
        "staging": 11,
        "touched": 4,
        "models": {"staging": "flat", "production": "steep"},
    },
    "meltwater": {
        "versions": 4,
        "deleted": [],
        "archived": [],
        "production": 3,
        "staging": 2,
        "touched": 1,
        "models": {"staging": "flat", "production": "steep"},
    },
}
ROLES = {"staging": "Staging", "production": "Production"}


def make(rng: random.Random) -> dict[str, Any]:
    """Days and their callouts, and the lines that other teams' models are; no answers."""
    return {
        "season_1": _season(rng, 110, base=0.6, each=0.0031),
        "season_2": _season(rng, 140, base=1.9, each=0.0074),
        "holidays": [{"day": f"holiday-{n}", "visitors": _visitors(rng)} for n in range(1, 9)],
        "teams": TEAMS,
        "asked": [_visitors(rng) for _ in range(5)],
        # Callouts on a day without visitors, and per visitor.
        "lines": {
            name: [round(rng.uniform(0.1, 3.0), 3), round(rng.uniform(0.5, 9.0) * scale, 5)]
            for name, scale in (("flat", 0.001), ("middle", 0.01), ("steep", 0.1))
        },
    }


def prepare(data: dict[str, Any], inputs: pathlib.Path) -> None:
    """Write the tables, and register the models of the teams."""
    for name in ("season_1", "season_2", "holidays"):
        with (inputs / f"{name}.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, list(data[name][0]))
            table.writeheader()
            table.writerows(data[name])
    logged = _logged(data["lines"])
    for name, team in data["teams"].items():
        _register(name, team, logged)


def _visitors(rng: random.Random) -> float:
    return float(rng.randint(40, 1900))


def _season(rng: random.Random, days: int, base: float, each: float) -> list[dict[str, Any]]:
    season = []
    for number in range(1, days + 1):
        visitors = _visitors(rng)
        callouts = max(0, round(base + each * visitors + rng.gauss(0.0, 1.1)))
        season.append({"day": f"day-{number}", "visitors": visitors, "callouts": callouts})
    return season


def _logged(lines: dict[str, list[float]]) -> dict[str, tuple[str, str]]:
    """URI and run of a model for each line."""
    # Only the sandbox has MLflow; the host imports this module too.
    import mlflow
    import mlflow.sklearn
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    experiment = mlflow.MlflowClient().create_experiment("other-teams")
    frame = pd.DataFrame({"visitors": [0.0, 1000.0]})
    logged = {}
    for name, (base, each) in lines.items():
        fitted = LinearRegression().fit(frame, [base, base + 1000.0 * each])
        with mlflow.start_run(experiment_id=experiment, run_name=name) as run:
            # Given requirements save their inference, and no one installs these.
            info = mlflow.sklearn.log_model(fitted, name="model", pip_requirements=["scikit-learn"])
        logged[name] = info.model_uri, run.info.run_id
    return logged


def _register(name: str, team: dict[str, Any], logged: dict[str, tuple[str, str]]) -> None:
    """A team's versions. Their roles are kept in both ways at once: as stages and as aliases."""
    import warnings

    import mlflow

    client = mlflow.MlflowClient()
    client.create_registered_model(name)
    models = {team[role]: model for role, model in team["models"].items()}
    for version in range(1, team["versions"] + 1):
        uri, run_id = logged[models.get(version, "middle")]
        client.create_model_version(name, uri, run_id)
    for version in team["deleted"]:
        client.delete_model_version(name, version)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # stages are deprecated, and taught
        for role, stage in ROLES.items():
            client.transition_model_version_stage(name, team[role], stage)
            client.set_registered_model_alias(name, role, team[role])
        for version in team["archived"]:
            client.transition_model_version_stage(name, version, "Archived")
            client.set_model_version_tag(name, version, "archived", "true")
    client.update_model_version(name, team["touched"], "Looked at again this morning.")
