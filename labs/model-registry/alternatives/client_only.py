"""Stages; models and versions are created by the client, and loaded by number or flavor."""

import mlflow
import mlflow.sklearn
import pandas as pd
from mlflow.tracking import MlflowClient
from sklearn.linear_model import LinearRegression

client = MlflowClient()


def latest_version(name: str) -> int:
    [newest] = client.search_model_versions(
        f"name='{name}'", order_by=["version_number DESC"], max_results=1
    )
    return int(newest.version)


def in_stage(name, *stages):
    """Numbers of the versions in these stages."""
    found = client.search_model_versions(filter_string=f"name = '{name}'")
    return [int(mv.version) for mv in found if mv.current_stage in stages]


def to_staging(name: str, version: int) -> None:
    for other in in_stage(name, "Staging"):
        client.transition_model_version_stage(name, str(other), stage="None")
    client.transition_model_version_stage(name, str(version), stage="staging")


def promote(name: str, version: int) -> None:
    for other in in_stage(name, "Production"):
        client.transition_model_version_stage(name, str(other), stage="Archived")
    client.transition_model_version_stage(name, str(version), stage="Production")


def archive_older(name: str) -> None:
    current = max(in_stage(name, "Production"))
    for version in in_stage(name, "None", "Staging"):
        if version < current:
            client.transition_model_version_stage(name, str(version), stage="Archived")


def forecast(name: str, role: str, visitors: list[float]) -> list[float]:
    [mv] = client.get_latest_versions(name, stages=[role.title()])
    model = mlflow.sklearn.load_model(f"models:/{name}/{mv.version}")
    return [model.predict(pd.DataFrame([[v]], columns=["visitors"]))[0] for v in visitors]


def log(run_name, days):
    with mlflow.start_run(run_name=run_name):
        model = LinearRegression()
        model.fit(days[["visitors"]], days["callouts"])
        return mlflow.sklearn.log_model(model, name="model")


def register(logged, **more):
    # `runs:/...` would be taken for a folder of the run, where logged models no longer lie.
    return client.create_model_version(
        "callouts", source=logged.model_uri, run_id=logged.run_id, model_id=logged.model_id, **more
    )


mlflow.set_experiment("fell-rescue")
season_1 = pd.read_csv("inputs/season_1.csv")
client.create_registered_model(
    "callouts", tags={"team": "fell-rescue"}, description="Forecasts the callouts of a day."
)
register(
    log("season-1", season_1), description="The first season's line.", tags={"data": "season_1"}
)
to_staging("callouts", 1)

both = pd.concat([season_1, pd.read_csv("inputs/season_2.csv")], ignore_index=True)
register(log("season-2", both))
promote("callouts", latest_version("callouts"))

holidays = pd.read_csv("inputs/holidays.csv")
holiday_forecasts = {}
for role in ["staging", "production"]:
    holiday_forecasts[role] = forecast("callouts", role, list(holidays["visitors"]))
archive_older("callouts")
