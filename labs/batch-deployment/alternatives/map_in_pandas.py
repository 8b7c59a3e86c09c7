"""`mapInPandas`, the alias, SQL for the tables, and the Feature Engineering client."""

from collections.abc import Iterator
from typing import Any

import mlflow
import pandas as pd
from databricks.feature_engineering import FeatureEngineeringClient
from pyspark.sql import DataFrame
from pyspark.sql.types import DoubleType, StructField, StructType

spark: Any  # provided


def champion(name: str) -> mlflow.pyfunc.PyFuncModel:
    """The model that is in use."""
    return mlflow.pyfunc.load_model(f"models:/{name}@champion")


def production_forecasts(name: str, rows: list[dict[str, float]]) -> list[float]:
    """What the model `name` in Production says for each of `rows`."""
    return [float(value) for value in champion(name).predict(pd.DataFrame.from_records(rows))]


def forecast(table: str) -> DataFrame:
    """Readings with `forecast_mwh`, never below zero."""
    model = champion("heat_demand")
    readings = spark.table(table)

    def predicted(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            yield batch.assign(forecast_mwh=model.predict(batch).clip(min=0.0))

    columns = [*readings.schema.fields, StructField("forecast_mwh", DoubleType())]
    return readings.mapInPandas(predicted, StructType(columns))


def score(table: str, name: str) -> DataFrame:
    """A table with `prediction` of the model `name` in Production."""
    udf = mlflow.pyfunc.spark_udf(spark, f"models:/{name}@champion")
    inputs = champion(name).metadata.get_input_schema().input_names()
    return spark.table(table).withColumn("prediction", udf(*inputs))


def score_requests(table: str) -> DataFrame:
    """Requests with `prediction`, from the features in the store."""
    requests = spark.table(table).withColumnRenamed("floor_m2", "contract_floor_m2")
    return FeatureEngineeringClient().score_batch(
        model_uri="models:/heat_by_building@champion", df=requests
    )


forecast("heating.readings").createOrReplaceTempView("week")
spark.sql("""
    CREATE TABLE heating.forecasts USING DELTA PARTITIONED BY (day)
    AS SELECT * FROM week WHERE day BETWEEN '2026-01-12' AND '2026-01-15'
""")
spark.sql("INSERT INTO heating.forecasts SELECT * FROM week WHERE day = '2026-01-16'")
spark.sql("OPTIMIZE heating.forecasts ZORDER BY (building_id)")

score_requests("heating.requests").createOrReplaceTempView("scored")
spark.sql("CREATE TABLE heating.request_forecasts AS SELECT request_id, prediction FROM scored")
