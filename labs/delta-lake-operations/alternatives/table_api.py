"""The DeltaTable API and the second writer API; the table is restored by time."""

from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import DataFrame
from pyspark.sql.functions import col
from pyspark.sql.functions import round as spark_round

spark: Any  # provided
INPUTS = "/workspace/inputs"


def read_rides(path: str) -> DataFrame:
    """The rides of a CSV file, with their speed."""
    text = spark.read.option("header", True).csv(path)
    minutes, distance = col("minutes").cast("double"), col("distance_km").cast("double")
    speed = spark_round(distance / minutes * 60, 1)
    return text.withColumns({"minutes": minutes, "distance_km": distance, "speed_kmh": speed})


def operations(path: str) -> list[str]:
    """What each commit of a Delta table did, oldest first."""
    history = DeltaTable.forName(spark, f"delta.`{path}`").history().toPandas()
    return list(history.sort_values("version")["operation"])


def at_version(path: str, version: int) -> DataFrame:
    """A Delta table as it was at a version."""
    return spark.read.format("delta").load(f"{path}@v{version}")


def as_of(path: str, timestamp: str) -> DataFrame:
    """A Delta table as it was at a moment, in UTC."""
    history = DeltaTable.forPath(spark, path).history()
    before = history.where(col("timestamp") <= timestamp)
    return at_version(path, before.orderBy(col("version").desc()).first().version)


def clean_up(path: str) -> None:
    """Remove data files that no version of the last 7 days needs."""
    DeltaTable.forPath(spark, path).vacuum(7 * 24)


monday = read_rides(f"{INPUTS}/rides_monday.csv")
table = DeltaTable.createIfNotExists(spark).tableName("Rides").addColumns(monday.schema).execute()
monday.writeTo("rides").append()
monday_km = float(table.toDF().toPandas()["distance_km"].sum())

read_rides(f"{INPUTS}/rides_tuesday.csv").writeTo("rides").append()

table.optimize().executeZOrderBy("station")

read_rides(f"{INPUTS}/rides_wednesday.csv").writeTo("rides").append()

broken, good, *_ = table.history().collect()
print(f"version {broken.version} is broken, back to {good.timestamp}")
table.restoreToTimestamp(str(good.timestamp))
