"""Fell Rescue."""

import mlflow
import mlflow.sklearn
import pandas as pd
from mlflow.tracking import MlflowClient
from sklearn.linear_model import LinearRegression

client = MlflowClient()


def latest_version(name):
    return client.search_model_versions(f"name='{name}'")[0].version


def to_staging(name, version):
    client.transition_model_version_stage(name=name, version=version, stage="Staging")


def promote(name, version):
    client.transition_model_version_stage(name=name, version=version, stage="Production")


def archive_older(name):
    client.transition_model_version_stage(name=name, version=1, stage="Archived")


def forecast(name, role, visitors):
    model = mlflow.pyfunc.load_model(f"models:/{name}/{role}")
    return model.predict(pd.DataFrame({"visitors": visitors}))


season_1 = pd.read_csv("inputs/season_1.csv")
season_2 = pd.read_csv("inputs/season_2.csv")

with mlflow.start_run(run_name="season-1") as run:
    model = LinearRegression().fit(season_1[["visitors"]], season_1["callouts"])
    mlflow.sklearn.log_model(model, "model")
mv = mlflow.register_model(f"runs:/{run.info.run_id}/model", "callouts")

client.update_registered_model(name="callouts", description="Forecasts callouts")
client.set_registered_model_tag("callouts", "team", "fell-rescue")
client.set_model_version_tag("callouts", mv.version, "data", "season_1")
to_staging("callouts", mv.version)

with mlflow.start_run(run_name="season-2"):
    model = LinearRegression().fit(season_2[["visitors"]], season_2["callouts"])
    mlflow.sklearn.log_model(model, "model", registered_model_name="callouts")
promote("callouts", 2)

visitors = pd.read_csv("inputs/holidays.csv")["visitors"].tolist()
holiday_forecasts = {r: forecast("callouts", r, visitors).tolist() for r in ("staging", "production")}
archive_older("callouts")
