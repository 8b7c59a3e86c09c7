"""A scikit-learn pipeline does the work inside the class; the signature is written by hand."""

from typing import Any

import mlflow
import pandas as pd
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, Schema
from sklearn.impute import SimpleImputer
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

READINGS = ["distance_nm", "barge_tonnes", "head_wind_kn", "tide_kn"]
TARGET = "fuel_l"
SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec("double", name) for name in READINGS]),
    outputs=Schema([ColSpec("double", "litres")]),
)


class TowModel(mlflow.pyfunc.PythonModel):
    def __init__(self):
        self.pipeline = make_pipeline(
            SimpleImputer(strategy="median"), StandardScaler(), KNeighborsRegressor()
        )

    def fit(self, tows: pd.DataFrame) -> "TowModel":
        self.pipeline.fit(tows[READINGS], tows[TARGET])
        return self

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        return pd.DataFrame({"litres": self.pipeline.predict(model_input[READINGS])})


def flavors_of(model_uri: str) -> list[str]:
    return list(Model.load(model_uri).flavors)


def settings_of(model_uri: str) -> dict[str, Any]:
    return mlflow.sklearn.load_model(model_uri).get_params(deep=False)


def log_tow_model(path: str, run_name: str) -> str:
    tows = pd.read_csv(path)
    with mlflow.start_run(run_name=run_name) as run:
        mlflow.pyfunc.log_model(
            artifact_path="model",
            python_model=TowModel().fit(tows),
            signature=SIGNATURE,
            input_example=tows[READINGS].head(5),
        )
    return f"runs:/{run.info.run_id}/model"


def dry_run(model_uri: str, tows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(tows)
    model = mlflow.pyfunc.load_model(model_uri).unwrap_python_model()
    frame["litres"] = model.predict(None, frame)["litres"].to_numpy()
    return frame


planned = pd.read_csv("inputs/planned.csv")
tows = pd.read_csv("inputs/tows.csv")

with mlflow.start_run(run_name="plain") as run:
    complete = tows[tows[READINGS].notna().all(axis=1)]
    X, y = complete[READINGS].to_numpy(), complete[TARGET].to_numpy()
    mlflow.sklearn.log_model(KNeighborsRegressor().fit(X, y), "model")

plain = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
plain_litres = list(plain.predict(planned[READINGS].to_numpy()))

loaded = mlflow.pyfunc.load_model(log_tow_model("/workspace/inputs/tows.csv", "tow-model"))
pd.concat([planned, loaded.predict(planned)], axis=1).to_csv("plan.csv", index=False)
