"""Fell Rescue: two seasons in the registry. I use aliases."""

import mlflow
import mlflow.sklearn
import pandas as pd
from mlflow import MlflowClient
from sklearn.linear_model import LinearRegression

client = MlflowClient()


def numbers(name: str) -> list[int]:
    """All versions there are, ascending."""
    return sorted(int(v.version) for v in client.search_model_versions(f"name = '{name}'"))


def drop_aliases(name: str, version: int) -> None:
    """A version has one role at most."""
    for alias, target in client.get_registered_model(name).aliases.items():
        if int(target) == int(version):
            client.delete_registered_model_alias(name, alias)


def latest_version(name: str) -> int:
    """The highest version number of a registered model."""
    return numbers(name)[-1]


def to_staging(name: str, version: int) -> None:
    """Give a version the role staging."""
    drop_aliases(name, version)
    client.set_registered_model_alias(name, "staging", version)


def promote(name: str, version: int) -> None:
    """Give a version the role production, and to no other."""
    drop_aliases(name, version)
    client.set_registered_model_alias(name, "production", version)


def archive_older(name: str) -> None:
    """Archive all versions older than the one in production."""
    current = int(client.get_model_version_by_alias(name, "production").version)
    for version in numbers(name):
        if version < current:
            drop_aliases(name, version)
            client.set_model_version_tag(name, version, "archived", "true")


def forecast(name: str, role: str, visitors: list[float]) -> list[float]:
    """The forecasts of the version that has the role."""
    model = mlflow.pyfunc.load_model(f"models:/{name}@{role}")
    return [float(y) for y in model.predict(pd.DataFrame({"visitors": visitors}))]


def log_season(run_name: str, days: pd.DataFrame) -> int:
    """Log a regression in a run, register it, and return its version."""
    model = LinearRegression().fit(days[["visitors"]], days["callouts"])
    with mlflow.start_run(run_name=run_name):
        info = mlflow.sklearn.log_model(
            model,
            name="model",
            registered_model_name="callouts",
            input_example=days[["visitors"]].head(2),
        )
    return int(info.registered_model_version)


season_1 = pd.read_csv("inputs/season_1.csv")
season_2 = pd.read_csv("inputs/season_2.csv")

v1 = log_season("season-1", season_1)
client.update_registered_model("callouts", description="Callouts of a day by its visitors")
client.set_registered_model_tag("callouts", "team", "fell-rescue")
client.update_model_version("callouts", v1, description="Knows the first season only")
client.set_model_version_tag("callouts", v1, "data", "season_1")
to_staging("callouts", v1)

log_season("season-2", pd.concat([season_1, season_2]))
promote("callouts", latest_version("callouts"))

expected_visitors = pd.read_csv("inputs/holidays.csv")["visitors"].tolist()
holiday_forecasts = {
    role: forecast("callouts", role, expected_visitors) for role in ("staging", "production")
}
archive_older("callouts")
