"""Lift trips. One checkpoint folder, the latest model, windows in complete mode."""

import os

import mlflow
import pandas as pd
from pyspark.sql import functions as F

BROKER = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
CHECKPOINT = "/workspace/checkpoints/trips"

model = mlflow.pyfunc.load_model("models:/lift-wear/2")


@F.pandas_udf("double")
def predict(load: pd.Series, travel: pd.Series, motor: pd.Series) -> pd.Series:
    data = pd.DataFrame({"load_kg": load, "travel_s": travel, "motor_c": motor})
    return pd.Series(model.predict(data))


def read_trips(topic, at_most=None):
    reader = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", BROKER)
        .option("subscribe", topic)
        .option("startingOffsets", "earliest")
    )
    if at_most:
        reader = reader.option("maxOffsetsPerTrigger", at_most)
    schema = "trip_id string, lift_id string, motor_c double, load_kg double, travel_s double, trip_at string"
    df = reader.load().select(F.from_json(F.col("value").cast("string"), schema).alias("d")).select("d.*")
    return df.withColumn("trip_at", F.to_timestamp("trip_at"))


def with_wear(df):
    return df.withColumn("wear", predict("load_kg", "travel_s", "motor_c"))


def score_stream(topic, table, checkpoint):
    df = with_wear(read_trips(topic))
    q = df.writeStream.format("delta").option("checkpointLocation", checkpoint)
    q.trigger(availableNow=True).start(table).awaitTermination()


def score_batches(topic, table, alerts, checkpoint):
    def process(batch_df, batch_id):
        batch_df = batch_df.withColumn("batch_id", F.lit(batch_id))
        batch_df.write.format("delta").mode("append").save(table)
        batch_df.filter("wear > 60").write.format("delta").mode("append").save(alerts)

    q = with_wear(read_trips(topic, 100)).writeStream.foreachBatch(process)
    q.option("checkpointLocation", checkpoint).trigger(availableNow=True).start().awaitTermination()


def wear_by_window(source, table, checkpoint):
    df = spark.readStream.format("delta").load(source).withWatermark("trip_at", "10 minutes")
    df = df.groupBy("lift_id", F.window("trip_at", "5 minutes"))
    df = df.agg(F.count("*").alias("trips"), F.avg("wear").alias("wear"))
    df = df.select("lift_id", "window.start", "window.end", "trips", "wear")
    q = df.writeStream.format("delta").outputMode("complete").option("checkpointLocation", checkpoint)
    q.trigger(availableNow=True).start(table).awaitTermination()


def publish(path, topic):
    df = spark.read.text(path)
    df.write.format("kafka").option("kafka.bootstrap.servers", BROKER).option("topic", topic).save()


score_stream("lift-trips", "/workspace/scored", CHECKPOINT)
wear_by_window("/workspace/scored", "/workspace/windows", "/workspace/checkpoints/windows")
publish("/workspace/inputs/late_trips.jsonl", "lift-trips")
score_stream("lift-trips", "/workspace/scored", CHECKPOINT)
wear_by_window("/workspace/scored", "/workspace/windows", "/workspace/checkpoints/windows")
score_batches("lift-trips", "/workspace/numbered", "/workspace/alerts", CHECKPOINT)
