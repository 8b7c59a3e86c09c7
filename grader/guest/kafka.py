"""A real Kafka broker for one lab: a single KRaft node on loopback that ends with the lab.

Its log folder is new and empty each time. Formatting one with Kafka's tool takes as long as
starting the broker does, and is not needed: with a fixed quorum of one, a node asks for nothing
but `meta.properties`, which says whose folder it is, and makes up the rest (it calls that its
default bootstrap). Ports are the kernel's choice, since not every wall has a network of its own.
"""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grader.guest.places import Places

#: What a student's file reads to find the broker, as `host:port`.
ADDRESS = "KAFKA_BOOTSTRAP_SERVERS"
#: Seconds that a broker may take to start; two are usual.
START = 90.0
#: What a broker says when it serves.
_STARTED = b"Kafka Server started"
_META = """\
version=1
cluster.id=bGFiLWNsdXN0ZXItb25lLQ
node.id=1
directory.id=bGFiLWZvbGRlci1vbmUtLQ
"""
#: One of everything, no waiting for other members, and little memory for what is little data.
_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}
num.network.threads=1
num.io.threads=2
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
log.index.size.max.bytes=65536
log.cleaner.dedupe.buffer.size=2097152
"""


class Broker:
    """A broker, started in the background; its address is in the environment from then on.

    `java` is a JAVA_HOME, `jars` all that a broker needs. `cache` is an ahead-of-time cache to
    use, `train` one to make of this run.
    """

    def __init__(
        self, java: str, jars: Sequence[str], places: Places, cache: str = "", train: str = ""
    ) -> None:
        home = Path(tempfile.mkdtemp(dir=places.tmp, prefix="kafka-"))
        folder = home / "log"
        folder.mkdir()
        (folder / "meta.properties").write_text(_META, encoding="ascii")
        port, controller = free_ports(2)
        settings = home / "server.properties"
        text = _SETTINGS.format(folder=folder, port=port, controller=controller)
        settings.write_text(text, encoding="utf-8")
        os.environ[ADDRESS] = f"127.0.0.1:{port}"
        self._told = home / "told.log"
        command = broker_command(java, jars, str(places.tmp), str(settings), cache, train)
        with self._told.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Wait until it serves.

        Raises:
            RuntimeError: it does not.
        """
        end = time.monotonic() + START
        while _STARTED not in self._told.read_bytes():
            ended = self._process.poll() is not None
            if ended or time.monotonic() > end:
                told = self._told.read_text(errors="replace")[-1500:]
                how = "ended" if ended else "does not start"
                raise RuntimeError(f"the Kafka broker {how}: {told}")
            time.sleep(0.01)

    def let_go(self, java: Any) -> None:
        """Have Spark close the producers that it keeps for ten minutes: `java` is its py4j view."""
        pool = getattr(java.org.apache.spark.sql.kafka010.producer, "InternalKafkaProducerPool$")
        getattr(pool, "MODULE$").reset()

    def finish(self) -> int:
        """Let it end in its own time, which is when it writes a cache that it was to make; its
        exit status."""
        self._process.terminate()
        return self._process.wait()

    def close(self) -> None:
        """End it at once: nothing of it is kept."""
        self._process.kill()
        self._process.wait()


def broker_command(
    java: str, jars: Sequence[str], tmp: str, settings: str, cache: str = "", train: str = ""
) -> list[str]:
    """The command line of a broker with the settings of a file; see `Broker` for the caches."""
    command = [f"{java}/bin/java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    command += ["-XX:-UsePerfData", f"-Djava.io.tmpdir={tmp}", "-Duser.timezone=UTC"]
    if cache:
        command += [f"-XX:AOTCache={cache}", "-XX:AOTMode=auto", "-Xlog:disable"]
    elif train:
        command.append(f"-XX:AOTCacheOutput={train}")
    for what, level in (("defaultLogLevel", "error"), ("log.kafka.server.KafkaRaftServer", "info")):
        command.append(f"-Dorg.slf4j.simpleLogger.{what}={level}")
    return [*command, "-cp", ":".join(jars), "kafka.Kafka", settings]


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(s.getsockname()[1]) for s in sockets]
    for one in sockets:
        one.close()
    return ports
