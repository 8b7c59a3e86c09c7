"""The Feature Store on real Spark, Delta and MLflow, as a student's file meets it."""

from __future__ import annotations

from typing import Any

import pytest

from grader.errors import StudentError
from grader.labs.lab import Lab
from tests.engine.conftest import Runs

pytestmark = pytest.mark.engine

RUNTIME = ("spark", "mlflow", "feature-store")
SETUP = '''
import datetime
import warnings

import mlflow
import pandas as pd
from sklearn.linear_model import LinearRegression
from databricks.feature_engineering import FeatureEngineeringClient
from databricks.feature_engineering import FeatureLookup as EngineeringLookup
from databricks.feature_store import FeatureLookup, FeatureStoreClient, feature_table
from databricks.feature_store.online_store_spec import AmazonDynamoDBSpec
from pyspark.sql import functions as F

fs = FeatureStoreClient()
fe = FeatureEngineeringClient()
dynamo = AmazonDynamoDBSpec(region="eu-north-1")


def frame(rows, schema):
    return spark.createDataFrame([tuple(r) for r in rows], schema)


def rows(df):
    return sorted((r.asDict() for r in df.collect()), key=str)


def tried(work):
    """What `work` raises and warns of, in words."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            work()
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    return " ".join(str(w.message) for w in caught if "feature table" in str(w.message))


RIDERS = "rider int, trips int, score double"
riders = frame([(1, 10, 1.0), (2, 20, 2.0), (3, 30, None)], RIDERS)
fs.create_table("riders", ["rider"], riders, description="Who rides", tags={"team": "blue"})
PRICES = "zone string, at timestamp, price double, demand int"
T = datetime.datetime
prices = frame(
    [
        ("a", T(2024, 1, 1), 1.0, 1),
        ("a", T(2024, 1, 3), 3.0, None),
        ("b", T(2024, 1, 2), 5.0, 5),
    ],
    PRICES,
)
fe.create_table(name="prices", primary_keys=["zone", "at"], timeseries_column="at", df=prices)
'''
TABLES = """
def described():
    table = fs.get_table("riders")
    return [table.name, table.description, table.primary_keys, table.features, table.tags]


def refused():
    def table(**changed):
        base = {"name": "riders", "primary_keys": "rider", "df": riders}
        return lambda: fs.create_table(**{**base, **changed})

    times = {"name": "t", "df": prices}
    return [
        tried(table()),
        tried(table(primary_keys=["rider", "trips"])),
        tried(table(name="t", df=None)),
        tried(table(name="t", df=riders.union(riders))),
        tried(table(**times, primary_keys="at", timestamp_keys="at")),
        tried(table(name="t", primary_keys="driver")),
        tried(table(name="nowhere.t")),
        tried(lambda: fs.create_table("t", "zone", prices, timestamp_keys="price")),
        tried(lambda: fs.write_table("riders", riders.union(riders))),
        tried(lambda: fs.write_table("riders", riders, mode="append")),
        tried(lambda: fs.write_table("riders", riders.withColumn("trips", F.lit("x")))),
        tried(lambda: fs.write_table("prices", prices.drop("demand"))),
        tried(lambda: fs.write_table("none", riders)),
        tried(lambda: fs.write_table("riders", riders.toPandas())),
        tried(lambda: fe.write_table(name="riders", df=riders, mode="overwrite")),
    ]


def merged():
    fs.create_table("m", "rider", riders)
    part = frame([(2, 2.5, "new"), (4, 4.5, None)], "rider int, score double, badge string")
    fs.write_table(name="m", df=part, mode="MERGE")
    return rows(fs.read_table("m"))


def overwritten():
    fs.create_table("o", "rider", riders, partition_columns="trips")
    fs.write_table("o", frame([(9, 90)], "rider int, trips int"), mode="overwrite")
    return [rows(fs.read_table("o")), fs.get_table("o").partition_columns]


def as_of():
    fs.create_table("old", "rider", riders)
    (made,) = spark.sql("DESCRIBE HISTORY old").select("timestamp").first()
    spark.sql("DELETE FROM old WHERE rider < 3")
    then = spark.sql(f"SELECT TIMESTAMP '{made}' + INTERVAL 1 MILLISECOND AS t").first().t
    version = spark.read.option("versionAsOf", 0).table("old").count()
    past = fs.read_table("old", as_of_delta_timestamp=str(then)).count()
    wrong = tried(lambda: fs.read_table("old", as_of_delta_version=0))
    return [fs.read_table("old").count(), past, version, wrong]


def streamed():
    fs.create_table(name="live", primary_keys="rider", schema=riders.schema)
    riders.write.saveAsTable("incoming")
    stream = spark.readStream.table("incoming")
    query = fs.write_table("live", stream, trigger={"availableNow": True})
    query.awaitTermination()
    wrong = tried(lambda: fs.write_table("live", stream, mode="overwrite"))
    return [rows(fs.read_table("live")), wrong]


def computed():
    @feature_table
    def doubled(riders, factor):
        return riders.withColumn("trips", F.col("trips") * factor)

    fs.create_table("doubled", "rider", schema=riders.schema)
    doubled.compute_and_write({"riders": riders, "factor": 2}, feature_table_name="doubled")
    return [rows(fs.read_table("doubled")), doubled(riders, 1).count()]


def registered_and_dropped():
    riders.write.saveAsTable("plain")
    before = tried(lambda: fs.read_table("plain"))
    taken = tried(lambda: fs.create_table("plain", "rider", riders))
    fs.register_table(delta_table="plain", primary_keys="rider")
    count = fs.read_table("plain").count()
    fs.set_feature_table_tag("plain", "owner", "me")
    fs.set_feature_table_tag("plain", "stage", "draft")
    fs.delete_feature_table_tag("plain", "stage")
    tags = fs.get_table("plain").tags
    fs.drop_table("plain")
    gone = not spark.catalog.tableExists("plain")
    return [before, taken, count, tags, gone, tried(lambda: fs.get_table("plain"))]
"""
LOOKUPS = '''
def lookup(**changed):
    return FeatureLookup(**{"table_name": "riders", "lookup_key": "rider", **changed})


trips = frame([(1, "a", 1), (3, "b", 0), (8, "a", 1), (None, "b", 0)],
              "rider int, zone string, late int")


def several_tables():
    zones = frame([("a", 7, 0.5), ("c", 9, 0.1)], "zone string, stops int, share double")
    fs.create_table("zones", "zone", zones)
    made = fs.create_training_set(
        trips,
        [
            lookup(feature_names=["trips", "score"], rename_outputs={"trips": "rides"}),
            lookup(table_name="zones", lookup_key="zone", feature_names="stops"),
        ],
        label="late",
        exclude_columns=["zone"],
    )
    df = made.load_df()
    return [df.columns, rows(df)]


def defaults():
    looked = EngineeringLookup("riders", "rider", default_values={"score": -1.0, "trips": 0})
    made = fe.create_training_set(df=trips, feature_lookups=[looked], label="late")
    return rows(made.load_df().select("rider", "trips", "score"))


def ride(*times):
    asked = [("a", t) for t in times]
    return frame(asked, "zone string, asked timestamp").withColumn("late", F.lit(1))


def points_in_time(days):
    """Price and demand of zone a after so many days, and with what was known within a day."""
    start = T(2024, 1, 1)
    asked = ride(*[start + datetime.timedelta(days=d) for d in days])
    found = []
    for window in (None, datetime.timedelta(days=1)):
        looked = lookup(table_name="prices", lookup_key="zone", timestamp_lookup_key="asked",
                        lookback_window=window)
        made = fs.create_training_set(asked, [looked], label="late").load_df()
        answer = made.orderBy("asked").select("price", "demand").collect()
        found.append([list(r) for r in answer])
    return found


def wrong_sets():
    def made(*lookups, df=trips, label="late", **more):
        return tried(lambda: fs.create_training_set(df, list(lookups), label, **more))

    taken = trips.withColumn("score", F.lit(1.0))
    timed = {"table_name": "prices", "lookup_key": "zone"}
    return [
        made(lookup(), df=taken),
        made(lookup(), lookup()),
        made(lookup(), label="early"),
        made(lookup(feature_names="age")),
        made(lookup(lookup_key=["rider", "zone"])),
        made(lookup(lookup_key="driver")),
        made(lookup(rename_outputs={"age": "years"})),
        made(lookup(**timed)),
        made(lookup(**timed, timestamp_lookup_key="late")),
        made(lookup(timestamp_lookup_key="late")),
        made(lookup(), exclude_columns="late"),
    ]
'''
MODELS = """
learned = frame([(1, 1.0, 1), (2, 5.0, 0), (3, 2.0, 1)], "rider int, km double, late int")
looked = [lookup(feature_names="trips", rename_outputs={"trips": "rides"})]
made = fs.create_training_set(learned, looked, label="late", exclude_columns="rider")
pdf = made.load_df().toPandas()
# Exact on three points, so that predictions tell what the model was given.
model = LinearRegression().fit(pdf[["km", "rides"]], pdf["km"] * 100 + pdf["rides"])
with mlflow.start_run(run_name="with features") as run:
    info = fs.log_model(
        model, "model", flavor=mlflow.sklearn, training_set=made, registered_model_name="late"
    )
uri = f"runs:/{run.info.run_id}/model"
with mlflow.start_run():
    bare = mlflow.sklearn.log_model(model, name="bare")


def scored():
    asked = frame([(1, 1.0), (2, 3.0)], "rider int, km double")
    return [
        rows(fs.score_batch(uri, asked)),
        rows(fe.score_batch(model_uri="models:/late/1", df=asked, result_type="int")),
        rows(fs.score_batch(uri, asked.drop("rider").withColumn("rides", F.lit(7)))),
    ]


def unscorable():
    asked = frame([(1, 1.0)], "rider int, km double")
    stream = spark.readStream.table("riders").withColumn("km", F.lit(1.0))
    return [
        tried(lambda: fs.score_batch(uri, asked.drop("rider"))),
        tried(lambda: fs.score_batch(uri, asked.withColumn("prediction", F.lit(1)))),
        tried(lambda: fs.score_batch(uri, stream)),
        tried(lambda: fs.score_batch(bare.model_uri, asked)),
        tried(lambda: fs.score_batch(uri, frame([(99, 1.0)], "rider int, km double"))),
    ]


def published():
    fs.publish_table("riders", dynamo, features="score")
    store = fe.create_online_store(name="fast", capacity="CU_1")
    fe.publish_table(
        online_store=store,
        source_table_name="prices",
        online_table_name="main.shop.prices",
        publish_mode="CONTINUOUS",
    )
    new = frame([("a", T(2024, 1, 9), 9.0, 9)], PRICES)
    fe.write_table(name="prices", df=new)
    spark.sql("DELETE FROM prices WHERE price = 9.0")
    # New rows of a stream go the way of the others.
    fs.create_table("stops", "rider", riders)
    query = fs.publish_table("stops", dynamo, streaming=True, filter_condition="trips > 10",
                             trigger={"availableNow": True})
    query.awaitTermination()


def unpublished():
    fs.publish_table("riders", AmazonDynamoDBSpec(region="elsewhere"))
    fs.drop_online_table("riders", AmazonDynamoDBSpec(region="elsewhere"))
    store = fe.create_online_store(name="slow", capacity="CU_1")
    table = {"online_store": store, "source_table_name": "prices"}
    return [
        tried(lambda: fs.drop_online_table("riders", AmazonDynamoDBSpec(region="elsewhere"))),
        tried(lambda: fs.publish_table("riders", "dynamo")),
        tried(lambda: fe.publish_table(**table, online_table_name="prices")),
        tried(lambda: fe.publish_table(**table, online_table_name="a.b.c", publish_mode="ONCE")),
    ]
"""


@pytest.fixture(scope="module")
def lab(runs: Runs) -> Lab:
    """One lab for all tests; they use different tables."""
    session = runs(SETUP + TABLES + LOOKUPS + MODELS, RUNTIME)
    assert session.stopped == ""
    return Lab(session, {})


def called(lab: Lab, function: str, *args: Any) -> Any:
    """Whatever a function of the file answers."""
    return lab.call(function, *args, returns=object)


def test_a_table_is_described(lab: Lab) -> None:
    """Name, description, keys, features and tags come back as they were given."""
    told = called(lab, "described")
    assert told == [
        "default.riders", "Who rides", ["rider"], ["trips", "score"], {"team": "blue"},
    ]  # fmt: skip


def test_what_does_not_fit_is_refused_with_reason(lab: Lab) -> None:
    """The same table again is a warning; anything else is an error that says what is wrong."""
    told = called(lab, "refused")
    beginnings = [
        "there is a feature table 'default.riders' already; write_table",
        "ValueError: there is a feature table 'default.riders' already, with other primary keys",
        "ValueError: a feature table needs df, or a schema",
        "ValueError: df has several rows of one key",
        "ValueError: a feature table needs at least one primary key besides its time",
        "ValueError: the keys: there is no column 'driver'",
        "ValueError: there is no schema 'nowhere'",
        "ValueError: the timestamp key 'price' must be a timestamp or a date, not double",
        "ValueError: df has several rows of one key, {'rider': ",
        "ValueError: mode must be 'merge' or 'overwrite' (got 'append')",
        "ValueError: 'trips' is int in the feature table 'default.riders' and string in df",
        "ValueError: df lacks 'demand': rows of a time series feature table are written whole",
        "ValueError: there is no feature table 'default.none'",
        "TypeError: df must be a Spark DataFrame, not DataFrame; spark.createDataFrame",
        "ValueError: mode must be 'merge' (got 'overwrite')",
    ]
    assert [t[: len(b)] for t, b in zip(told, beginnings, strict=True)] == beginnings


def test_a_merge_updates_inserts_and_widens(lab: Lab) -> None:
    """Columns that df lacks keep their values, new ones are added, other rows stay."""
    assert called(lab, "merged") == [
        {"rider": 1, "trips": 10, "score": 1.0, "badge": None},
        {"rider": 2, "trips": 20, "score": 2.5, "badge": "new"},
        {"rider": 3, "trips": 30, "score": None, "badge": None},
        {"rider": 4, "trips": None, "score": 4.5, "badge": None},
    ]


def test_an_overwrite_replaces_the_rows_and_no_column(lab: Lab) -> None:
    """Only the new rows are left; columns and partitions stay."""
    kept = [{"rider": 9, "trips": 90, "score": None}]
    assert called(lab, "overwritten") == [kept, ["trips"]]


def test_a_table_is_read_as_of_a_time(lab: Lab) -> None:
    """By time through the client, by version through Spark."""
    *counts, wrong = called(lab, "as_of")
    assert counts == [1, 3, 3]
    assert wrong.startswith("TypeError: read_table has no option 'as_of_delta_version'")


def test_a_stream_is_merged(lab: Lab) -> None:
    """write_table starts a query for a streaming frame, which cannot overwrite."""
    found, wrong = called(lab, "streamed")
    assert [r["rider"] for r in found] == [1, 2, 3]
    assert wrong.startswith("TypeError: a streaming df can only be merged")


def test_a_marked_function_computes_and_writes(lab: Lab) -> None:
    """`compute_and_write` writes what the function returns; it can be called as before."""
    found, count = called(lab, "computed")
    assert [r["trips"] for r in found] == [20, 40, 60]
    assert count == 3


def test_a_delta_table_is_registered_and_dropped(lab: Lab) -> None:
    """Before and after, it is no feature table; tags come and go."""
    before, taken, count, tags, gone, after = called(lab, "registered_and_dropped")
    assert before.startswith("ValueError: there is no feature table 'default.plain'; it is a Delta")
    assert taken.startswith("ValueError: there is a Delta table 'default.plain' already; register")
    assert (count, tags, gone) == (3, {"owner": "me"}, True)
    assert after == "ValueError: there is no feature table 'default.plain'"


def test_features_of_several_tables_are_joined(lab: Lab) -> None:
    """Every row stays, unknown and missing keys give nulls, excluded columns are away."""
    columns, found = called(lab, "several_tables")
    assert columns == ["rider", "rides", "score", "stops", "late"]
    assert found == [
        {"rider": 1, "rides": 10, "score": 1.0, "stops": 7, "late": 1},
        {"rider": 3, "rides": 30, "score": None, "stops": None, "late": 0},
        {"rider": 8, "rides": None, "score": None, "stops": 7, "late": 1},
        {"rider": None, "rides": None, "score": None, "stops": None, "late": 0},
    ]


def test_defaults_stand_for_missing_values(lab: Lab) -> None:
    """For unknown keys, and for what a table has no value of."""
    assert called(lab, "defaults") == [
        {"rider": 1, "trips": 10, "score": 1.0},
        {"rider": 3, "trips": 30, "score": -1.0},
        {"rider": 8, "trips": 0, "score": -1.0},
        {"rider": None, "trips": 0, "score": -1.0},
    ]


def test_features_are_those_of_the_time(lab: Lab) -> None:
    """The latest row at or before the time, with its nulls; a window's far end counts, too."""
    ever, window = called(lab, "points_in_time", [-1, 0, 1, 1.5, 2, 3, 3.5])
    first, third, nothing = [1.0, 1], [3.0, None], [None, None]
    assert ever == [nothing, first, first, first, third, third, third]
    assert window == [nothing, first, first, nothing, third, third, nothing]


def test_a_training_set_that_makes_no_sense_is_refused(lab: Lab) -> None:
    """Names that clash, are missing, or do not fit the table's keys."""
    told = called(lab, "wrong_sets")
    parts = [
        "df has a column 'score' already",
        "two features are to be called 'trips'",
        "df has no column 'early'",
        "has no feature 'age'",
        "lookup_key must have a column for each primary key",
        "df has no column 'driver'",
        "rename_outputs renames 'age'",
        "'default.prices' is a time series feature table",
        "the column 'late' must be a timestamp or a date",
        "'default.riders' has no timestamp key",
        "'late' is the label and cannot be excluded",
    ]
    assert [
        p for t, p in zip(told, parts, strict=True) if p not in t or "ValueError" not in t
    ] == []


def test_batches_are_scored_by_keys(lab: Lab) -> None:
    """Features come from the table unless df has them; the result has them, and a prediction."""
    by_key, as_int, given = called(lab, "scored")
    assert [{k: round(v, 6) for k, v in r.items()} for r in by_key] == [
        {"rider": 1, "km": 1.0, "rides": 10, "prediction": 110.0},
        {"rider": 2, "km": 3.0, "rides": 20, "prediction": 320.0},
    ]
    assert [type(r["prediction"]) for r in as_int] == [int, int]
    assert [(r["rides"], round(r["prediction"], 6)) for r in given] == [(7, 107.0), (7, 307.0)]


def test_what_cannot_be_scored_is_told(lab: Lab) -> None:
    """A missing key, a taken name, a stream, a model without features; nulls are the model's."""
    told = called(lab, "unscorable")
    assert told[0] == "ValueError: df lacks 'rider'"
    assert told[1].startswith("ValueError: df has a column 'prediction' already")
    assert told[2] == "ValueError: score_batch takes no streaming df"
    assert "was not logged with log_model of a Feature Store client" in told[3]
    assert "NaN" in told[4]


def test_the_scorer_loads_a_model_with_features(lab: Lab) -> None:
    """With all features in its input it predicts; without, it says what is missing."""
    uri = "models:/late/1"
    (answer,) = lab.predict(uri, [{"rides": 10, "km": 2.0, "other": 1}])
    assert round(answer, 6) == 210.0
    with pytest.raises(StudentError, match="lacks 'rides': a model that was logged with features"):
        lab.predict(uri, [{"rider": 1, "km": 2.0}])


def test_checks_see_tables_models_and_what_is_online(lab: Lab) -> None:
    """Keys and tags, which features a model reads, and published rows of each way to publish."""
    called(lab, "published")
    seen = lab.features
    riders, prices = seen.table("riders"), seen.table("default.prices")
    assert (riders.primary_keys, riders.features) == (["rider"], ["trips", "score"])
    assert (prices.primary_keys, prices.timestamp_keys) == (["zone"], ["at"])
    assert riders.columns == {"rider": "integer", "trips": "integer", "score": "double"}
    (model,) = seen.readers("riders")
    assert (model.name, model.reads("riders"), model.registered) == ("model", ["trips"], ["late/1"])
    assert (model.inputs, model.label) == (["km", "rides"], ["late"])
    assert model.run == lab.mlflow.named("with features")[0].id
    online = seen.online("riders")
    assert (online.store, online.keys) == ("amazon-dynamodb/eu-north-1", ["rider"])
    assert online.rows[0] == {"rider": 1, "score": 1.0}
    latest = {r["zone"]: (r["at"], r["price"]) for r in seen.online("prices").rows}
    assert latest == {"a": ("2024-01-09T00:00:00", 9.0), "b": ("2024-01-02T00:00:00", 5.0)}
    assert [r["trips"] for r in seen.online("stops").rows] == [20, 30]


def test_publishing_goes_wrong_with_words(lab: Lab) -> None:
    """What is not published, or not to be, is told."""
    told = called(lab, "unpublished")
    assert told[0].startswith("ValueError: the feature table 'riders' is not published to")
    assert told[1].startswith("TypeError: online_store must be one of databricks.feature_store")
    assert told[2].startswith("ValueError: online_table_name must be catalog.schema.table")
    assert told[3].startswith("ValueError: publish_mode must be one of TRIGGERED")
