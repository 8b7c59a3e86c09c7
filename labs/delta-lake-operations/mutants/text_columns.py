"""The file is read without a schema, so its numbers stay text.

Fails: test_read_rides_adds_the_speed
"""

from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

spark: Any  # provided
INPUTS = "/workspace/inputs"
RIDES = "/workspace/warehouse/rides"


def read_rides(path: str) -> DataFrame:
    """The rides of a CSV file, with their speed."""
    rides = spark.read.csv(path, header=True)
    return rides.withColumn("speed_kmh", F.col("distance_km") / (F.col("minutes") / 60))


def operations(path: str) -> list[str]:
    """What each commit of a Delta table did, oldest first."""
    history = DeltaTable.forPath(spark, path).history().orderBy("version")
    return [commit.operation for commit in history.select("operation").collect()]


def at_version(path: str, version: int) -> DataFrame:
    """A Delta table as it was at a version."""
    return spark.read.load(path, format="delta", versionAsOf=version)


def as_of(path: str, timestamp: str) -> DataFrame:
    """A Delta table as it was at a moment, in UTC."""
    return spark.read.load(path, format="delta", timestampAsOf=timestamp)


def clean_up(path: str) -> None:
    """Remove data files that no version of the last 7 days needs."""
    DeltaTable.forPath(spark, path).vacuum()


# Step 1
read_rides(f"{INPUTS}/rides_monday.csv").write.format("delta").saveAsTable("rides")

# Step 2
monday_km = spark.table("rides").agg(F.sum("distance_km")).first()[0]

# Step 3
read_rides(f"{INPUTS}/rides_tuesday.csv").write.mode("append").saveAsTable("rides")

# Step 4
spark.sql("OPTIMIZE rides ZORDER BY (station)")

# Step 5
good_version = len(operations(RIDES)) - 1
read_rides(f"{INPUTS}/rides_wednesday.csv").write.mode("append").saveAsTable("rides")

# Step 6
spark.sql(f"RESTORE TABLE rides TO VERSION AS OF {good_version}")
