"""Empty tables first, a registered Delta table, two lookups of one table, a pipeline."""

from datetime import timedelta

import mlflow
import mlflow.sklearn
from databricks.feature_store import FeatureLookup, FeatureStoreClient, feature_table
from pyspark.sql.functions import col
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SURVEY = "/workspace/inputs/pumps"
RESURVEY = "/workspace/inputs/resurvey"
LEVELS = "/workspace/inputs/levels"
VISITS = "/workspace/inputs/visits"
client = FeatureStoreClient()


@feature_table
def surveyed(path):
    return spark.read.load(path)


client.create_table(
    "default.pump_features",
    "pump_id",
    schema=surveyed(SURVEY).schema,
    description="pump features",
)
surveyed.compute_and_write({"path": SURVEY}, "default.pump_features", mode="overwrite")
client.set_feature_table_tag("default.pump_features", "owner", "me")
client.set_feature_table_tag("default.pump_features", "team", "field")

surveyed.compute_and_write({"path": RESURVEY}, "default.pump_features")

busy_pumps = spark.table("pump_features").filter(col("strokes_per_day") > 500).count()

spark.read.load(LEVELS).write.saveAsTable("district_levels")
client.register_table(
    delta_table="district_levels", primary_keys=["district"], timestamp_keys="measured_at"
)


def lookups():
    return [
        FeatureLookup("pump_features", "pump_id", feature_names="strokes_per_day"),
        FeatureLookup("pump_features", "pump_id", feature_name="water_ph", output_name="ph"),
        FeatureLookup(
            "district_levels",
            "district",
            feature_names=["level_m"],
            timestamp_lookup_key=["visited_at"],
            lookback_window=timedelta(30),
        ),
    ]


def training_rows(path):
    visits = spark.read.format("delta").load(path)
    keys = ["pump_id", "district", "visited_at"]
    return client.create_training_set(visits, lookups(), "yield_lph", keys).load_df()


def scores(path):
    return client.score_batch(info.model_uri, spark.read.load(path)).toPandas()


mlflow.set_experiment("/pumps")
with mlflow.start_run(run_name="yield"):
    keys = ["pump_id", "district", "visited_at"]
    made = client.create_training_set(spark.read.load(VISITS), lookups(), "yield_lph", keys)
    pdf = made.load_df().toPandas()
    y = pdf.pop("yield_lph")
    pipeline = make_pipeline(StandardScaler(), Ridge()).fit(pdf, y)
    info = client.log_model(pipeline, "model", flavor=mlflow.sklearn, training_set=made)
