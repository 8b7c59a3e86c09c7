"""Everything in SQL."""

from typing import Any

from pyspark.sql import DataFrame

spark: Any  # provided


def read_rides(path: str) -> DataFrame:
    """The rides of a CSV file, with their speed."""
    spark.sql(f"""
        CREATE OR REPLACE TEMPORARY VIEW ride_file
        USING csv OPTIONS (path '{path}', header 'true', inferSchema 'true')
    """)
    return spark.sql("SELECT *, distance_km * 60 / minutes AS speed_kmh FROM ride_file")


def operations(path: str) -> list[str]:
    """What each commit of a Delta table did, oldest first."""
    commits = spark.sql(f"DESCRIBE HISTORY delta.`{path}`").collect()
    return [commit["operation"] for commit in reversed(commits)]


def at_version(path: str, version: int) -> DataFrame:
    """A Delta table as it was at a version."""
    return spark.sql(f"SELECT * FROM delta.`{path}` VERSION AS OF {version}")


def as_of(path: str, timestamp: str) -> DataFrame:
    """A Delta table as it was at a moment, in UTC."""
    return spark.sql(f"SELECT * FROM delta.`{path}` TIMESTAMP AS OF '{timestamp}'")


def clean_up(path: str) -> DataFrame:
    """Remove data files that no version of the last 7 days needs."""
    return spark.sql(f"VACUUM delta.`{path}`")


read_rides("inputs/rides_monday.csv").createOrReplaceTempView("monday")
spark.sql("CREATE OR REPLACE TABLE rides USING delta AS SELECT * FROM monday")
monday_km = float(spark.sql("SELECT round(sum(distance_km), 1) AS km FROM rides").first().km)

read_rides("inputs/rides_tuesday.csv").createOrReplaceTempView("tuesday")
spark.sql("INSERT INTO rides SELECT * FROM tuesday")

spark.sql("OPTIMIZE rides ZORDER BY (station)")
spark.sql("ALTER TABLE rides SET TBLPROPERTIES ('quality' = 'bronze')")

read_rides("inputs/rides_wednesday.csv").createOrReplaceTempView("wednesday")
spark.sql("INSERT INTO rides TABLE wednesday")

spark.sql("DESCRIBE HISTORY rides").select("version", "timestamp", "operation").show()
spark.sql("RESTORE TABLE rides TO VERSION AS OF 3")
