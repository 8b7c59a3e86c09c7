"""Real-time serving: the reference solution."""

import collections
import json
import os
import time
from pathlib import Path

import mlflow
import requests
from databricks.feature_store import FeatureLookup, FeatureStoreClient
from databricks.feature_store.online_store_spec import AmazonDynamoDBSpec
from sklearn.linear_model import LinearRegression

HOST = os.environ["DATABRICKS_HOST"]
HEADERS = {"Authorization": f"Bearer {os.environ['DATABRICKS_TOKEN']}"}
API = f"{HOST}/api/2.0/serving-endpoints"


def deploy(endpoint: str, model: str, version: str, scale_to_zero: bool) -> dict:
    """A new endpoint for one version of a registered model, ready to be queried."""
    body = {
        "name": endpoint,
        "config": {"served_entities": [entity(model, version, scale_to_zero)]},
    }
    requests.post(API, headers=HEADERS, json=body).raise_for_status()
    return when_over(endpoint)


def ask(endpoint: str, records: list[dict]) -> dict:
    """Predictions for records and who gave them, or why there are none."""
    url = f"{HOST}/serving-endpoints/{endpoint}/invocations"
    answer = requests.post(url, headers=HEADERS, json={"dataframe_records": records})
    if not answer.ok:
        return {"predictions": None, "served_by": None, "error": answer.json()["message"]}
    return {
        "predictions": answer.json()["predictions"],
        "served_by": answer.headers["served-model-name"],
        "error": None,
    }


def split(endpoint: str, model: str, shares: dict[str, int]) -> dict:
    """An endpoint that sends each version of a model its percentage of the requests."""
    routes = [
        {"served_entity_name": f"{model}-{version}", "traffic_percentage": share}
        for version, share in shares.items()
    ]
    body = {
        "served_entities": [entity(model, version, True) for version in shares],
        "traffic_config": {"routes": routes},
    }
    requests.put(f"{API}/{endpoint}/config", headers=HEADERS, json=body).raise_for_status()
    return when_over(endpoint)


def entity(model: str, version: str, scale_to_zero: bool) -> dict:
    """A served entity as the API takes it."""
    return {
        "entity_name": model,
        "entity_version": version,
        "workload_size": "Small",
        "scale_to_zero_enabled": scale_to_zero,
    }


def when_over(endpoint: str) -> dict:
    """The endpoint's description, once it is not being updated any more."""
    while True:
        found = requests.get(f"{API}/{endpoint}", headers=HEADERS).json()
        if found["state"]["config_update"] != "IN_PROGRESS":
            return found
        time.sleep(0.2)


def write(name: str, value: object) -> None:
    """Keep a value as JSON."""
    Path(name).write_text(json.dumps(value))


# 4. the endpoint `cans`, and first.json
deploy("cans", "cans", "1", scale_to_zero=True)
records = json.loads(Path("inputs/requests.json").read_text())
write("first.json", ask("cans", records)["predictions"])

# 5. a quarter for version 2, and canary.json
split("cans", "cans", {"1": 75, "2": 25})
write("canary.json", collections.Counter(ask("cans", [r])["served_by"] for r in records))

# 6. the endpoint `cans-by-key`, and by_key.json
fs = FeatureStoreClient()
store = AmazonDynamoDBSpec(region="eu-central-1")


def table(name: str):
    """A file of the inputs as a Spark DataFrame."""
    return spark.read.csv(f"/workspace/inputs/{name}.csv", header=True, inferSchema=True)


fs.create_table("machine_features", primary_keys=["machine_id"], df=table("machines"))
training_set = fs.create_training_set(
    table("sales"),
    [FeatureLookup("machine_features", "machine_id", feature_names=["footfall", "avg_cans"])],
    label="cans_sold",
    exclude_columns=["machine_id"],
)
sold = training_set.load_df().toPandas()
model = LinearRegression().fit(sold.drop(columns="cans_sold"), sold["cans_sold"])
with mlflow.start_run(run_name="by-key"):
    fs.log_model(
        model,
        "model",
        flavor=mlflow.sklearn,
        training_set=training_set,
        registered_model_name="cans-by-key",
    )
fs.publish_table("machine_features", store)
deploy("cans-by-key", "cans-by-key", "1", scale_to_zero=True)
keys = json.loads(Path("inputs/keys.json").read_text())
write("by_key.json", ask("cans-by-key", keys)["predictions"])

# 7. changed features, and by_key_after.json
fs.write_table("machine_features", table("changes"), mode="merge")
fs.publish_table("machine_features", store)
write("by_key_after.json", ask("cans-by-key", keys)["predictions"])
