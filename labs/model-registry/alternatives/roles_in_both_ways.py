"""Stages and aliases are kept side by side, by one function for all roles."""

import warnings

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.sklearn import log_model
from sklearn.linear_model import LinearRegression

warnings.filterwarnings("ignore", category=FutureWarning)
client = MlflowClient()


def _give(name, version, role):
    """Give a version a role, as a stage and as an alias or tag."""
    client.transition_model_version_stage(
        name, version, role.capitalize(), archive_existing_versions=role == "production"
    )
    for alias, target in dict(client.get_registered_model(name).aliases).items():
        if int(target) == int(version):
            client.delete_registered_model_alias(name, alias)
    if role == "archived":
        client.set_model_version_tag(name, version, "archived", "true")
    else:
        client.set_registered_model_alias(name, role, version)


def latest_version(name: str) -> int:
    page = client.search_model_versions(f"name = '{name}'", max_results=5)
    numbers = []
    while True:
        numbers += [int(mv.version) for mv in page]
        if not page.token:
            return max(numbers)
        page = client.search_model_versions(
            f"name = '{name}'", max_results=5, page_token=page.token
        )


def to_staging(name: str, version: int) -> None:
    _give(name, version, "staging")


def promote(name: str, version: int) -> None:
    _give(name, version, "production")


def archive_older(name: str) -> None:
    current = int(client.get_model_version_by_alias(name, "production").version)
    for other in client.search_model_versions(f"name = '{name}'"):
        if int(other.version) < current:
            _give(name, other.version, "archived")


def forecast(name: str, role: str, visitors: list[float]) -> list[float]:
    mv = client.get_model_version_by_alias(name, role)
    model = mlflow.pyfunc.load_model(f"models:/{name}/{mv.version}")
    return model.predict(pd.DataFrame({"visitors": visitors}))


days = [pd.read_csv(f"/workspace/inputs/season_{n}.csv") for n in (1, 2)]
for number in (1, 2):
    known = pd.concat(days[:number])
    model = LinearRegression().fit(known[["visitors"]].to_numpy(), known["callouts"])
    with mlflow.start_run(run_name=f"season-{number}") as run:
        log_model(model, name="regression")
    mv = mlflow.register_model(f"runs:/{run.info.run_id}/regression", "callouts")
    if number == 1:
        client.update_registered_model("callouts", "Callouts by visitors.")
        client.set_registered_model_tag("callouts", "team", "fell-rescue")
        client.update_model_version("callouts", mv.version, "Season 1.")
        client.set_model_version_tag("callouts", mv.version, "data", "season_1")
        to_staging("callouts", mv.version)
    else:
        promote("callouts", latest_version("callouts"))

holidays = pd.read_csv("/workspace/inputs/holidays.csv")
holiday_forecasts = {
    role: forecast("callouts", role, holidays["visitors"].tolist())
    for role in ("production", "staging")
}
archive_older("callouts")
