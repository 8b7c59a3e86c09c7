"""The JVM that a submission's Spark labs share, started directly.

The ordinary launcher (`spark-submit`) starts a JVM to print a command line and asks for a module
that the bundled Java runtime does not have; here the gateway's JVM is started as it would end up.
With an ahead-of-time cache its classes come loaded and linked. Settings are tuned for tables of a
few hundred rows on a few cores, where Delta's defaults spend their time in thousands of empty
tasks. What a student sees of Spark does not depend on them.
"""

from __future__ import annotations

import importlib.util
import os
import re
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from grader.guest.places import Places

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
#: What makes it Databricks' Spark rather than a bare one: Delta, UTC, nothing but this machine.
PLATFORM = {
    "spark.master": "local[2]",
    "spark.app.name": "lab",
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    # On Databricks a table is a Delta table unless it is told otherwise.
    "spark.sql.sources.default": "delta",
    "spark.sql.session.timeZone": "UTC",
    "spark.log.level": "ERROR",
    # Python workers begin in the lab's folder, as they do where the driver is the lab's own.
    "spark.python.daemon.module": "grader.guest.spark_daemon",
}
#: What makes it quick on small tables and few cores.
TUNING = {
    "spark.sql.shuffle.partitions": "1",
    # With one partition there is nothing to adapt, and each stage would be planned anew.
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    # Renames by Java. Hadoop's way for others' sake begins a process, `readlink`, several times a
    # commit and a micro-batch, hundreds of times in a lab with streams.
    "spark.delta.logStore.file.impl": "io.delta.storage.LocalLogStore",
    "spark.sql.streaming.checkpointFileManagerClass": "org.apache.spark.sql.execution.streaming."
    "checkpointing.FileSystemBasedCheckpointFileManager",
}


def java_command(
    java: str,
    jars: list[str],
    spark_home: str,
    places: Places,
    *,
    cache: str = "",
    train: str = "",
    lasting: bool = False,
    tuning: Mapping[str, str] = TUNING,
) -> list[str]:
    """The command line of a gateway JVM.

    `java` is a JAVA_HOME, `jars` come beside Spark's own. `cache` is an ahead-of-time cache to
    use, `train` one to make of this run. Whatever `tuning` does not set has its default.

    Java's second compiler saves a third of what a Spark lab takes, and costs the first of them
    twenty seconds of a processor: that is for a JVM that is `lasting`. One in training takes notes
    for it, too.
    """
    command = [f"{java}/bin/java", "-Xmx1g", "-XX:+UseSerialGC"]
    # Less memory to go through saves a fifteenth of a Spark lab. Older releases do not know it.
    command.append("-XX:+UseCompactObjectHeaders")
    command += [] if lasting or train else ["-XX:TieredStopAtLevel=1"]
    if cache:
        command += [f"-XX:AOTCache={cache}", "-XX:AOTMode=auto"]
    elif train:
        command += [f"-XX:AOTCacheOutput={train}"]
    else:
        command += ["-Xshare:auto"]
    command += ["-Xlog:disable", "-Xlog:all=error:stderr", "-XX:-UsePerfData"]
    # The lab's folder stays the one of this name; which one that is, changes with the lab.
    command += [f"-Djava.io.tmpdir={places.tmp}", f"-Duser.dir={places.workspace}"]
    command += ["-Duser.timezone=UTC", "-XX:+IgnoreUnrecognizedVMOptions"]
    command += ["--enable-native-access=ALL-UNNAMED"]
    command += ["--sun-misc-unsafe-memory-access=allow"] if release(java) >= 23 else []
    command += [f"--add-opens={package}=ALL-UNNAMED" for package in _OPENS]
    command += [
        "-Djdk.reflect.useDirectMethodHandle=false",
        "-Dio.netty.tryReflectionSetAccessible=true",
    ]
    classes = class_path(jars, spark_home)
    command += ["-cp", classes, "org.apache.spark.deploy.SparkSubmit"]
    conf = {**PLATFORM, **tuning}
    conf["spark.sql.warehouse.dir"] = f"{places.workspace}/warehouse"
    conf["spark.local.dir"] = str(places.tmp)
    conf["spark.executorEnv.GRADER_WORKSPACE"] = str(places.workspace)
    for name, value in conf.items():
        command += ["--conf", f"{name}={value}"]
    return [*command, "pyspark-shell"]


def class_path(jars: list[str], spark_home: str) -> str:
    """Every jar by its name: an ahead-of-time cache is bound to the very list."""
    own = sorted(str(p) for p in Path(spark_home, "jars").glob("*.jar"))
    return ":".join([*jars, *own])


def release(java: str) -> int:
    """The major version of the Java in `java`."""
    text = Path(java, "release").read_text(encoding="utf-8")
    found = re.search(r'JAVA_VERSION="(\d+)', text)
    return int(found[1]) if found else 0


class Gateway(NamedTuple):
    """Where PySpark finds a JVM: a file in which it says so, its log, its process id."""

    info: str
    log: str
    pid: int

    def connect(self) -> None:
        """Wait until it listens, and let PySpark in this process find it.

        Raises:
            RuntimeError: it ended instead.
        """
        while not os.path.exists(self.info):  # noqa: PTH110 - of a text
            if self._ended():
                told = Path(self.log).read_text(errors="replace")[-1500:]
                raise RuntimeError(f"Java ended: {told}")
            time.sleep(0.005)
        with open(self.info, "rb") as info:  # noqa: PTH123 - of a text
            port, size = struct.unpack("!ii", info.read(8))
            secret = info.read(size).decode()
        os.environ["PYSPARK_GATEWAY_PORT"] = str(port)
        os.environ["PYSPARK_GATEWAY_SECRET"] = secret

    def _ended(self) -> bool:
        """Whether it has ended, asked by whoever: its parent, or another process."""
        try:
            return bool(os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT))
        except ChildProcessError:
            return not _lives(self.pid)


class Jvm:
    """One gateway JVM, started in the background; `point_to_java` comes before."""

    def __init__(
        self,
        java: str,
        jars: list[str],
        places: Places,
        *,
        cache: str = "",
        train: str = "",
        lasting: bool = False,
        tuning: Mapping[str, str] = TUNING,
    ) -> None:
        folder = Path(tempfile.mkdtemp(dir=places.tmp))
        info, log = folder / "gateway", folder / "java.log"
        env = {**os.environ, "_PYSPARK_DRIVER_CONN_INFO_PATH": str(info)}
        env["SPARK_CONNECT_MODE"] = "0"
        # Spark's Python workers need the module that starts them.
        env["PYTHONPATH"] = str(Path(__file__).parents[2])
        command = java_command(
            java,
            jars,
            _spark_home(),
            places,
            cache=cache,
            train=train,
            lasting=lasting,
            tuning=tuning,
        )
        # Java's own chatter is not the student's output; it is told if Java does not start.
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.gateway = Gateway(str(info), str(log), self._process.pid)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs; only for the process that started it."""
        return self._process.poll() is None

    def close(self) -> None:
        """Let it end as it wants, which is when a cache in training gets written."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()


def _spark_home() -> str:
    """PySpark's folder: found, not imported, for what comes first into a process others say."""
    spec = importlib.util.find_spec("pyspark")
    assert spec and spec.origin  # a dependency of this package
    return str(Path(spec.origin).parent)


def point_to_java(java: str) -> None:
    """Tell this process, and those it starts, where Spark and its Java are."""
    os.environ.update(SPARK_HOME=_spark_home(), JAVA_HOME=java, SPARK_LOCAL_IP="127.0.0.1")


def _lives(pid: int) -> bool:
    """Whether there is a process `pid` that has not ended, whether or not it was waited for."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b")")[2].split()[0] not in (b"Z", b"X")


def python_for_spark() -> None:
    """Tell Spark which Python its workers are: this one."""
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    # They start with `-m`; nothing in the working folder may shadow what they import.
    os.environ["PYTHONSAFEPATH"] = "1"
