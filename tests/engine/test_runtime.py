"""What a lab's file finds: Spark with Delta, MLflow, display, dbutils, as on Databricks."""

from __future__ import annotations

import pytest

from grader.labs.lab import Lab
from grader.labs.station import Engines
from grader.sandbox.interface import Sandbox
from tests.engine.conftest import Runs
from tests.stage import Stage

pytestmark = pytest.mark.engine

SPARK = """
from pyspark.sql import functions as F
from delta.tables import DeltaTable

df = spark.range(0, 10).withColumn("square", F.col("id") * F.col("id"))
df.write.saveAsTable("numbers")
more = spark.range(10, 12).withColumn("square", F.col("id") * F.col("id"))
more.write.mode("append").saveAsTable("numbers")
df.write.format("delta").save("/workspace/by_path")
display(spark.table("numbers").orderBy("id"))
dbutils.fs.put("dbfs:/notes/a.txt", "hello")
dbutils.widgets.text("day", "monday")

@F.pandas_udf("double")
def half(s):
    return s / 2.0

def halves():
    return spark.table("numbers").orderBy("id").select(half("square").alias("h")).limit(3)

def notes():
    names = [f.name for f in dbutils.fs.ls("/notes")]
    return [*names, dbutils.fs.head("/notes/a.txt"), dbutils.widgets.get("day")]

def version():
    return spark.version

dbutils.notebook.exit("done")
raise AssertionError("not reached")
"""
MLFLOW = """
import mlflow
import mlflow.sklearn
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

X = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0] * 5, "b": [1.0, 0.0, 1.0, 0.0] * 5})
y = [0, 1, 0, 1] * 5
with mlflow.start_run(run_name="rf") as run:
    model = RandomForestClassifier(n_estimators=3, random_state=0).fit(X, y)
    mlflow.log_param("n_estimators", 3)
    mlflow.log_metric("accuracy", 1.0)
    mlflow.sklearn.log_model(model, "model")
run_id = run.info.run_id

def java():
    import os
    pids = [p for p in os.listdir("/proc") if p.isdigit()]
    return [p for p in pids if "java" in open(f"/proc/{p}/comm").read()]
"""
REGISTRY = """
import mlflow
import mlflow.sklearn
import pandas as pd
from sklearn.linear_model import LinearRegression

def register(slope):
    X = pd.DataFrame({"a": [0.0, 1.0]})
    model = LinearRegression().fit(X, [0.0, slope])
    with mlflow.start_run():
        mlflow.sklearn.log_model(model, name="model", registered_model_name="line")
    client = mlflow.MlflowClient()
    newest = max(int(v.version) for v in client.search_model_versions("name = 'line'"))
    client.set_registered_model_alias("line", "current", newest)
"""


def test_spark_with_delta_works_as_written(runs: Runs) -> None:
    """Tables, history, UDFs, display, dbutils; a notebook exit ends the file without an error."""
    session = runs(SPARK, ("spark",))
    assert session.stopped == ""
    lab = Lab(session, {})
    table = lab.delta("numbers")
    assert table.operations == ["CREATE TABLE AS SELECT", "WRITE"]
    assert table.schema == {"id": "long", "square": "long"}
    assert sorted(r["square"] for r in table.rows(0)) == [i * i for i in range(10)]
    assert len(table.rows()) == 12
    assert lab.delta("/workspace/by_path").version == 0
    assert lab.delta("default.numbers").version == 1
    assert lab.call("halves", returns=list[dict[str, float]]) == [
        {"h": 0.0},
        {"h": 0.5},
        {"h": 2.0},
    ]
    assert lab.call("notes", returns=list[str]) == ["a.txt", "hello", "monday"]
    assert lab.call("version", returns=str).startswith("4.2.")
    assert "square" in lab.output


def test_a_random_forest_is_logged_as_on_databricks(engines: tuple[Sandbox, Engines]) -> None:
    """`log_model(model, "model")` as written; the scorer loads it; no Java was started."""
    sandbox, made = engines
    with Stage(sandbox, ("mlflow",), engines=made) as stage:  # Spark's labs have started Java
        session = stage.run(MLFLOW)
        assert session.stopped == ""
        lab = Lab(session, {})
        (run,) = lab.mlflow.named("rf")
        assert run.status == "FINISHED"
        assert run.params == {"n_estimators": "3"}
        assert run.metrics == {"accuracy": 1.0}
        assert [m.name for m in run.models] == ["model"]
        assert run.models[0].flavors == ["python_function", "sklearn"]
        rows = [{"a": 1.0, "b": 1.0}, {"a": 2.0, "b": 0.0}]
        assert lab.predict(f"runs:/{run.id}/model", rows) == [0, 1]
        assert lab.value("run_id", returns=str) == run.id
        assert lab.call("java", returns=list[str]) == []


def test_spark_is_there_for_whoever_reaches_for_it(runs: Runs) -> None:
    """A lab that asks for no engine still has `spark` when its file uses it."""
    session = runs("n = spark.range(5).count()\n")
    assert session.stopped == ""
    assert Lab(session, {}).value("n", returns=int) == 5


def test_a_model_is_loaded_as_the_store_is_now(runs: Runs) -> None:
    """A version by its alias, then the one that the alias was moved to by a call."""
    session = runs(REGISTRY, ("mlflow",))
    assert session.stopped == ""
    lab = Lab(session, {})
    rows = [{"a": 1.0}, {"a": 3.0}]
    uri = "models:/line@current"
    lab.call("register", 2.0, returns=None)
    assert lab.predict(uri, rows) == pytest.approx([2.0, 6.0])
    lab.call("register", 5.0, returns=None)
    assert lab.predict(uri, rows) == pytest.approx([5.0, 15.0])
    assert lab.predict("models:/line/1", rows) == pytest.approx([2.0, 6.0])
    (model,) = lab.mlflow.registered
    assert model["aliases"] == {"current": 2}
