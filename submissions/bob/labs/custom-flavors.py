"""Kestrel Tugs."""

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import get_model_info
from mlflow.models.signature import infer_signature
from sklearn.neighbors import KNeighborsRegressor

READINGS = ["distance_nm", "barge_tonnes", "head_wind_kn", "tide_kn"]
TARGET = "fuel_l"


class TowModel(mlflow.pyfunc.PythonModel):
    def __init__(self, model, medians):
        self.model = model
        self.medians = medians

    def predict(self, context, model_input, params=None):
        if isinstance(model_input, pd.DataFrame):
            model_input[READINGS] = model_input[READINGS].fillna(self.medians)
            model_input[READINGS] = model_input[READINGS] - model_input[READINGS].mean()
            model_input[READINGS] = model_input[READINGS] / model_input[READINGS].std()
        return self.model.predict(np.asarray(model_input))


def flavors_of(model_uri):
    return list(get_model_info(model_uri).flavors)


def settings_of(model_uri):
    return mlflow.sklearn.load_model(model_uri).get_params()


def log_tow_model(path, run_name):
    tows = pd.read_csv(path)
    medians = tows[READINGS].median()
    X = tows[READINGS].fillna(medians)
    X = (X - X.mean()) / X.std()
    model = KNeighborsRegressor(n_neighbors=5).fit(X.to_numpy(), tows[TARGET])
    with mlflow.start_run(run_name=run_name):
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=TowModel(model, medians),
            signature=infer_signature(X.to_numpy(), model.predict(X.to_numpy())),
            input_example=X.head(5),
        )
    return info.model_uri


def dry_run(model_uri, tows):
    frame = pd.DataFrame(tows)
    frame["litres"] = mlflow.pyfunc.load_model(model_uri).unwrap_python_model().predict(None, frame)
    return frame


planned = pd.read_csv("inputs/planned.csv")

with mlflow.start_run(run_name="plain"):
    tows = pd.read_csv("inputs/tows.csv").dropna()
    plain = KNeighborsRegressor(n_neighbors=5).fit(tows[READINGS], tows[TARGET])
    info = mlflow.sklearn.log_model(plain, name="model")
plain_litres = mlflow.sklearn.load_model(info.model_uri).predict(planned).tolist()

loaded = mlflow.pyfunc.load_model(log_tow_model("inputs/tows.csv", "tow-model"))
planned["litres"] = loaded.predict(planned[READINGS])
planned.to_csv("plan.csv")
