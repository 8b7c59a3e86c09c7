"""No signature is given: MLflow infers it from the input example. Preparation is plain NumPy."""

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import get_model_info
from sklearn.neighbors import KNeighborsRegressor
from sklearn.preprocessing import StandardScaler

READINGS = ["distance_nm", "barge_tonnes", "head_wind_kn", "tide_kn"]
TARGET = "fuel_l"


class TowModel(mlflow.pyfunc.PythonModel):
    """Works on arrays, whatever comes in."""

    def __init__(self, medians, scaler, regressor):
        self.medians = medians
        self.scaler = scaler
        self.regressor = regressor

    def predict(self, context, model_input, params=None):
        """Litres of each tow."""
        values = np.array(model_input[READINGS], dtype=float)
        gaps = np.isnan(values)
        values[gaps] = self.medians[np.nonzero(gaps)[1]]
        return self.regressor.predict(self.scaler.transform(values))


def trained(tows):
    """A fitted TowModel."""
    values = tows[READINGS].to_numpy(copy=True)
    medians = np.nanmedian(values, axis=0)
    values = np.where(np.isnan(values), medians, values)
    scaler = StandardScaler().fit(values)
    regressor = KNeighborsRegressor().fit(scaler.transform(values), tows[TARGET])
    return TowModel(medians, scaler, regressor)


def flavors_of(model_uri):
    return [*get_model_info(model_uri).flavors]


def settings_of(model_uri):
    return mlflow.sklearn.load_model(model_uri).get_params(deep=True)


def log_tow_model(path, run_name):
    tows = pd.read_csv(path)
    example = tows.loc[tows.notna().all(axis=1), READINGS].iloc[:2]
    with mlflow.start_run(run_name=run_name):
        info = mlflow.pyfunc.log_model(
            name="model", python_model=trained(tows), input_example=example
        )
    return f"models:/{info.model_id}"


def dry_run(model_uri, tows):
    model = mlflow.pyfunc.load_model(model_uri).unwrap_python_model()
    table = pd.DataFrame(tows)
    litres = model.predict(None, table)
    return pd.concat([table, pd.Series(litres, name="litres")], axis="columns")


planned = pd.read_csv("inputs/planned.csv")

mlflow.set_experiment("kestrel")
with mlflow.start_run(run_name="plain") as plain_run:
    whole = pd.read_csv("inputs/tows.csv").dropna(how="any")
    model = KNeighborsRegressor().fit(whole[READINGS], whole[TARGET])
    mlflow.sklearn.log_model(model, name="model", input_example=whole[READINGS].head(1))
plain_litres = mlflow.sklearn.load_model(f"runs:/{plain_run.info.run_id}/model").predict(planned)

uri = log_tow_model("inputs/tows.csv", "tow-model")
planned["litres"] = mlflow.pyfunc.load_model(uri).predict(planned)
planned.to_csv("/workspace/plan.csv", index=False)
