"""Aliases instead of stages; archived versions are tagged."""

import mlflow
import mlflow.sklearn
import pandas as pd
from mlflow import MlflowClient
from sklearn.linear_model import LinearRegression

client = MlflowClient()


def versions_of(name):
    return [int(found.version) for found in client.search_model_versions(f"name='{name}'")]


def aliases_of(name):
    return {alias: int(v) for alias, v in client.get_registered_model(name).aliases.items()}


def strip(name, version, but=()):
    """Take away the aliases of a version."""
    for alias, target in aliases_of(name).items():
        if target == version and alias not in but:
            client.delete_registered_model_alias(name, alias)


def latest_version(name: str) -> int:
    return sorted(versions_of(name))[-1]


def to_staging(name: str, version: int) -> None:
    client.set_registered_model_alias(name, "staging", version)
    strip(name, version, but=["staging"])


def promote(name: str, version: int) -> None:
    client.set_registered_model_alias(name, "production", version)
    strip(name, version, but=["production"])


def archive_older(name: str) -> None:
    production = int(client.get_model_version_by_alias(name, "production").version)
    for version in versions_of(name):
        if version < production:
            strip(name, version)
            client.set_model_version_tag(name, version, "archived", True)


def forecast(name: str, role: str, visitors: list[float]) -> list[float]:
    model = mlflow.pyfunc.load_model(f"models:/{name}@{role}")
    return list(model.predict(pd.DataFrame({"visitors": visitors})))


def line(*files):
    days = pd.concat(pd.read_csv(f"inputs/{file}.csv") for file in files)
    return LinearRegression().fit(days[["visitors"]], days["callouts"])


with mlflow.start_run(run_name="season-1"):
    logged = mlflow.sklearn.log_model(line("season_1"), name="model")
    mlflow.register_model(logged.model_uri, "callouts", tags={"data": "season_1"})
client.update_model_version("callouts", 1, description="Fitted on season 1 alone.")
client.update_registered_model("callouts", description="How many callouts a day will bring.")
client.set_registered_model_tag("callouts", "team", "fell-rescue")
to_staging("callouts", 1)

with mlflow.start_run(run_name="season-2"):
    mlflow.sklearn.log_model(
        line("season_1", "season_2"), name="model", registered_model_name="callouts"
    )
promote("callouts", latest_version("callouts"))

visitors = pd.read_csv("inputs/holidays.csv").visitors.to_list()
holiday_forecasts = {
    "staging": forecast("callouts", "staging", visitors),
    "production": forecast("callouts", "production", visitors),
}
archive_older("callouts")
