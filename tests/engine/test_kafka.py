"""A lab that asks for Kafka finds a broker of its own, and Spark reads and writes its topics."""

from __future__ import annotations

import pytest

from grader.labs.lab import Lab
from tests.engine.conftest import Runs

pytestmark = pytest.mark.engine

KAFKA = ("kafka", "spark")
LAB = """
import os
import time

from pyspark.sql import functions as F

broker = os.environ["KAFKA_BOOTSTRAP_SERVERS"]


def send(first, count):
    ids = spark.range(first, first + count)
    rows = ids.select(F.col("id").cast("string").alias("value"))
    to = rows.write.format("kafka").option("kafka.bootstrap.servers", broker)
    to.option("topic", "numbers").save()


def drain():
    source = spark.readStream.format("kafka").option("kafka.bootstrap.servers", broker)
    source = source.option("subscribe", "numbers").option("startingOffsets", "earliest").load()
    rows = source.select(F.col("value").cast("string").cast("int").alias("n"), "topic")
    sink = rows.writeStream.option("checkpointLocation", "/workspace/checkpoint")
    sink.trigger(availableNow=True).toTable("numbers").awaitTermination()


def by_one_who_waits():
    '''Topics are made when they are first written, and read as a batch, too.'''
    found = spark.read.format("kafka").option("kafka.bootstrap.servers", broker)
    return found.option("subscribe", "numbers").load().count()


send(0, 40)
drain()
"""
JAVAS = """
import os

def command(pid):
    try:
        return open(f"/proc/{pid}/cmdline").read().replace("\\0", " ")
    except OSError:  # it has ended
        return ""

def javas():
    names = [command(pid) for pid in os.listdir("/proc") if pid.isdigit()]
    return sorted(n.split()[-1] for n in names if "/bin/java" in n)

def trained():
    '''Whether the JVM of Spark has taken its ahead-of-time cache, if it has one.'''
    pid = next(p for p in os.listdir("/proc") if p.isdigit() and "pyspark-shell" in command(p))
    caches = [a[14:] for a in command(pid).split() if a.startswith("-XX:AOTCache=")]
    return [cache in open(f"/proc/{pid}/maps").read() for cache in caches]

address = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "")
"""


def test_spark_writes_and_streams_through_a_real_broker(runs: Runs) -> None:
    """A batch write, a stream into Delta, and a restart that goes on where the last run ended."""
    session = runs(LAB, KAFKA)
    assert session.stopped == ""
    lab = Lab(session, {})
    assert sorted(r["n"] for r in lab.delta("numbers").rows()) == list(range(40))
    lab.call("send", 40, 5, returns=None)
    lab.call("drain", returns=None)
    lab.call("drain", returns=None)
    table = lab.delta("numbers")
    assert sorted(r["n"] for r in table.rows()) == list(range(45))
    assert {r["topic"] for r in table.rows()} == {"numbers"}
    assert lab.call("by_one_who_waits", returns=int) == 45


def test_the_broker_is_the_labs_own(runs: Runs) -> None:
    """The next lab has another, which knows nothing of the topics of the one before."""
    session = runs(JAVAS + LAB, KAFKA)
    assert session.stopped == ""
    lab = Lab(session, {})
    assert len(lab.call("javas", returns=list[str])) == 2
    # Jars behind the trained class path leave the cache as good as it was.
    assert all(lab.call("trained", returns=list[bool]))
    assert lab.call("by_one_who_waits", returns=int) == 40


def test_a_lab_that_does_not_ask_has_no_broker(runs: Runs) -> None:
    """Neither the process nor its address, nor Spark's connector."""
    session = runs(JAVAS, ("spark",))
    assert session.stopped == ""
    lab = Lab(session, {})
    assert lab.call("javas", returns=list[str]) == ["pyspark-shell"]
    assert lab.value("address", returns=str) == ""
