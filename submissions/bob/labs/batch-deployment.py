"""Lindwick. Forecasts row by row, it is only a few buildings."""

from typing import Any

import mlflow
import pandas as pd
from databricks.feature_store import FeatureStoreClient
from pyspark.sql import DataFrame
from pyspark.sql.functions import udf

spark: Any  # provided
READINGS = ["outdoor_c", "wind_ms", "prev_mwh"]


def production_forecasts(name: str, rows: list[dict[str, float]]) -> list[float]:
    """What the model `name` in Production says for each of `rows`."""
    model = mlflow.pyfunc.load_model(f"models:/{name}/Production")
    return [model.predict(pd.DataFrame([row]))[0] for row in rows]


def forecast(table: str) -> DataFrame:
    """Readings with `forecast_mwh`."""
    model = mlflow.pyfunc.load_model("models:/heat_demand/Production")

    @udf
    def heat(outdoor, wind, prev):
        row = pd.DataFrame({"outdoor_c": [outdoor], "wind_ms": [wind], "prev_mwh": [prev]})
        return float(model.predict(row.astype(float))[0])

    return spark.table(table).withColumn("forecast_mwh", heat(*READINGS))


def score(table: str, name: str) -> DataFrame:
    """A table with `prediction` of the model `name`."""
    predict = mlflow.pyfunc.spark_udf(spark, f"models:/{name}/Production")
    rows = spark.table(table)
    return rows.withColumn("prediction", predict(*[c for c, t in rows.dtypes if t == "double"]))


def score_requests(table: str) -> DataFrame:
    """Requests with `prediction`."""
    fs = FeatureStoreClient()
    return fs.score_batch("models:/heat_by_building/Production", spark.table(table))


week = forecast("heating.readings")
before = week.where("day < '2026-01-16'")
before.write.format("delta").partitionBy("day").saveAsTable("heating.forecasts")
friday = week.where("day = '2026-01-16'")
friday.write.format("delta").mode("append").saveAsTable("heating.forecasts")
spark.sql("OPTIMIZE heating.forecasts")
score_requests("heating.requests").write.saveAsTable("heating.request_forecasts")
