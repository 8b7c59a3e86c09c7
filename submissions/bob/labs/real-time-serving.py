"""Vending machines. All requests of the canary go in one; what is online is not refreshed."""

import json
import os
import time

import mlflow
import requests
from databricks.feature_store import FeatureLookup, FeatureStoreClient
from databricks.feature_store.online_store_spec import AmazonDynamoDBSpec
from sklearn.linear_model import LinearRegression

HOST = os.environ["DATABRICKS_HOST"]
HEADERS = {"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"]}
URL = HOST + "/api/2.0/serving-endpoints"


def wait(endpoint):
    while True:
        found = requests.get(URL + "/" + endpoint, headers=HEADERS).json()
        if found["state"]["config_update"] == "NOT_UPDATING":
            return found
        time.sleep(0.5)


def deploy(endpoint, model, version, scale_to_zero):
    served = {
        "model_name": model,
        "model_version": version,
        "workload_size": "Small",
        "scale_to_zero_enabled": True,
    }
    body = {"name": endpoint, "config": {"served_models": [served]}}
    requests.post(URL, headers=HEADERS, data=json.dumps(body))
    return wait(endpoint)


def ask(endpoint, records):
    url = f"{HOST}/serving-endpoints/{endpoint}/invocations"
    data = json.dumps({"dataframe_records": records})
    response = requests.post(url, headers=HEADERS, data=data)
    answer = response.json()
    return {
        "predictions": answer.get("predictions"),
        "served_by": response.headers.get("served-model-name"),
        "error": None,
    }


def split(endpoint, model, shares):
    served = []
    routes = []
    for version in shares:
        name = f"{model}-{version}"
        served.append(
            {
                "name": name,
                "entity_name": model,
                "entity_version": version,
                "workload_size": "Small",
                "scale_to_zero_enabled": True,
            }
        )
        routes.append({"served_entity_name": name, "traffic_percentage": shares[version]})
    config = {"served_entities": served, "traffic_config": {"routes": routes}}
    response = requests.put(f"{URL}/{endpoint}/config", headers=HEADERS, json=config)
    wait(endpoint)
    return response.json()


requests_ = json.load(open("inputs/requests.json"))
deploy("cans", "cans", "1", True)
json.dump(ask("cans", requests_)["predictions"], open("first.json", "w"))

split("cans", "cans", {"1": 75, "2": 25})
answer = ask("cans", requests_)
json.dump({answer["served_by"]: len(requests_)}, open("canary.json", "w"))

fs = FeatureStoreClient()
machines = spark.read.csv("inputs/machines.csv", header=True, inferSchema=True)
sales = spark.read.csv("inputs/sales.csv", header=True, inferSchema=True)
fs.create_table("machine_features", primary_keys="machine_id", df=machines)
training_set = fs.create_training_set(
    sales,
    [FeatureLookup(table_name="machine_features", lookup_key="machine_id")],
    label="cans_sold",
    exclude_columns="machine_id",
)
pdf = training_set.load_df().toPandas()
model = LinearRegression().fit(pdf.drop("cans_sold", axis=1), pdf["cans_sold"])
fs.log_model(
    model,
    "model",
    flavor=mlflow.sklearn,
    training_set=training_set,
    registered_model_name="cans-by-key",
)
fs.publish_table("machine_features", AmazonDynamoDBSpec("eu-central-1"))
deploy("cans-by-key", "cans-by-key", "1", True)
keys = json.load(open("inputs/keys.json"))
json.dump(ask("cans-by-key", keys)["predictions"], open("by_key.json", "w"))

changes = spark.read.csv("inputs/changes.csv", header=True, inferSchema=True)
fs.write_table("machine_features", changes)
json.dump(ask("cans-by-key", keys)["predictions"], open("by_key_after.json", "w"))
