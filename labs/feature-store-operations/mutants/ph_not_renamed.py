"""The pH keeps the name that it has in the table.

Fails: test_every_visit_is_one_row, test_pump_features_are_looked_up
"""

from datetime import timedelta
from typing import Any

import mlflow
from databricks.feature_store import FeatureLookup, FeatureStoreClient
from pyspark.sql import DataFrame
from sklearn.ensemble import RandomForestRegressor

spark: Any  # provided
SURVEY = "/workspace/inputs/pumps"
RESURVEY = "/workspace/inputs/resurvey"
LEVELS = "/workspace/inputs/levels"
VISITS = "/workspace/inputs/visits"
LABEL = "yield_lph"

fs = FeatureStoreClient()
LOOKUPS = [
    FeatureLookup(
        table_name="pump_features",
        lookup_key="pump_id",
        feature_names=["strokes_per_day", "water_ph"],
    ),
    FeatureLookup(
        table_name="district_levels",
        lookup_key="district",
        feature_names="level_m",
        timestamp_lookup_key="visited_at",
        lookback_window=timedelta(days=30),
    ),
]


def training_set(path: str) -> Any:
    """The visits in a table, and where their features are."""
    return fs.create_training_set(
        df=spark.read.format("delta").load(path),
        feature_lookups=LOOKUPS,
        label=LABEL,
        exclude_columns=["pump_id", "district", "visited_at"],
    )


def training_rows(path: str) -> DataFrame:
    """The visits in a table, with the features that were known at the time."""
    return training_set(path).load_df()


def scores(path: str) -> DataFrame:
    """For each row of a table of keys the pump_id and the prediction."""
    return fs.score_batch(f"runs:/{run.info.run_id}/model", spark.read.format("delta").load(path))


# Steps 1 and 2
fs.create_table(
    name="pump_features",
    primary_keys=["pump_id"],
    df=spark.read.format("delta").load(SURVEY),
    description="What surveys say of each hand pump",
    tags={"team": "field"},
)

# Step 3
fs.write_table(name="pump_features", df=spark.read.format("delta").load(RESURVEY), mode="merge")

# Step 4
busy_pumps = fs.read_table(name="pump_features").where("strokes_per_day > 500").count()

# Step 5
fs.create_table(
    name="district_levels",
    primary_keys=["district"],
    timestamp_keys=["measured_at"],
    df=spark.read.format("delta").load(LEVELS),
    description="Groundwater of each district",
)

# Step 7
visits = training_set(VISITS)
pdf = visits.load_df().toPandas()
with mlflow.start_run(run_name="yield") as run:
    model = RandomForestRegressor(n_estimators=40, random_state=3)
    model.fit(pdf.drop(columns=LABEL), pdf[LABEL])
    fs.log_model(model, "model", flavor=mlflow.sklearn, training_set=visits)
