"""Kestrel Tugs: fuel forecasts, and a model that brings its own preparation."""

from typing import Any

import mlflow
import mlflow.pyfunc
import mlflow.sklearn
import pandas as pd
from mlflow.models import Model, infer_signature
from sklearn.neighbors import KNeighborsRegressor

READINGS = ["distance_nm", "barge_tonnes", "head_wind_kn", "tide_kn"]
TARGET = "fuel_l"


class TowModel(mlflow.pyfunc.PythonModel):
    """Forecasts the fuel of tows from raw readings."""

    def __init__(self) -> None:
        self.learnt: dict[str, tuple[float, float, float]] = {}
        self.regressor = KNeighborsRegressor(n_neighbors=5)

    def train(self, tows: pd.DataFrame) -> "TowModel":
        for name in READINGS:
            median = tows[name].median()
            filled = tows[name].fillna(median)
            self.learnt[name] = (median, filled.mean(), filled.std())
        self.regressor.fit(self._prepare(tows), tows[TARGET])
        return self

    def _prepare(self, readings: pd.DataFrame) -> pd.DataFrame:
        columns = {}  # new columns: the caller's stay as they are
        for name, (median, mean, deviation) in self.learnt.items():
            columns[name] = (readings[name].fillna(median) - mean) / deviation
        return pd.DataFrame(columns, index=readings.index)

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
        return self.regressor.predict(self._prepare(model_input))


def flavors_of(model_uri: str) -> list[str]:
    """The names of a logged model's flavors."""
    return list(Model.load(model_uri).flavors.keys())


def settings_of(model_uri: str) -> dict[str, Any]:
    """The parameters of the scikit-learn estimator in a logged model."""
    estimator = mlflow.sklearn.load_model(model_uri)
    return estimator.get_params()


def log_tow_model(path: str, run_name: str) -> str:
    """Train a TowModel on a file, log it in a run of its own, and return its URI."""
    tows = pd.read_csv(path)
    model = TowModel().train(tows)
    example = tows[READINGS].dropna().iloc[:4]
    with mlflow.start_run(run_name=run_name) as run:
        mlflow.pyfunc.log_model(
            name="model",
            python_model=model,
            # From a frame, so that the columns keep their names.
            signature=infer_signature(example, model.predict(None, example)),
            input_example=example,
        )
    return f"runs:/{run.info.run_id}/model"


def dry_run(model_uri: str, tows: list[dict[str, Any]]) -> pd.DataFrame:
    """The tows as they are, and the forecasts of the class itself as `litres`."""
    frame = pd.DataFrame(tows, columns=READINGS)
    tow_model = mlflow.pyfunc.load_model(model_uri).unwrap_python_model()
    litres = tow_model.predict(None, frame)
    frame["litres"] = litres
    return frame


# 5. plain
tows = pd.read_csv("/workspace/inputs/tows.csv")
planned = pd.read_csv("/workspace/inputs/planned.csv")
with_all = tows.dropna()
with mlflow.start_run(run_name="plain") as plain_run:
    plain = KNeighborsRegressor(n_neighbors=5)
    plain.fit(with_all[READINGS], with_all[TARGET])
    mlflow.sklearn.log_model(plain, "model")
again = mlflow.sklearn.load_model(f"runs:/{plain_run.info.run_id}/model")
plain_litres = [float(litres) for litres in again.predict(planned[READINGS])]

# 6. tow-model
tow_model = mlflow.pyfunc.load_model(log_tow_model("/workspace/inputs/tows.csv", "tow-model"))
plan = planned.copy()
plan["litres"] = tow_model.predict(planned)
plan.to_csv("plan.csv", index=False)
