"""The version that was in production stays there when another one is promoted.

Fails: test_promote_leaves_one_version_in_production
"""

import mlflow
import mlflow.sklearn
import pandas as pd
from mlflow import MlflowClient
from sklearn.linear_model import LinearRegression

FEATURES = ["visitors"]
TARGET = "callouts"

client = MlflowClient()


def latest_version(name: str) -> int:
    """The highest version number of a registered model."""
    versions = client.search_model_versions(f"name = '{name}'")
    # As numbers: a registry behind REST gives them as text, and "9" comes after "12".
    return max(int(version.version) for version in versions)


def to_staging(name: str, version: int) -> None:
    """Give a version the role staging."""
    client.transition_model_version_stage(name, version, "Staging")


def promote(name: str, version: int) -> None:
    """Give a version the role production, and to no other."""
    client.transition_model_version_stage(name, version, "Production")


def archive_older(name: str) -> None:
    """Archive all versions older than the one in production."""
    versions = client.search_model_versions(f"name = '{name}'")
    [current] = [int(v.version) for v in versions if v.current_stage == "Production"]
    for version in versions:
        if int(version.version) < current:
            client.transition_model_version_stage(name, version.version, "Archived")


def forecast(name: str, role: str, visitors: list[float]) -> list[float]:
    """The forecasts of the version that has the role."""
    model = mlflow.pyfunc.load_model(f"models:/{name}/{role.capitalize()}")
    return model.predict(pd.DataFrame({"visitors": visitors})).tolist()


def fit(days: pd.DataFrame) -> LinearRegression:
    """A regression of callouts on visitors."""
    return LinearRegression().fit(days[FEATURES], days[TARGET])


season_1 = pd.read_csv("inputs/season_1.csv")
season_2 = pd.read_csv("inputs/season_2.csv")

with mlflow.start_run(run_name="season-1") as run:
    mlflow.sklearn.log_model(fit(season_1), name="model")
first = mlflow.register_model(f"runs:/{run.info.run_id}/model", "callouts")

client.update_registered_model("callouts", "Callouts of a day, forecast from its visitors.")
client.set_registered_model_tag("callouts", "team", "fell-rescue")

client.update_model_version("callouts", first.version, "A line through the first season.")
client.set_model_version_tag("callouts", first.version, "data", "season_1")

to_staging("callouts", first.version)

with mlflow.start_run(run_name="season-2"):
    both = pd.concat([season_1, season_2])
    mlflow.sklearn.log_model(fit(both), name="model", registered_model_name="callouts")
promote("callouts", latest_version("callouts"))

holidays = pd.read_csv("inputs/holidays.csv")["visitors"].tolist()
holiday_forecasts = {
    role: forecast("callouts", role, holidays) for role in ("staging", "production")
}

archive_older("callouts")
