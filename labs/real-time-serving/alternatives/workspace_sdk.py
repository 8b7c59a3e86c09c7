"""The Databricks SDK does everything, and waits by itself."""

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import mlflow
from databricks.feature_store import FeatureLookup, FeatureStoreClient
from databricks.feature_store.online_store_spec import AzureMySqlSpec
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import DatabricksError
from databricks.sdk.service.serving import (
    EndpointCoreConfigInput,
    Route,
    ServedEntityInput,
    TrafficConfig,
)
from pyspark.sql import functions as F
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

endpoints = WorkspaceClient().serving_endpoints
PATIENCE = timedelta(minutes=2)


def served(model, version, zero):
    return ServedEntityInput(
        entity_name=model,
        entity_version=version,
        workload_size="Small",
        scale_to_zero_enabled=zero,
    )


def deploy(endpoint, model, version, scale_to_zero):
    config = EndpointCoreConfigInput(
        name=endpoint, served_entities=[served(model, version, scale_to_zero)]
    )
    found = endpoints.create_and_wait(name=endpoint, config=config, timeout=PATIENCE)
    return found.as_dict()


def ask(endpoint, records):
    try:
        answer = endpoints.query(name=endpoint, dataframe_records=records)
    except DatabricksError as error:
        return {"predictions": None, "served_by": None, "error": str(error)}
    return {
        "predictions": answer.predictions,
        "served_by": answer.served_model_name,
        "error": None,
    }


def split(endpoint, model, shares):
    found = endpoints.update_config_and_wait(
        name=endpoint,
        served_entities=[served(model, version, True) for version in sorted(shares)],
        traffic_config=TrafficConfig(
            routes=[
                Route(served_entity_name=f"{model}-{v}", traffic_percentage=shares[v])
                for v in sorted(shares)
            ]
        ),
        timeout=PATIENCE,
    )
    return found.as_dict()


def read(name):
    return json.loads(Path("inputs", name).read_text())


def write(name, value):
    Path(name).write_text(json.dumps(value))


deploy("cans", "cans", "1", True)
write("first.json", ask("cans", read("requests.json"))["predictions"])

split("cans", "cans", {"2": 25, "1": 75})
write("canary.json", Counter(ask("cans", [r])["served_by"] for r in read("requests.json")))

numbers = ["footfall", "avg_cans", "temp_c", "cans_sold"]


def rows(name):
    frame = spark.read.option("header", True).csv(f"/workspace/inputs/{name}")
    return frame.select(
        *(F.col(c).cast("double").alias(c) if c in numbers else c for c in frame.columns)
    )


store = FeatureStoreClient()
# The table is made empty, with its schema, and filled afterwards.
store.create_table(
    "default.machine_features",
    primary_keys="machine_id",
    schema=rows("machines.csv").schema,
    description="what is known of each machine",
)
store.write_table("default.machine_features", rows("machines.csv"), mode="overwrite")
lookups = [
    FeatureLookup(
        table_name="default.machine_features",
        feature_names="footfall",
        lookup_key="machine_id",
    ),
    FeatureLookup(
        table_name="default.machine_features",
        feature_names="avg_cans",
        lookup_key=["machine_id"],
    ),
]
training = store.create_training_set(
    df=rows("sales.csv"),
    feature_lookups=lookups,
    label="cans_sold",
    exclude_columns="machine_id",
)
data = training.load_df().toPandas()
target = data.pop("cans_sold")
with mlflow.start_run():
    store.log_model(
        make_pipeline(StandardScaler(), LinearRegression()).fit(data, target),
        "cans_by_key",
        flavor=mlflow.sklearn,
        training_set=training,
        registered_model_name="cans-by-key",
    )
online = AzureMySqlSpec(hostname="features.example.com", port=3306)
store.publish_table("default.machine_features", online, mode="overwrite")
deploy("cans-by-key", "cans-by-key", "1", True)
write("by_key.json", ask("cans-by-key", read("keys.json"))["predictions"])

store.write_table("default.machine_features", rows("changes.csv"))
store.publish_table("default.machine_features", online, mode="overwrite")
write("by_key_after.json", ask("cans-by-key", read("keys.json"))["predictions"])
