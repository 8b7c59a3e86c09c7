"""Spark's Python workers: warm from the start, and otherwise as new processes would be."""

from __future__ import annotations

from typing import Any

import pytest

from grader.labs.lab import Lab
from tests.engine.conftest import Runs

pytestmark = pytest.mark.engine

TEXT = """
import json
import os
import sys

import numpy as np
import pandas as pd
from pyspark.sql import functions as F

os.environ["OF_THE_LAB"] = "1"
np.random.seed(7)


@F.pandas_udf("string")
def told(numbers: pd.Series) -> pd.Series:
    import random
    import time

    known = "mlflow.pyfunc" in sys.modules
    time.sleep(0.3)  # so that one worker does not take both partitions
    me = {
        "pid": os.getpid(), "folder": os.getcwd(), "hash": hash("x"), "known": known,
        "numbers": [float(np.random.rand()), random.random()], "lab": "OF_THE_LAB" in os.environ,
        "main": sys.modules["__main__"].__dict__.get("told") is not None,
        "stdin": os.read(0, 1).decode(), "arguments": sys.argv[1:],
    }
    return pd.Series([json.dumps(me)] * len(numbers))


def workers():
    rows = spark.range(0, 40, 1, 2).select(told("id")).distinct().collect()
    return [json.loads(row[0]) for row in rows]


def mine():
    return hash("x")


def without_the_line():
    global spark
    import tempfile
    from pyspark.sql import SparkSession

    os.unlink(os.path.join(tempfile.gettempdir(), "spark-workers"))
    spark.stop()
    spark = SparkSession.builder.getOrCreate()
    return workers()
"""


@pytest.fixture(scope="module")
def lab(runs: Runs) -> Lab:
    """One lab; the last test spoils it."""
    session = runs(TEXT, ("spark", "mlflow"))
    assert session.stopped == ""
    return Lab(session, {})


def workers(lab: Lab, function: str = "workers") -> list[dict[str, Any]]:
    """What two workers tell of themselves."""
    told: list[dict[str, Any]] = lab.call(function, returns=object)
    assert len(told) == 2
    return told


def test_a_worker_is_warm_and_new(lab: Lab) -> None:
    """It has made the imports, and knows nothing of the lab's process but what Spark brought."""
    found = workers(lab)
    assert all(worker["known"] for worker in found)
    assert not any(worker["lab"] or worker["main"] for worker in found)
    assert {worker["stdin"] for worker in found} == {""}
    assert {tuple(worker["arguments"]) for worker in found} == {("pyspark.worker",)}
    assert len({worker["folder"] for worker in found}) == 1
    assert found[0]["folder"].endswith("/probe")


def test_hashes_agree_and_random_numbers_do_not(lab: Lab) -> None:
    """Every process hashes alike, as Spark needs it; each has random numbers of its own."""
    found = workers(lab)
    assert {worker["hash"] for worker in found} == {lab.call("mine", returns=int)}
    drawn = [number for worker in found for number in worker["numbers"]]
    assert len(set(drawn)) == 4


def test_without_the_nursery_there_are_workers_all_the_same(lab: Lab) -> None:
    """Another session has another daemon, which is then a new process."""
    before = {worker["hash"] for worker in workers(lab)}
    found = workers(lab, "without_the_line")
    assert not any(worker["known"] for worker in found)
    assert {worker["hash"] for worker in found} == before
