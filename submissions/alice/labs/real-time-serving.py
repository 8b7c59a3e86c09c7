"""Vending machines behind an endpoint."""

import json
import os
import time
from collections import defaultdict

import mlflow
import pandas as pd
import requests
from databricks.feature_engineering import FeatureEngineeringClient, FeatureLookup
from sklearn.linear_model import LinearRegression

session = requests.Session()
session.headers["Authorization"] = "Bearer " + os.environ["DATABRICKS_TOKEN"]
host = os.environ["DATABRICKS_HOST"]


def call(method: str, path: str, body: dict | None = None) -> requests.Response:
    """A request to the workspace."""
    return session.request(method, host + path, json=body, timeout=120)


def management(method: str, path: str, body: dict | None = None) -> dict:
    """A request that manages endpoints, and must go well."""
    response = call(method, "/api/2.0/serving-endpoints" + path, body)
    response.raise_for_status()
    return response.json()


def entities(model: str, versions: list[str], scale_to_zero: bool) -> list[dict]:
    return [
        dict(
            name=f"{model}-{v}",
            entity_name=model,
            entity_version=v,
            workload_size="Small",
            scale_to_zero_enabled=scale_to_zero,
        )
        for v in versions
    ]


def wait(endpoint: str, seconds: float = 120) -> dict:
    """Poll until the endpoint is settled."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        description = management("GET", "/" + endpoint)
        state = description["state"]
        if state["config_update"] == "UPDATE_FAILED":
            raise RuntimeError(f"{endpoint} cannot be deployed: {description}")
        if state == {"ready": "READY", "config_update": "NOT_UPDATING"}:
            return description
        time.sleep(0.3)
    raise TimeoutError(endpoint)


def deploy(endpoint, model, version, scale_to_zero):
    config = {"served_entities": entities(model, [version], scale_to_zero)}
    management("POST", "", {"name": endpoint, "config": config})
    return wait(endpoint)


def ask(endpoint, records):
    response = call(
        "POST", f"/serving-endpoints/{endpoint}/invocations", {"dataframe_records": records}
    )
    result = dict(predictions=None, served_by=None, error=None)
    if response.status_code == 200:
        result["predictions"] = response.json()["predictions"]
        result["served_by"] = response.headers.get("served-model-name")
    else:
        result["error"] = response.text
    return result


def split(endpoint, model, shares):
    routes = [
        dict(served_model_name=f"{model}-{v}", traffic_percentage=p) for v, p in shares.items()
    ]
    body = {
        "served_entities": entities(model, list(shares), True),
        "traffic_config": {"routes": routes},
    }
    management("PUT", f"/{endpoint}/config", body)
    return wait(endpoint)


def load(name):
    with open(f"inputs/{name}.json") as f:
        return json.load(f)


def save(name, value):
    with open(f"{name}.json", "w") as f:
        json.dump(value, f)


# 4
deploy("cans", "cans", "1", True)
save("first", ask("cans", load("requests"))["predictions"])

# 5
split("cans", "cans", {"1": 75, "2": 25})
tally = defaultdict(int)
for record in load("requests"):
    tally[ask("cans", [record])["served_by"]] += 1
save("canary", tally)

# 6
fe = FeatureEngineeringClient()


def frame(name):
    return spark.createDataFrame(pd.read_csv(f"inputs/{name}.csv"))


fe.create_table(name="machine_features", primary_keys=["machine_id"], df=frame("machines"))
training_set = fe.create_training_set(
    df=frame("sales"),
    feature_lookups=[
        FeatureLookup(
            table_name="machine_features",
            lookup_key="machine_id",
            feature_names=["footfall", "avg_cans"],
        )
    ],
    label="cans_sold",
    exclude_columns=["machine_id"],
)
data = training_set.load_df().toPandas()
y = data.pop("cans_sold")
with mlflow.start_run(run_name="cans-by-key"):
    fe.log_model(
        model=LinearRegression().fit(data, y),
        artifact_path="model",
        flavor=mlflow.sklearn,
        training_set=training_set,
        registered_model_name="cans-by-key",
    )
store = fe.create_online_store(name="machines", capacity="CU_1")


def publish():
    fe.publish_table(
        online_store=store,
        source_table_name="machine_features",
        online_table_name="main.online.machine_features",
    )


publish()
deploy("cans-by-key", "cans-by-key", "1", True)
save("by_key", ask("cans-by-key", load("keys"))["predictions"])

# 7
fe.write_table(name="machine_features", df=frame("changes"), mode="merge")
publish()
save("by_key_after", ask("cans-by-key", load("keys"))["predictions"])
