"""Everything in foreachBatch: small batches are scored where the driver is, with scikit-learn."""

import json
import os
from pathlib import Path

import mlflow.sklearn
from pyspark.sql import functions as F
from pyspark.sql import types as T

BROKER = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
model = mlflow.sklearn.load_model("models:/lift-wear@champion")
NUMBERS = ("motor_c", "load_kg", "travel_s")
EVENT = T.StructType(
    [T.StructField(name, T.StringType()) for name in ("trip_id", "lift_id", "trip_at")]
    + [T.StructField(name, T.DoubleType()) for name in NUMBERS]
)
TRIP = (
    "trip_id string, lift_id string, trip_at timestamp, motor_c double, load_kg double,"
    " travel_s double, wear double"
)


def read_trips(topic, at_most=None):
    reader = spark.readStream.format("kafka").option("kafka.bootstrap.servers", BROKER)
    reader = reader.option("assign", json.dumps({topic: [0]}))
    reader = reader.option("startingOffsets", json.dumps({topic: {"0": -2}}))
    if at_most:
        reader = reader.option("maxOffsetsPerTrigger", at_most)
    text = F.col("value").cast("string")
    event = reader.load().withColumn("e", F.from_json(text, EVENT))
    at = F.to_timestamp("e.trip_at", "yyyy-MM-dd HH:mm:ss").alias("trip_at")
    return event.select("e.trip_id", "e.lift_id", at, *(f"e.{name}" for name in NUMBERS))


def with_wear(batch):
    rows = batch.toPandas()
    rows["wear"] = model.predict(rows[list(model.feature_names_in_)])
    return spark.createDataFrame(rows, TRIP)


def run(stream, work, checkpoint):
    writer = stream.writeStream.foreachBatch(work).trigger(availableNow=True)
    writer.option("checkpointLocation", checkpoint).start().awaitTermination()


def append(batch, path):
    batch.write.format("delta").mode("append").save(path)


def score_stream(topic, table, checkpoint):
    run(read_trips(topic), lambda batch, _: append(with_wear(batch), table), checkpoint)


def score_batches(topic, table, alerts, checkpoint):
    def work(batch, number):
        scored = with_wear(batch).withColumn("batch_id", F.lit(number).cast("int"))
        append(scored, table)
        append(scored.filter("wear > 60.0"), alerts)

    run(read_trips(topic, 100), work, checkpoint)


def wear_by_window(source, table, checkpoint):
    span = F.window(F.col("trip_at"), "5 minutes").alias("span")
    stream = spark.readStream.format("delta").load(source).withWatermark("trip_at", "10 minutes")
    counted = stream.groupBy("lift_id", span).agg(
        F.count("trip_id").alias("trips"), F.mean("wear").alias("wear")
    )
    rows = counted.select("*", "span.start", "span.end").drop("span")
    writer = rows.writeStream.outputMode("append").trigger(availableNow=True)
    writer = writer.option("checkpointLocation", checkpoint).foreachBatch(
        lambda batch, _: append(batch, table)
    )
    writer.start().awaitTermination()


def publish(path, topic):
    rows = [json.loads(line) for line in Path(path).read_text().splitlines()]
    values = [(row["lift_id"], json.dumps(row)) for row in rows]
    frame = spark.createDataFrame(values, "key string, value string").coalesce(1)
    sink = frame.write.format("kafka").option("kafka.bootstrap.servers", BROKER)
    sink.option("topic", topic).save()


for round_number in (1, 2):
    if round_number == 2:
        publish("inputs/late_trips.jsonl", "lift-trips")
    score_stream("lift-trips", "/workspace/scored", "/workspace/checkpoints/scored")
    wear_by_window("/workspace/scored", "/workspace/windows", "/workspace/checkpoints/windows")
score_batches(
    "lift-trips", "/workspace/numbered", "/workspace/alerts", "/workspace/checkpoints/numbered"
)
