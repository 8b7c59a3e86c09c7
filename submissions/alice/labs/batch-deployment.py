"""Heat for Lindwick, night by night."""

from collections.abc import Iterator
from typing import Any

import mlflow.pyfunc
import pandas as pd
from databricks.feature_store import FeatureStoreClient
from pyspark.sql import DataFrame
from pyspark.sql.functions import col, pandas_udf, struct

spark: Any  # provided
display: Any  # provided
READINGS = ["outdoor_c", "wind_ms", "prev_mwh"]
fs = FeatureStoreClient()


def in_use(name: str) -> str:
    """The URI of the version that the works use."""
    return f"models:/{name}@champion"


def production_forecasts(name: str, rows: list[dict[str, float]]) -> list[float]:
    """What the model `name` in Production says for each of `rows`."""
    predicted = mlflow.pyfunc.load_model(in_use(name)).predict(pd.DataFrame(rows))
    return [round(float(p), 4) for p in predicted]


def forecast(table: str) -> DataFrame:
    """Readings with `forecast_mwh`, never below zero."""
    uri = in_use("heat_demand")

    @pandas_udf("double")
    def heat(batches: Iterator[pd.DataFrame]) -> Iterator[pd.Series]:
        model = mlflow.pyfunc.load_model(uri)  # once for all batches of a task
        for batch in batches:
            predicted = pd.Series(model.predict(batch[READINGS]))
            yield predicted.where(predicted > 0, 0.0)

    readings = spark.table(table)
    return readings.select("*", heat(struct(*map(col, READINGS))).alias("forecast_mwh"))


def score(table: str, name: str) -> DataFrame:
    """A table with `prediction` of the model `name` in Production."""
    predict = mlflow.pyfunc.spark_udf(spark, model_uri=in_use(name))
    inputs = mlflow.models.get_model_info(in_use(name)).signature.inputs.input_names()
    return spark.table(table).withColumn("prediction", predict(struct(*inputs)))


def score_requests(table: str) -> DataFrame:
    """Requests with `prediction`, from the features in the store."""
    # Whatever feature a request brings along would count instead of the store's.
    known = set(fs.read_table("heating.buildings").columns) - {"building_id"}
    return fs.score_batch(in_use("heat_by_building"), spark.table(table).drop(*known))


# 5. Monday to Thursday
scored = forecast("heating.readings").cache()
(
    scored.filter("day < DATE '2026-01-16'")
    .write.format("delta")
    .mode("overwrite")
    .partitionBy("day")
    .saveAsTable("heating.forecasts")
)

# 6. Friday
scored.filter("day = DATE '2026-01-16'").write.insertInto("heating.forecasts")
display(spark.table("heating.forecasts").groupBy("day").count())

# 7. by building
spark.sql("OPTIMIZE heating.forecasts ZORDER BY building_id")

# 8. requests
score_requests("heating.requests").write.format("delta").saveAsTable("heating.request_forecasts")
