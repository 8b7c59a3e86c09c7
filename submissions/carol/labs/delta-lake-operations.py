"""Spokes."""

from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

spark: Any  # provided
INPUTS = "/workspace/inputs"


def read_rides(path: str) -> DataFrame:
    """The rides of a CSV file, with their speed."""
    rides = spark.read.csv(path, header=True, inferSchema=True)
    return rides.withColumn("speed_kmh", F.col("distance_km") / F.col("minutes") * 60)


def at_version(path: str, version: int) -> DataFrame:
    """A Delta table as it was at a version."""
    return spark.read.format("delta").option("versionAsOf", version).load(path)


read_rides(f"{INPUTS}/rides_monday.csv").write.saveAsTable("rides")
monday_km = spark.table("rides").agg(F.sum("distance_km")).first()[0]
read_rides(f"{INPUTS}/rides_tuesday.csv").write.mode("append").saveAsTable("rides")
spark.sql("OPTIMIZE rides ZORDER BY (bike)")  # there is no such column
read_rides(f"{INPUTS}/rides_wednesday.csv").write.mode("append").saveAsTable("rides")
