"""FeatureEngineeringClient, three-part names, and a linear model that is registered."""

import datetime
from typing import Any

import mlflow
from databricks.feature_engineering import FeatureEngineeringClient, FeatureLookup
from pyspark.sql import DataFrame
from sklearn.linear_model import LinearRegression

spark: Any  # provided
SURVEY = "/workspace/inputs/pumps"
RESURVEY = "/workspace/inputs/resurvey"
LEVELS = "/workspace/inputs/levels"
VISITS = "/workspace/inputs/visits"

fe = FeatureEngineeringClient()


def training(path: str) -> Any:
    pumps = FeatureLookup(
        table_name="main.default.pump_features",
        lookup_key=["pump_id"],
        feature_names=["water_ph", "strokes_per_day"],
        rename_outputs={"water_ph": "ph"},
    )
    levels = FeatureLookup(
        table_name="main.default.district_levels",
        lookup_key=["district"],
        timestamp_lookup_key="visited_at",
        lookback_window=datetime.timedelta(hours=720),
    )
    return fe.create_training_set(
        df=spark.sql(f"SELECT * FROM delta.`{path}`"),
        feature_lookups=[levels, pumps],
        label="yield_lph",
        exclude_columns=["pump_id", "district", "visited_at"],
    )


def training_rows(path: str) -> DataFrame:
    return training(path).load_df()


def scores(path: str) -> DataFrame:
    asked = spark.sql(f"SELECT * FROM delta.`{path}`")
    result = fe.score_batch(model_uri="models:/pump_yield/1", df=asked, result_type="double")
    return result.select("pump_id", "prediction")


fe.create_table(
    name="main.default.pump_features",
    primary_keys="pump_id",
    df=spark.sql(f"SELECT * FROM delta.`{SURVEY}`"),
    description="Pumps and how they are used",
)
fe.set_feature_table_tag(name="main.default.pump_features", key="team", value="field")
fe.write_table(name="main.default.pump_features", df=spark.sql(f"SELECT * FROM delta.`{RESURVEY}`"))
pumps = fe.read_table(name="main.default.pump_features")
busy_pumps = len([p for p in pumps.collect() if p.strokes_per_day > 500])
fe.create_table(
    name="main.default.district_levels",
    primary_keys=["district", "measured_at"],
    timeseries_columns=["measured_at"],
    df=spark.sql(f"SELECT * FROM delta.`{LEVELS}`"),
)

made = training(VISITS)
rows = made.load_df().toPandas()
X, y = rows.drop(columns=["yield_lph"]), rows["yield_lph"]
with mlflow.start_run(run_name="yield"):
    fe.log_model(
        model=LinearRegression().fit(X, y),
        artifact_path="model",
        flavor=mlflow.sklearn,
        training_set=made,
        registered_model_name="pump_yield",
    )
