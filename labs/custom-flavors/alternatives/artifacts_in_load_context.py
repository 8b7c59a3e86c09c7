"""What the model has learnt lies in files that are logged as its artefacts and read on loading."""

import json
import tempfile
from pathlib import Path
from typing import Any

import joblib
import mlflow
import numpy as np
import pandas as pd
import yaml
from mlflow import MlflowClient
from mlflow.models.signature import infer_signature
from sklearn.neighbors import KNeighborsRegressor

READINGS = ["distance_nm", "barge_tonnes", "head_wind_kn", "tide_kn"]
TARGET = "fuel_l"


def prepared(readings: pd.DataFrame, scaling: dict[str, dict[str, float]]) -> np.ndarray:
    """Filled and scaled readings, as an array."""
    columns = []
    for name in READINGS:
        column = readings[name].to_numpy(dtype=float)
        column = np.where(np.isnan(column), scaling[name]["median"], column)
        columns.append((column - scaling[name]["mean"]) / scaling[name]["deviation"])
    return np.column_stack(columns)


class TowModel(mlflow.pyfunc.PythonModel):
    def load_context(self, context: Any) -> None:
        self.scaling = json.loads(Path(context.artifacts["scaling"]).read_text())
        self.regressor = joblib.load(context.artifacts["regressor"])

    def predict(self, context: Any, model_input: pd.DataFrame) -> list[float]:
        return self.regressor.predict(prepared(model_input, self.scaling)).tolist()


def flavors_of(model_uri: str) -> list[str]:
    folder = mlflow.artifacts.download_artifacts(artifact_uri=model_uri)
    return sorted(yaml.safe_load(Path(folder, "MLmodel").read_text())["flavors"])


def settings_of(model_uri: str) -> dict[str, Any]:
    return mlflow.sklearn.load_model(model_uri).get_params()


def log_tow_model(path: str, run_name: str) -> str:
    tows = pd.read_csv(path)
    scaling = {}
    for name in READINGS:
        median = tows[name].median()
        filled = tows[name].fillna(median)
        spread = {"mean": filled.mean(), "deviation": filled.std(ddof=0)}
        scaling[name] = {"median": median, **spread}
    regressor = KNeighborsRegressor(n_neighbors=5).fit(prepared(tows, scaling), tows[TARGET])
    with tempfile.TemporaryDirectory() as folder, mlflow.start_run(run_name=run_name):
        files = {"scaling": f"{folder}/scaling.json", "regressor": f"{folder}/regressor.joblib"}
        Path(files["scaling"]).write_text(json.dumps(scaling))
        joblib.dump(regressor, files["regressor"])
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=TowModel(),
            artifacts=files,
            signature=infer_signature(tows[READINGS].dropna(), np.array([1.0])),
            input_example=tows[READINGS].dropna().sample(3, random_state=1),
        )
    return logged.model_uri


def dry_run(model_uri: str, tows: list[dict[str, Any]]) -> pd.DataFrame:
    tow_model = mlflow.pyfunc.load_model(model_uri).unwrap_python_model()
    table = pd.DataFrame.from_records(tows)
    return table.assign(litres=tow_model.predict(None, table))


client = MlflowClient()
planned = pd.read_csv("inputs/planned.csv")
whole = pd.read_csv("inputs/tows.csv").dropna()
plain = KNeighborsRegressor(n_neighbors=5).fit(whole[READINGS], whole[TARGET])

run_id = client.create_run("0", run_name="plain").info.run_id
with mlflow.start_run(run_id=run_id):
    signature = infer_signature(whole[READINGS], plain.predict(whole[READINGS]))
    mlflow.sklearn.log_model(plain, name="model", signature=signature)

# Loaded as pyfunc, the estimator is asked all the same.
pyfunc = mlflow.pyfunc.load_model(f"runs:/{run_id}/model")
plain_litres = [round(float(litres), 3) for litres in pyfunc.get_raw_model().predict(planned)]

log_tow_model("inputs/tows.csv", "tow-model")
[run] = mlflow.search_runs(filter_string="run_name = 'tow-model'", output_format="list")
plan = planned.copy()
plan.insert(0, "litres", mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model").predict(plan))
plan.round(3).to_csv("plan.csv", index=False)
