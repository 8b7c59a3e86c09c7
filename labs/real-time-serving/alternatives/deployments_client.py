"""The deployments client manages, queries go through urllib; features by the newer client."""

import json
import os
import time
import urllib.error
import urllib.request
import warnings
from pathlib import Path

import mlflow
import pandas as pd
from databricks.feature_engineering import FeatureEngineeringClient, FeatureLookup
from mlflow.deployments import get_deploy_client
from sklearn.linear_model import LinearRegression

warnings.filterwarnings("ignore", category=UserWarning)
client = get_deploy_client("databricks")


def served(model, version, zero):
    return {
        "name": f"{model}-{version}",
        "entity_name": model,
        "entity_version": version,
        "workload_size": "Small",
        "workload_type": "CPU",
        "scale_to_zero_enabled": zero,
    }


def settled(endpoint):
    state = client.get_endpoint(endpoint)["state"]
    while state["ready"] != "READY" or state["config_update"] != "NOT_UPDATING":
        time.sleep(0.5)
        state = client.get_endpoint(endpoint)["state"]
    return client.get_endpoint(endpoint)


def deploy(endpoint, model, version, scale_to_zero):
    entities = [served(model, version, scale_to_zero)]
    client.create_endpoint(config={"name": endpoint, "config": {"served_entities": entities}})
    return settled(endpoint)


def ask(endpoint, records):
    columns = sorted({column for record in records for column in record})
    rows = [[record[column] for column in columns] for record in records]
    body = {"dataframe_split": {"columns": columns, "data": rows}}
    request = urllib.request.Request(
        f"{os.environ['DATABRICKS_HOST']}/serving-endpoints/{endpoint}/invocations",
        json.dumps(body).encode(),
        {"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"]},
    )
    try:
        with urllib.request.urlopen(request) as answer:
            name = answer.headers["served-model-name"]
            return {
                "predictions": json.load(answer)["predictions"],
                "served_by": name,
                "error": None,
            }
    except urllib.error.HTTPError as error:
        told = json.load(error)
        return {
            "predictions": None,
            "served_by": None,
            "error": f"{told['error_code']}: {told['message']}",
        }


def split(endpoint, model, shares):
    config = {
        "served_entities": [served(model, version, True) for version in shares],
        "traffic_config": {
            "routes": [
                {"served_model_name": f"{model}-{version}", "traffic_percentage": percent}
                for version, percent in shares.items()
            ]
        },
    }
    client.update_endpoint_config(endpoint=endpoint, config=config)
    return settled(endpoint)


deploy("cans", "cans", "1", True)
records = json.loads(Path("inputs/requests.json").read_text())
Path("first.json").write_text(json.dumps(ask("cans", records)["predictions"]))

split("cans", "cans", {"1": 75, "2": 25})
counts = {"cans-1": 0, "cans-2": 0}
for record in records:
    counts[ask("cans", [record])["served_by"]] += 1
Path("canary.json").write_text(json.dumps(counts))

fe = FeatureEngineeringClient()
machines = spark.createDataFrame(pd.read_csv("inputs/machines.csv"))
fe.create_table(name="machine_features", primary_keys="machine_id", df=machines)
lookup = FeatureLookup(table_name="machine_features", lookup_key="machine_id")
sales = spark.createDataFrame(pd.read_csv("inputs/sales.csv"))
training = fe.create_training_set(
    df=sales, feature_lookups=[lookup], label="cans_sold", exclude_columns=["machine_id"]
)
frame = training.load_df().toPandas()
X, y = frame.drop(columns=["cans_sold"]), frame["cans_sold"]
fe.log_model(
    model=LinearRegression().fit(X, y),
    artifact_path="model",
    flavor=mlflow.sklearn,
    training_set=training,
    registered_model_name="cans-by-key",
)
online = fe.create_online_store(name="platforms", capacity="CU_1")
fe.publish_table(
    online_store=online,
    source_table_name="machine_features",
    online_table_name="main.default.machine_features_online",
    publish_mode="CONTINUOUS",  # what is written later comes online by itself
)
deploy("cans-by-key", "cans-by-key", "1", True)
keys = json.loads(Path("inputs/keys.json").read_text())
Path("by_key.json").write_text(json.dumps(ask("cans-by-key", keys)["predictions"]))

fe.write_table(
    name="machine_features",
    df=spark.createDataFrame(pd.read_csv("inputs/changes.csv")),
    mode="merge",
)
Path("by_key_after.json").write_text(json.dumps(ask("cans-by-key", keys)["predictions"]))
