"""A real Spark with the real Delta jar, started directly.

The ordinary launcher (`spark-submit`) starts a JVM to print a command line and asks for a module
that the bundled Java runtime does not have; here the gateway's JVM is started as it would end up.
Settings are tuned for tables of a few hundred rows on a few cores, where Delta's defaults spend
their time in thousands of empty tasks. What a student sees of Spark does not depend on them.
"""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

WAREHOUSE = "/workspace/warehouse"
#: What Spark's own launcher passes to open JDK internals to it.
_OPENS = (
    "java.base/java.lang",
    "java.base/java.lang.invoke",
    "java.base/java.lang.reflect",
    "java.base/java.io",
    "java.base/java.net",
    "java.base/java.nio",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/jdk.internal.ref",
    "java.base/sun.nio.ch",
    "java.base/sun.nio.cs",
    "java.base/sun.util.calendar",
    "java.security.jgss/sun.security.krb5",
)
CONF = {
    "spark.master": "local[2]",
    "spark.app.name": "lab",
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    # On Databricks a table is a Delta table unless it is told otherwise.
    "spark.sql.sources.default": "delta",
    "spark.sql.warehouse.dir": WAREHOUSE,
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.log.level": "ERROR",
    "spark.local.dir": "/tmp",
}


def java_command(java: str, jars: list[str], spark_home: str) -> list[str]:
    """The command line of a gateway JVM. `java` is a JAVA_HOME, `jars` come beside Spark's own."""
    command = [f"{java}/bin/java", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    command += ["-Xshare:auto", "-XX:-UsePerfData", "-Djava.io.tmpdir=/tmp", "-Duser.timezone=UTC"]
    command += ["-XX:+IgnoreUnrecognizedVMOptions", "--enable-native-access=ALL-UNNAMED"]
    command += ["--sun-misc-unsafe-memory-access=allow"] if _release(java) >= 23 else []
    command += [f"--add-opens={package}=ALL-UNNAMED" for package in _OPENS]
    command += [
        "-Djdk.reflect.useDirectMethodHandle=false",
        "-Dio.netty.tryReflectionSetAccessible=true",
    ]
    path = ":".join([f"{spark_home}/conf", *jars, f"{spark_home}/jars/*"])
    command += ["-cp", path, "org.apache.spark.deploy.SparkSubmit"]
    for name, value in CONF.items():
        command += ["--conf", f"{name}={value}"]
    return [*command, "pyspark-shell"]


def _release(java: str) -> int:
    """The major version of the Java in `java`."""
    text = Path(java, "release").read_text(encoding="utf-8")
    found = re.search(r'JAVA_VERSION="(\d+)', text)
    return int(found[1]) if found else 0


class SparkEngine:
    """One gateway JVM, started in the background and joined when its session is wanted."""

    def __init__(self, java: str, jars: list[str]) -> None:
        import pyspark

        spark_home = str(Path(pyspark.__file__).parent)
        self._info = Path(tempfile.mkdtemp(), "gateway")
        os.environ.update(SPARK_HOME=spark_home, JAVA_HOME=java, SPARK_LOCAL_IP="127.0.0.1")
        os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
        # Spark's Python workers start with `-m`; nothing in the working folder may shadow them.
        os.environ["PYTHONSAFEPATH"] = "1"
        env = {**os.environ, "_PYSPARK_DRIVER_CONN_INFO_PATH": str(self._info)}
        env["SPARK_CONNECT_MODE"] = "0"
        # Java's own chatter is not the student's output; it is told if Java does not start.
        self._log = self._info.with_name("java.log")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                java_command(java, jars, spark_home),
                env=env,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._session: Any = None

    def session(self) -> Any:
        """The `SparkSession`, ready to use."""
        if self._session is None:
            while not self._info.exists():
                if self._process.poll() is not None:
                    told = self._log.read_text(errors="replace")[-1500:]
                    raise RuntimeError(f"Java ended ({self._process.returncode}): {told}")
                time.sleep(0.02)
            with self._info.open("rb") as info:
                port, size = struct.unpack("!ii", info.read(8))
                secret = info.read(size).decode()
            os.environ["PYSPARK_GATEWAY_PORT"] = str(port)
            os.environ["PYSPARK_GATEWAY_SECRET"] = secret
            from pyspark.sql import SparkSession

            self._session = SparkSession.builder.getOrCreate()
        return self._session
