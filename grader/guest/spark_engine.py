"""Spark sessions on a shared JVM: a lab's own, and putting the JVM back between two labs.

Each lab has a SparkContext of its own, and with it an empty catalog and a warehouse of its own;
in a warm JVM that takes a tenth of a second.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from grader.guest.jvm import Gateway


def session(gateway: Gateway) -> Any:
    """A new `SparkSession` for this process on the JVM behind `gateway`, ready to use."""
    gateway.connect()
    from pyspark.sql import SparkSession

    return SparkSession.builder.getOrCreate()


def warm_up(gateway: Gateway) -> dict[str, Any]:
    """Make the JVM's first session and query; the state to come back to.

    The first of each costs seconds, which are the engine's and not a student's.
    """
    spark = session(gateway)
    spark.range(1).count()
    java = spark._jvm
    stop(spark)
    return _state(java)


def stop(spark: Any) -> None:
    """Stop a session, as the last thing that this process does with Spark.

    Its server for accumulators would be waited for, half a second at most; it ends with us.
    """
    spark._sc._accumulatorServer = None
    spark.stop()


def put_back(gateway: Gateway, wanted: dict[str, Any]) -> str:
    """End what a lab left in the JVM; what cannot be put back, in a few words, or nothing.

    To be called in a process of its own: it connects to the JVM as a lab does.
    """
    gateway.connect()
    from pyspark.java_gateway import launch_gateway

    client = launch_gateway()  # type: ignore[no-untyped-call]  # PySpark's own
    java = client.jvm
    # A private method of Scala's companion object: the public ones would make a new context.
    companion = getattr(getattr(java.org.apache.spark, "SparkContext$"), "MODULE$")
    context = companion.getActive()
    if context.isDefined():
        context.get().stop()
    java.org.apache.spark.sql.delta.DeltaLog.clearCache()
    java.java.util.TimeZone.setDefault(None)
    java.java.util.Locale.setDefault(java.java.util.Locale.forLanguageTag(wanted["locale"]))
    found = _state(java)
    if found != wanted:
        for name in found["properties"].keys() - wanted["properties"].keys():
            java.System.clearProperty(name)
        for name, value in wanted["properties"].items():
            if found["properties"].get(name) != value:
                java.System.setProperty(name, value)
        if _state(java) != wanted:
            return "Java cannot be put back as it was"
    _let_go(client)
    return ""


def _let_go(client: Any) -> None:
    """Have Java forget all that Python processes held of it, ours included.

    Py4J keeps an object until the Python process that holds it says otherwise, and a lab's ends
    without a word: its session, and all that belongs to that, would stay until the JVM's end.
    """
    # By the names that Java has for them: Python's constants are those of what it sends.
    names = client.jvm.py4j.Protocol
    own = (
        names.ENTRY_POINT_OBJECT_ID,
        names.DEFAULT_JVM_OBJECT_ID,
        names.GATEWAY_SERVER_ID,
    )
    held = client.java_gateway_server.getGateway().getBindings().keySet()
    held.retainAll(client.jvm.java.util.List.of(*own))


def _state(java: Any) -> dict[str, Any]:
    """What of a JVM a lab could change for the next: properties, locale, streams that go on."""
    # As few calls as can be: each takes a third of a millisecond, and there are hundreds of these.
    out = java.java.io.ByteArrayOutputStream()
    java.System.getProperties().storeToXML(out, None)
    entries = ElementTree.fromstring(bytes(out.toByteArray()).decode()).iterfind("entry")
    threads = java.Thread.getAllStackTraces().keySet().toString()
    return {
        "properties": {entry.attrib["key"]: entry.text or "" for entry in entries},
        "locale": java.java.util.Locale.getDefault().toLanguageTag(),
        "streams": threads.count("stream execution"),
    }


def in_a_fork(work: Callable[..., Any], *args: Any) -> Any:
    """Do `work` in a fork of this process; its JSON value. Raises as `beside` does."""
    return beside(work, *args)()


def beside(work: Callable[..., Any], *args: Any) -> Callable[[], Any]:
    """Begin `work` in a fork of this process; calling the result waits for its JSON value.

    Raises:
        RuntimeError: it raised something, when it is waited for.
    """
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(read)
            try:
                told = {"value": work(*args)}
            except BaseException as error:  # whatever it is, it is told
                told = {"error": f"{type(error).__name__}: {error}"[:4000]}
            with os.fdopen(write, "w") as answer:
                json.dump(told, answer)
        finally:
            os._exit(0)
    os.close(write)

    def wait() -> Any:
        with os.fdopen(read, "rb") as answer:
            text = answer.read()
        os.waitpid(pid, 0)
        told = json.loads(text or b'{"error": "the process ended"}')
        if "error" in told:
            raise RuntimeError(told["error"])
        return told["value"]

    return wait
