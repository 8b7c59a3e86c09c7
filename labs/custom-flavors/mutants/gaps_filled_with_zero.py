"""Gaps are filled with 0, in training and when the model is asked.

Fails: test_readings_are_prepared_when_the_loaded_model_predicts,
    test_gaps_are_filled_with_the_medians_of_training
"""

from typing import Any

import mlflow
import mlflow.pyfunc
import mlflow.sklearn
import pandas as pd
from mlflow.models import get_model_info, infer_signature
from sklearn.neighbors import KNeighborsRegressor

READINGS = ["distance_nm", "barge_tonnes", "head_wind_kn", "tide_kn"]
TARGET = "fuel_l"


class TowModel(mlflow.pyfunc.PythonModel):
    """Forecasts the fuel of tows from raw readings."""

    def __init__(self, tows: pd.DataFrame) -> None:
        """Learn how to prepare readings, and then from them."""
        filled = tows[READINGS].fillna(0.0)
        self.means, self.deviations = filled.mean(), filled.std()
        self.regressor = KNeighborsRegressor(n_neighbors=5)
        self.regressor.fit(self.prepared(tows), tows[TARGET])

    def prepared(self, readings: pd.DataFrame) -> pd.DataFrame:
        """A new frame of readings, filled and scaled by what was learnt."""
        filled = readings[READINGS].fillna(0.0)
        return (filled - self.means) / self.deviations

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
        """One forecast in litres for each row of readings."""
        return self.regressor.predict(self.prepared(model_input))


def flavors_of(model_uri: str) -> list[str]:
    """The names of a logged model's flavors."""
    return sorted(get_model_info(model_uri).flavors)


def settings_of(model_uri: str) -> dict[str, Any]:
    """The parameters of the scikit-learn estimator in a logged model."""
    return mlflow.sklearn.load_model(model_uri).get_params()


def log_tow_model(path: str, run_name: str) -> str:
    """Train a TowModel on a file, log it in a run of its own, and return its URI."""
    tows = pd.read_csv(path)
    model = TowModel(tows)
    readings = tows[READINGS]
    with mlflow.start_run(run_name=run_name):
        return mlflow.pyfunc.log_model(
            name="model",
            python_model=model,
            signature=infer_signature(readings, model.predict(None, readings)),
            input_example=readings.dropna().head(3),
        ).model_uri


def dry_run(model_uri: str, tows: list[dict[str, Any]]) -> pd.DataFrame:
    """The tows as they are, and the forecasts of the class itself as `litres`."""
    model = mlflow.pyfunc.load_model(model_uri).unwrap_python_model()
    frame = pd.DataFrame(tows)
    frame["litres"] = model.predict(None, frame)
    return frame


planned = pd.read_csv("inputs/planned.csv")

with mlflow.start_run(run_name="plain"):
    whole = pd.read_csv("inputs/tows.csv").dropna()
    regressor = KNeighborsRegressor(n_neighbors=5).fit(whole[READINGS], whole[TARGET])
    plain_uri = mlflow.sklearn.log_model(regressor, name="model").model_uri

plain_litres = mlflow.sklearn.load_model(plain_uri).predict(planned[READINGS]).tolist()

tow_model = mlflow.pyfunc.load_model(log_tow_model("inputs/tows.csv", "tow-model"))
planned.assign(litres=tow_model.predict(planned)).to_csv("plan.csv", index=False)
