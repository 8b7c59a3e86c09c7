"""Pumps in the feature store. The model is logged, scores() is not done."""

from typing import Any

import mlflow
import mlflow.sklearn
from databricks.feature_store import FeatureLookup, FeatureStoreClient
from pyspark.sql import DataFrame
from sklearn.linear_model import LinearRegression

spark: Any  # provided
SURVEY = "/workspace/inputs/pumps"
RESURVEY = "/workspace/inputs/resurvey"
LEVELS = "/workspace/inputs/levels"
VISITS = "/workspace/inputs/visits"

fs = FeatureStoreClient()

fs.create_table(
    name="pump_features",
    primary_keys=["pump_id"],
    df=spark.read.format("delta").load(SURVEY),
    description="pump features",
)
fs.write_table("pump_features", spark.read.format("delta").load(RESURVEY), mode="overwrite")
busy_pumps = fs.read_table("pump_features").where("strokes_per_day > 500").count()

fs.create_table(
    name="district_levels",
    primary_keys=["district"],
    timestamp_keys=["measured_at"],
    df=spark.read.format("delta").load(LEVELS),
)


def training_rows(path: str) -> DataFrame:
    """The visits in a table, with the features that were known at the time."""
    lookups = [
        FeatureLookup(
            "pump_features",
            "pump_id",
            feature_names=["strokes_per_day", "water_ph"],
            rename_outputs={"water_ph": "ph"},
        ),
        FeatureLookup(
            "district_levels",
            "district",
            feature_names=["level_m"],
            timestamp_lookup_key="visited_at",
        ),
    ]
    visits = spark.read.format("delta").load(path)
    made = fs.create_training_set(visits, lookups, label="yield_lph")
    return made.load_df().drop("pump_id", "district", "visited_at")


rows = training_rows(VISITS).toPandas().dropna()
with mlflow.start_run(run_name="yield"):
    model = LinearRegression().fit(rows.drop(columns="yield_lph"), rows["yield_lph"])
    mlflow.sklearn.log_model(model, "model")


def scores(path: str) -> DataFrame:
    """For each row of a table of keys the pump_id and the prediction."""
    raise NotImplementedError
