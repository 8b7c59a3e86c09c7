"""All pump features and names of the training set cut afterwards; spare columns in the model."""

from datetime import timedelta
from typing import Any

import mlflow
from databricks.feature_store import FeatureLookup, FeatureStoreClient
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.pipeline import Pipeline

spark: Any  # provided
SURVEY = "/workspace/inputs/pumps"
RESURVEY = "/workspace/inputs/resurvey"
LEVELS = "/workspace/inputs/levels"
VISITS = "/workspace/inputs/visits"
WANTED = ["strokes_per_day", "ph", "level_m"]

fs = FeatureStoreClient()


def completed(path: str) -> Any:
    return fs.create_training_set(
        spark.read.format("delta").load(path),
        [
            FeatureLookup(
                table_name="pump_features",
                lookup_key=["pump_id"],
                rename_outputs={"water_ph": "ph"},
            ),
            FeatureLookup(
                table_name="district_levels",
                lookup_key=["district"],
                timestamp_lookup_key="visited_at",
                lookback_window=timedelta(days=30),
            ),
        ],
        label="yield_lph",
        exclude_columns=["pump_id", "district", "visited_at", "age_years"],
    )


def training_rows(path: str) -> DataFrame:
    return completed(path).load_df().select(*WANTED, "yield_lph")


def scores(path: str) -> DataFrame:
    (run,) = mlflow.search_runs(filter_string="run_name = 'yield'", output_format="list")
    scored = fs.score_batch(f"runs:/{run.info.run_id}/model", spark.read.load(path))
    return scored.select("pump_id", F.round("prediction", 9).alias("prediction"))


fs.create_table("pump_features", ["pump_id"], spark.read.load(SURVEY), description="Surveys")
fs.set_feature_table_tag("pump_features", "team", "field")
fs.write_table("pump_features", spark.read.load(RESURVEY))
busy_pumps = fs.read_table("pump_features").filter(F.col("strokes_per_day") > 500).count()
fs.create_table(
    "district_levels", "district", spark.read.load(LEVELS), timestamp_keys="measured_at"
)

made = completed(VISITS)
pdf = made.load_df().toPandas()
with mlflow.start_run(run_name="yield"):
    chosen = ColumnTransformer([("chosen", "passthrough", WANTED)])
    model = Pipeline([("choose", chosen), ("grow", GradientBoostingRegressor(random_state=1))])
    model.fit(pdf.drop(columns="yield_lph"), pdf["yield_lph"])
    fs.log_model(model, "model", flavor=mlflow.sklearn, training_set=made)
