"""Spark SQL for all that is relational, MLflow's own UDF, and queries that are stopped by hand."""

import os

import mlflow
from pyspark.sql.functions import expr, struct

KAFKA = {"kafka.bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"]}
wear_udf = mlflow.pyfunc.spark_udf(spark, "models:/lift-wear@champion", env_manager="local")
FIELDS = "trip_id STRING, lift_id STRING, motor_c DOUBLE, load_kg DOUBLE, travel_s DOUBLE"
FORMAT = "'timestampFormat', 'yyyy-MM-dd HH:mm:ss'"


def catch_up(writer, checkpoint, path=None):
    writer = writer.option("checkpointLocation", checkpoint)
    query = writer.start(path) if path else writer.start()
    try:
        query.processAllAvailable()
    finally:
        query.stop()


def read_trips(topic, at_most=None):
    options = {**KAFKA, "subscribe": topic, "startingOffsets": "earliest"}
    if at_most is not None:
        options["maxOffsetsPerTrigger"] = str(at_most)
    raw = spark.readStream.format("kafka").options(**options).load()
    # The schema reads the moment as a timestamp at once.
    event = f"from_json(string(value), '{FIELDS}, trip_at TIMESTAMP', map({FORMAT})) AS e"
    return raw.selectExpr(event).selectExpr("e.*")


def with_wear(trips):
    return trips.withColumn("wear", wear_udf(struct("motor_c", "load_kg", "travel_s")))


def score_stream(topic, table, checkpoint):
    catch_up(with_wear(read_trips(topic)).writeStream.format("delta"), checkpoint, table)


def score_batches(topic, table, alerts, checkpoint):
    def keep(batch, batch_id):
        batch = batch.withColumn("batch_id", expr(f"{batch_id}L"))
        batch.write.format("delta").mode("append").save(table)
        new = batch.sparkSession.read.format("delta").load(table)
        new = new.where(f"batch_id = {batch_id} AND wear > 60")
        new.write.format("delta").mode("append").save(alerts)

    catch_up(with_wear(read_trips(topic, 100)).writeStream.foreachBatch(keep), checkpoint)


def wear_by_window(source, table, checkpoint):
    trips = spark.readStream.format("delta").load(source)
    trips.withWatermark("trip_at", "600 seconds").createOrReplaceTempView("arriving")
    windows = spark.sql("""
        SELECT w.start, w.end, lift_id, trips, wear
        FROM (
            SELECT window(trip_at, '5 minutes') AS w, lift_id, count(*) AS trips, avg(wear) AS wear
            FROM arriving GROUP BY window(trip_at, '5 minutes'), lift_id
        )
    """)
    catch_up(windows.writeStream.format("delta").outputMode("append"), checkpoint, table)


def publish(path, topic):
    lines = spark.read.text(path).selectExpr("value", f"'{topic}' AS topic")
    lines.write.format("kafka").options(**KAFKA).save()


W = "/workspace"
score_stream("lift-trips", f"{W}/scored", f"{W}/checkpoints/a")
wear_by_window(f"{W}/scored", f"{W}/windows", f"{W}/checkpoints/b")
publish(f"{W}/inputs/late_trips.jsonl", "lift-trips")
score_stream("lift-trips", f"{W}/scored", f"{W}/checkpoints/a")
wear_by_window(f"{W}/scored", f"{W}/windows", f"{W}/checkpoints/b")
score_batches("lift-trips", f"{W}/numbered", f"{W}/alerts", f"{W}/checkpoints/c")
