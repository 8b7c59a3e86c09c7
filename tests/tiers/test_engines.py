"""Spark and MLflow work behind the wall of every tier, for whoever runs this: slow, once a tier."""

from __future__ import annotations

import pytest

from grader.labs.lab import Lab
from grader.sandbox.interface import TIERS, Tier
from tests.stage import Stage
from tests.tiers.conftest import Tiers

pytestmark = pytest.mark.engine

LAB = """
import mlflow
import mlflow.sklearn
import pandas as pd
from pyspark.sql import functions as F
from sklearn.linear_model import LinearRegression

@F.udf("int")
def next_one(n):
    return n + 1

spark.range(5).withColumn("next", next_one(F.col("id").cast("int"))).write.saveAsTable("numbers")
found = spark.table("numbers").toPandas()
with mlflow.start_run(run_name="line"):
    model = LinearRegression().fit(found[["id"]], found["next"])
    mlflow.sklearn.log_model(model, "model")

def total():
    return spark.table("numbers").agg(F.sum("next")).first()[0]
"""


@pytest.mark.parametrize("tier", TIERS)
def test_a_lab_with_engines_is_graded(tiers: Tiers, tier: Tier) -> None:
    """A Delta table, a UDF's processes, a logged model, and what the inspector and scorer see."""
    with Stage(tiers.sandbox(tier), ("spark", "mlflow")) as stage:
        session = stage.run(LAB)
        assert session.stopped == ""
        lab = Lab(session, {})
        assert lab.call("total", returns=int) == 15
        assert sorted(r["next"] for r in lab.delta("numbers").rows()) == [1, 2, 3, 4, 5]
        (run,) = lab.mlflow.named("line")
        assert lab.predict(f"runs:/{run.id}/model", [{"id": 10}]) == pytest.approx([11.0])
