"""The model's own Spark UDF for everything, `writeTo`, and the DeltaTable API."""

from typing import Any

import mlflow
import pandas as pd
from databricks.feature_store import FeatureStoreClient
from delta.tables import DeltaTable
from mlflow import MlflowClient
from pyspark.sql import DataFrame
from pyspark.sql.functions import col, greatest, lit, to_date

spark: Any  # provided
spark.catalog.setCurrentDatabase("heating")


def uri_of(name: str) -> str:
    """Where the version in Production is; its number is asked for each time."""
    [version] = MlflowClient().get_latest_versions(name, ["Production"])
    return f"models:/{name}/{version.version}"


def production_forecasts(name: str, rows: list[dict[str, float]]) -> list[float]:
    """What the model `name` in Production says for each of `rows`."""
    model = mlflow.sklearn.load_model(uri_of(name))
    frame = pd.DataFrame(rows)[list(model.feature_names_in_)]
    return list(model.predict(frame))


def score(table: str, name: str) -> DataFrame:
    """A table with `prediction` of the model `name` in Production."""
    udf = mlflow.pyfunc.spark_udf(spark, uri_of(name), result_type="double")
    return spark.table(table).withColumn("prediction", udf())


def forecast(table: str) -> DataFrame:
    """Readings with `forecast_mwh`, never below zero."""
    scored = score(table, "heat_demand").withColumnRenamed("prediction", "forecast_mwh")
    return scored.withColumn("forecast_mwh", greatest(col("forecast_mwh"), lit(0.0)))


def score_requests(table: str) -> DataFrame:
    """Requests with `prediction`, from the features in the store."""
    store = FeatureStoreClient()
    requests = spark.table(table)
    scored = store.score_batch(uri_of("heat_by_building"), requests.drop("floor_m2"), "double")
    return requests.join(scored.select("request_id", "prediction"), "request_id", "left")


week = forecast("readings")
friday = to_date(lit("2026-01-16"))
week.where(col("day") != friday).writeTo("forecasts").partitionedBy("day").create()
week.where(col("day") == friday).writeTo("forecasts").append()

DeltaTable.forName(spark, "forecasts").optimize().executeZOrderBy("building_id")

score_requests("requests").write.format("delta").mode("overwrite").saveAsTable("request_forecasts")
