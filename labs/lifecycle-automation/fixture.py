"""A parcel depot: rows, versions of its model, given notebooks, and what others left behind."""

from __future__ import annotations

import csv
import json
import math
import pathlib
import random
from typing import Any

FEATURES = ["distance_km", "weight_kg", "pickup_hour", "stops", "parcel_no"]
LABEL = "late"
#: Versions of late-parcel, from 1: what each of them is.
VERSIONS = ("sound", "careless", "overfitted", "sound", "sound")

TRAIN = '''
"""Fit a model to inputs/train.csv, register it as a version of late-parcel, ask for its test."""
import mlflow
import mlflow.sklearn
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

rows = pd.read_csv("inputs/train.csv")
features = [name for name in rows.columns if name != "late"]
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows[features], rows["late"])
with mlflow.start_run(run_name="nightly"):
    logged = mlflow.sklearn.log_model(
        model, name="model", registered_model_name="late-parcel", pip_requirements=["scikit-learn"]
    )
version = logged.registered_model_version
mlflow.MlflowClient().transition_model_version_stage("late-parcel", version, "Staging")
dbutils.notebook.exit(str(version))
'''
DEPLOY = '''
"""Let the alias `live` of late-parcel point to the version that an event tells of."""
import json
import mlflow

told = json.loads(dbutils.widgets.get("event_message"))
mlflow.MlflowClient().set_registered_model_alias(told["model_name"], "live", told["version"])
dbutils.notebook.exit(told["version"])
'''
SMOKE = '''
"""Ask the live version for one prediction."""
import mlflow.sklearn
import pandas as pd

rows = pd.read_csv("inputs/holdout.csv").head(1)
mlflow.sklearn.load_model("models:/late-parcel@live").predict(rows.drop(columns=["late"]))
dbutils.notebook.exit("smoke test passed")
'''
COUNT = (
    "dbutils.notebook.exit(f\"{dbutils.widgets.get('street')}: {dbutils.widgets.get('boxes')}\")\n"
)
WEIGH = "raise ValueError(f\"no scales in {dbutils.widgets.get('street')}\")\n"


def make(rng: random.Random) -> dict[str, Any]:
    """Rows to fit and to test on, secrets, and what hidden jobs are called with."""
    return {
        "train": [_parcel(rng, number) for number in range(400)],
        "holdout": [_parcel(rng, number) for number in range(1000, 1300)],
        "hook_secret": f"{rng.getrandbits(80):020x}",
        "hook_token": f"{rng.getrandbits(80):020x}",
        "streets": rng.sample(["Ballast Quay", "Cordage Row", "Lantern Steps", "Tallow Lane"], 2),
        "boxes": rng.randint(20, 90),
        "messages": [
            {"secret": f"{rng.getrandbits(64):x}", "body": json.dumps({"parcel": rng.random()})}
            for _ in range(3)
        ],
    }


def prepare(data: dict[str, Any], inputs: pathlib.Path) -> None:
    """Write rows, secrets and notebooks; register models; leave old webhooks and jobs."""
    for name in ("train", "holdout"):
        with (inputs / f"{name}.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, [*FEATURES, LABEL])
            table.writeheader()
            table.writerows(data[name])
    workspace = inputs.parent
    scope = {"hook-secret": data["hook_secret"], "hook-token": data["hook_token"]}
    (workspace / ".secrets.json").write_text(json.dumps({"depot": scope}))
    notebooks = {
        "notebooks/train": TRAIN,
        "notebooks/deploy": DEPLOY,
        "notebooks/smoke": SMOKE,
        "sorting/count": COUNT,
        "sorting/weigh": WEIGH,
    }
    for path, text in notebooks.items():
        target = workspace / f"{path}.py"
        target.parent.mkdir(exist_ok=True)
        target.write_text(text.lstrip())
    _register(data["train"])
    _leave_jobs()
    _leave_webhooks()


def _parcel(rng: random.Random, number: int) -> dict[str, float | int]:
    """One parcel; far ones that were picked up late and pass many stops are late themselves."""
    distance = rng.uniform(2.0, 180.0)
    hour = rng.randint(6, 20)
    stops = rng.randint(1, 30)
    strain = (distance - 90.0) / 50.0 + (hour - 13) / 4.0 + (stops - 15) / 8.0
    return {
        "distance_km": round(distance, 1),
        "weight_kg": round(rng.uniform(0.2, 25.0), 2),
        "pickup_hour": hour,
        "stops": stops,
        "parcel_no": number * 7919 % 10007,
        LABEL: int(rng.random() < 1.0 / (1.0 + math.exp(-3.0 * strain))),
    }


def _register(train: list[dict[str, Any]]) -> None:
    # Only the sandbox has the engines; the host imports this module too.
    import mlflow
    import mlflow.sklearn
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    rows = pd.DataFrame(train)
    # It knows parcels by their number: all of those it was fitted to, and no others.
    by_number = ColumnTransformer([("number", "passthrough", ["parcel_no"])])
    models = {
        "sound": make_pipeline(StandardScaler(), LogisticRegression()),
        "careless": DummyClassifier(strategy="most_frequent"),
        "overfitted": make_pipeline(by_number, DecisionTreeClassifier(random_state=0)),
    }
    logged = {}
    for kind, model in models.items():
        model.fit(rows[FEATURES], rows[LABEL])
        with mlflow.start_run(run_name="archive"):
            logged[kind] = mlflow.sklearn.log_model(
                model, name="model", pip_requirements=["scikit-learn"]
            ).model_uri
    for kind in VERSIONS:
        mlflow.register_model(logged[kind], "late-parcel")
    mlflow.register_model(logged["sound"], "early-parcel")
    mlflow.MlflowClient().transition_model_version_stage("late-parcel", 1, "Production")


def _leave_jobs() -> None:
    """Jobs of the sorting hall's, and so many later ones that a first page has none of these."""
    for name in ("count", "weigh"):
        _create_job(f"{name}-parcels", f"/workspace/sorting/{name}")
    for number in range(24):
        _create_job(f"sweep-hall-{number:02d}", "/workspace/sorting/count")


def _create_job(name: str, path: str) -> None:
    task = {"task_key": "only", "notebook_task": {"notebook_path": path}}
    _post("/api/2.1/jobs/create", {"name": name, "tasks": [task]})


def _leave_webhooks() -> None:
    pager, spare = "/hooks/retired-pager", "/hooks/spare"
    stage, tag = "MODEL_VERSION_TRANSITIONED_STAGE", "MODEL_VERSION_TAG_SET"
    for path, model, events, status in (
        (pager, "late-parcel", [stage], "ACTIVE"),
        (pager, "early-parcel", [tag], "DISABLED"),
        (f"{pager}-2", "late-parcel", [tag, "COMMENT_CREATED"], "ACTIVE"),
        (spare, "early-parcel", [stage], "ACTIVE"),
        (spare, None, [tag, "MODEL_VERSION_CREATED"], "TEST_MODE"),
        (f"{spare}-part", "early-parcel", ["COMMENT_CREATED"], "ACTIVE"),
        ("/hooks/audit", None, ["REGISTERED_MODEL_CREATED"], "ACTIVE"),
    ):
        asked = {"events": events, "status": status, "http_url_spec": {"url": _host() + path}}
        if model:
            asked["model_name"] = model
        _post("/api/2.0/mlflow/registry-webhooks/create", asked)


def _host() -> str:
    import os

    return os.environ["DATABRICKS_HOST"]


def _post(path: str, asked: dict[str, Any]) -> None:
    import os

    import requests

    bearer = {"Authorization": f"Bearer {os.environ['DATABRICKS_TOKEN']}"}
    requests.post(_host() + path, json=asked, headers=bearer, timeout=60).raise_for_status()
