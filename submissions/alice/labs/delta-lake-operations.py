"""My week at Spokes: mostly SQL."""

from typing import Any


from pyspark.sql import DataFrame
from pyspark.sql.functions import expr

spark: Any  # provided
display: Any  # provided
INPUTS = "/workspace/inputs"
RIDES = "/workspace/warehouse/rides"


def read_rides(path: str) -> DataFrame:
    """The rides of a CSV file, with their speed."""
    raw = spark.read.option("header", True).option("inferSchema", True).csv(path)
    return raw.withColumn("speed_kmh", expr("distance_km * 60.0 / minutes"))


def operations(path: str) -> list[str]:
    """What each commit of a Delta table did, oldest first."""
    rows = spark.sql(f"DESCRIBE HISTORY delta.`{path}`").collect()
    return [row["operation"] for row in reversed(rows)]


def at_version(path: str, version: int) -> DataFrame:
    """A Delta table as it was at a version."""
    return spark.sql(f"SELECT * FROM delta.`{path}` VERSION AS OF {version}")


def as_of(path: str, timestamp: str) -> DataFrame:
    """A Delta table as it was at a moment, in UTC."""
    return spark.sql(f"SELECT * FROM delta.`{path}` TIMESTAMP AS OF '{timestamp}'")


def clean_up(path: str) -> None:
    """Remove data files that no version of the last 7 days needs."""
    spark.sql(f"VACUUM delta.`{path}`")


# 1. Monday
read_rides(f"{INPUTS}/rides_monday.csv").createOrReplaceTempView("monday")
spark.sql("CREATE TABLE rides USING DELTA AS SELECT * FROM monday")

# 2. How far did they ride?
monday_km = float(spark.sql("SELECT sum(distance_km) AS km FROM rides").head().km)
print(f"Monday: {monday_km:.1f} km")

# 3. Tuesday
read_rides(f"{INPUTS}/rides_tuesday.csv").createOrReplaceTempView("tuesday")
spark.sql("INSERT INTO rides SELECT * FROM tuesday")

# 4. Riders ask by station
display(spark.sql("OPTIMIZE rides ZORDER BY (station)"))

# 5. Wednesday, in metres
before = spark.sql("DESCRIBE HISTORY rides LIMIT 1").head().version
read_rides(f"{INPUTS}/rides_wednesday.csv").createOrReplaceTempView("wednesday")
spark.sql("INSERT INTO rides SELECT * FROM wednesday")

# 6. And back
spark.sql(f"RESTORE TABLE rides TO VERSION AS OF {before}")
