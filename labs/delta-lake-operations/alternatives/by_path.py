"""The table is made in the catalog and from then on only used by its path."""

from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import DataFrame

spark: Any  # provided
RIDES = "/workspace/warehouse/rides"


def read_rides(path: str) -> DataFrame:
    """The rides of a CSV file, with their speed."""
    rides = spark.read.format("csv").options(header=True, inferSchema=True).load(path)
    return rides.selectExpr("*", "distance_km / (minutes / 60) AS speed_kmh")


def operations(path: str) -> list[str]:
    """What each commit of a Delta table did, oldest first."""
    rows = spark.sql(f"DESCRIBE HISTORY '{path}'").select("version", "operation").collect()
    return [operation for _, operation in sorted(rows)]


def at_version(path: str, version: int) -> DataFrame:
    """A Delta table as it was at a version."""
    return spark.read.option("versionAsOf", version).format("delta").load(path)


def as_of(path: str, timestamp: str) -> DataFrame:
    """A Delta table as it was at a moment, in UTC."""
    return spark.read.option("timestampAsOf", timestamp).format("delta").load(path)


def clean_up(path: str) -> None:
    """Remove data files that no version of the last 7 days needs."""
    spark.sql(f"VACUUM '{path}' RETAIN 168 HOURS")


read_rides("inputs/rides_monday.csv").writeTo("rides").using("delta").create()
monday_km = sum(row.distance_km for row in spark.read.format("delta").load(RIDES).collect())

rides = DeltaTable.forPath(spark, RIDES).alias("rides")
tuesday = read_rides("inputs/rides_tuesday.csv").alias("tuesday")
same_ride = "rides.ride_id = tuesday.ride_id"
rides.merge(tuesday, same_ride).whenNotMatchedInsertAll().execute()

spark.sql(f"OPTIMIZE delta.`{RIDES}` ZORDER BY (station)")
good = len(operations(RIDES)) - 1

wednesday = read_rides("inputs/rides_wednesday.csv")
wednesday.write.format("delta").mode("append").save(RIDES)

DeltaTable.forPath(spark, RIDES).restoreToVersion(good)
