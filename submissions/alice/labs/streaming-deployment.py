"""Upway's trips: scored as they come, in SQL where SQL will do."""

import os
from collections.abc import Iterator
from typing import Any

import mlflow
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql.functions import col, lit, pandas_udf
from pyspark.sql.streaming import DataStreamWriter

spark: Any  # provided
BROKER = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
INPUTS = "/workspace/inputs"
SCORED = "/workspace/scored"
WINDOWS = "/workspace/windows"
NUMBERED = "/workspace/numbered"
ALERTS = "/workspace/alerts"
ALARM = 60.0
EVENT = """
    trip_id STRING, lift_id STRING, motor_c DOUBLE, load_kg DOUBLE, travel_s DOUBLE,
    trip_at STRING
"""
MODEL = "models:/lift-wear@champion"


@pandas_udf("double")
def wear(
    columns: Iterator[tuple[pd.Series, pd.Series, pd.Series]],
) -> Iterator[pd.Series]:
    """One model for all batches of a task."""
    for load, travel, motor in columns:
        rows = pd.DataFrame({"load_kg": load, "travel_s": travel, "motor_c": motor})
        yield pd.Series(model.predict(rows), index=rows.index)


def read_trips(topic: str, at_most: int | None = None) -> DataFrame:
    """The trips of a topic as a stream, from its first event on."""
    options = {"kafka.bootstrap.servers": BROKER, "subscribe": topic}
    options["startingOffsets"] = "earliest"
    if at_most:
        options["maxOffsetsPerTrigger"] = f"{at_most}"
    events = spark.readStream.format("kafka").options(**options).load()
    trips = events.selectExpr(f"from_json(CAST(value AS STRING), '{EVENT}') AS trip")
    return trips.selectExpr("trip.*").selectExpr(
        "trip_id", "lift_id", "motor_c", "load_kg", "travel_s", "CAST(trip_at AS TIMESTAMP) AS trip_at"
    )


def with_wear(trips: DataFrame) -> DataFrame:
    """Trips and what the model says of them."""
    return trips.select("*", wear("load_kg", "travel_s", "motor_c").alias("wear"))


def catch_up(writer: DataStreamWriter, checkpoint: str) -> None:
    """Run a query until there is nothing new."""
    writer = writer.option("checkpointLocation", checkpoint).trigger(availableNow=True)
    writer.start().awaitTermination()


def score_stream(topic: str, table: str, checkpoint: str) -> None:
    """Append every trip that was not scored yet to a table."""
    stream = with_wear(read_trips(topic)).writeStream
    catch_up(stream.format("delta").outputMode("append").option("path", table), checkpoint)


def score_batches(topic: str, table: str, alerts: str, checkpoint: str) -> None:
    """The same in numbered batches, with the worst trips in a table of their own, too."""

    def both(batch: DataFrame, batch_id: int) -> None:
        # With the batch's number a repeated write is recognised and left out.
        once = {"txnAppId": checkpoint, "txnVersion": batch_id}
        rows = batch.withColumn("batch_id", lit(batch_id).cast("bigint")).cache()
        for path, part in ((table, rows), (alerts, rows.filter(col("wear") > ALARM))):
            part.write.format("delta").options(**once).mode("append").save(path)
        rows.unpersist()

    catch_up(with_wear(read_trips(topic, 100)).writeStream.foreachBatch(both), checkpoint)


def wear_by_window(source: str, table: str, checkpoint: str) -> None:
    """Append each lift's five minutes once no trip can join them any more."""
    stream = spark.readStream.format("delta").load(source)
    stream.withWatermark("trip_at", "10 minutes").createOrReplaceTempView("trips_so_far")
    windows = spark.sql("""
        SELECT lift_id, window.start, window.end, count(*) AS trips, mean(wear) AS wear
        FROM trips_so_far
        GROUP BY lift_id, window(trip_at, '5 minutes')
    """)
    writer = windows.writeStream.format("delta").outputMode("append").option("path", table)
    catch_up(writer, checkpoint)


def publish(path: str, topic: str) -> None:
    """Send each line of a file to a topic."""
    lines = spark.read.text(path).select("value", lit(topic).alias("topic"))
    lines.write.format("kafka").option("kafka.bootstrap.servers", BROKER).save()


# 2a. The model
model = mlflow.pyfunc.load_model(MODEL)

# 6. Before the late ones
score_stream("lift-trips", SCORED, "/workspace/checkpoints/scored")
wear_by_window(SCORED, WINDOWS, "/workspace/checkpoints/windows")

# 7. A controller is back
publish(f"{INPUTS}/late_trips.jsonl", "lift-trips")

# 8. With the late ones
score_stream("lift-trips", SCORED, "/workspace/checkpoints/scored")
wear_by_window(SCORED, WINDOWS, "/workspace/checkpoints/windows")

# 9. In batches
score_batches("lift-trips", NUMBERED, ALERTS, "/workspace/checkpoints/batches")
