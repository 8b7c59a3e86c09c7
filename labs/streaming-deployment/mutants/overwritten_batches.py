"""Each batch replaces the one before it.

Fails: test_batches_are_numbered_and_kept, test_alerts_are_the_worst_trips
"""

import os
from typing import Any

import mlflow
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

spark: Any  # provided
BROKER = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
NUMBERS = "motor_c double, load_kg double, travel_s double"
EVENT = f"trip_id string, lift_id string, {NUMBERS}, trip_at string"
INPUTS = ["load_kg", "travel_s", "motor_c"]
ALARM = 60.0

model = mlflow.pyfunc.load_model("models:/lift-wear/Production")


@F.pandas_udf("double")
def wear(features: pd.DataFrame) -> pd.Series:
    """What the model says of each row."""
    return pd.Series(model.predict(features))


def scored(trips: DataFrame) -> DataFrame:
    """Trips with their wear."""
    return trips.withColumn("wear", wear(F.struct(*INPUTS)))


def read_trips(topic: str, at_most: int | None = None) -> DataFrame:
    """The trips of a topic as a stream, from its first event on."""
    reader = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", BROKER)
        .option("subscribe", topic)
        .option("startingOffsets", "earliest")
    )
    if at_most:
        reader = reader.option("maxOffsetsPerTrigger", at_most)
    event = F.from_json(F.col("value").cast("string"), EVENT).alias("event")
    trips = reader.load().select(event).select("event.*")
    return trips.withColumn("trip_at", F.to_timestamp("trip_at"))


def score_stream(topic: str, table: str, checkpoint: str) -> None:
    """Append every trip that was not scored yet to a table."""
    query = (
        scored(read_trips(topic))
        .writeStream.format("delta")
        .outputMode("append")
        .option("checkpointLocation", checkpoint)
        .trigger(availableNow=True)
        .start(table)
    )
    query.awaitTermination()


def score_batches(topic: str, table: str, alerts: str, checkpoint: str) -> None:
    """The same in numbered batches, with the worst trips in a table of their own, too."""

    def keep(batch: DataFrame, number: int) -> None:
        numbered = batch.withColumn("batch_id", F.lit(number)).persist()
        numbered.write.format("delta").mode("overwrite").save(table)
        worst = numbered.where(F.col("wear") > ALARM)
        worst.write.format("delta").mode("append").save(alerts)
        numbered.unpersist()

    query = (
        scored(read_trips(topic, at_most=100))
        .writeStream.foreachBatch(keep)
        .option("checkpointLocation", checkpoint)
        .trigger(availableNow=True)
        .start()
    )
    query.awaitTermination()


def wear_by_window(source: str, table: str, checkpoint: str) -> None:
    """Append each lift's five minutes once no trip can join them any more."""
    windows = (
        spark.readStream.format("delta")
        .load(source)
        .withWatermark("trip_at", "10 minutes")
        .groupBy(F.window("trip_at", "5 minutes"), "lift_id")
        .agg(F.count("*").alias("trips"), F.avg("wear").alias("wear"))
        .select("lift_id", "window.start", "window.end", "trips", "wear")
    )
    query = (
        windows.writeStream.format("delta")
        .outputMode("append")
        .option("checkpointLocation", checkpoint)
        .trigger(availableNow=True)
        .start(table)
    )
    query.awaitTermination()


def publish(path: str, topic: str) -> None:
    """Send each line of a file to a topic."""
    lines = spark.read.text(path)
    sink = lines.write.format("kafka").option("kafka.bootstrap.servers", BROKER)
    sink.option("topic", topic).save()


score_stream("lift-trips", "/workspace/scored", "/workspace/checkpoints/scored")
wear_by_window("/workspace/scored", "/workspace/windows", "/workspace/checkpoints/windows")

publish("/workspace/inputs/late_trips.jsonl", "lift-trips")

score_stream("lift-trips", "/workspace/scored", "/workspace/checkpoints/scored")
wear_by_window("/workspace/scored", "/workspace/windows", "/workspace/checkpoints/windows")

score_batches(
    "lift-trips", "/workspace/numbered", "/workspace/alerts", "/workspace/checkpoints/numbered"
)
