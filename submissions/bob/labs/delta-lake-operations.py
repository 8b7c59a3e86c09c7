"""Spokes. Had no time for clean_up."""

from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

spark: Any  # provided
INPUTS = "/workspace/inputs"
RIDES = "/workspace/warehouse/rides"


def read_rides(path: str) -> DataFrame:
    """The rides of a CSV file, with their speed."""
    rides = spark.read.csv(path, header=True, inferSchema=True)
    return rides.withColumn("speed_kmh", F.col("distance_km") / F.col("minutes") * 60)


def operations(path: str) -> list[str]:
    """What each commit of a Delta table did."""
    return [r.operation for r in DeltaTable.forPath(spark, path).history().collect()]


def at_version(path: str, version: int) -> DataFrame:
    """A Delta table as it was at a version."""
    return spark.read.format("delta").option("versionAsOf", version).load(path)


def as_of(path: str, timestamp: str) -> DataFrame:
    """A Delta table as it was at a moment."""
    return spark.read.format("delta").option("timestampAsOf", timestamp).load(path)


def clean_up(path: str) -> None:
    """Remove data files that no version of the last 7 days needs."""
    raise NotImplementedError


read_rides(f"{INPUTS}/rides_monday.csv").write.format("delta").saveAsTable("rides")
monday_km = spark.table("rides").agg(F.sum("distance_km")).first()[0]
read_rides(f"{INPUTS}/rides_tuesday.csv").write.mode("append").saveAsTable("rides")
spark.sql("OPTIMIZE rides")
good = DeltaTable.forName(spark, "rides").history(1).first().version
read_rides(f"{INPUTS}/rides_wednesday.csv").write.mode("append").saveAsTable("rides")
DeltaTable.forName(spark, "rides").restoreToVersion(good)
