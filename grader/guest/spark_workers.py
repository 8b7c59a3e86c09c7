"""Spark's Python workers, forked from a lab's warm process.

The JVM starts one process a context, the daemon, which forks a worker for each task that runs
Python. Begun from nothing, each worker would import pandas and, for a model, MLflow and
scikit-learn: seconds. So what the JVM starts (`spark_daemon`) sends its number here, and a fork
from before the student's file ran becomes the daemon in its place, with its streams, environment
and arguments. They are opened through `/proc`: not every wall lets a lab make the sockets that
descriptors could be sent through.
"""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path

from grader.guest.afresh import renew, reseed
from grader.guest.nursery import Order, open_nursery
from grader.guest.places import Places
from grader.guest.spark_daemon import HASHES, LINE, claim


def start(places: Places) -> None:
    """Fork a lab's nursery of daemons. Before its Spark session, while there is one thread."""
    if os.environ.get(HASHES[0]) != HASHES[1]:
        return  # a worker's hashes would not be as Spark has them
    path = places.tmp / LINE
    os.mkfifo(path, 0o600)
    line = os.open(path, os.O_RDWR | os.O_CLOEXEC)  # a line with a writer here has no end
    open_nursery(
        lambda: _received(line), lambda order, _: _be_daemon(places.tmp, order["number"]), line
    )
    os.close(line)


def _received(line: int) -> Order:
    text = b""
    while not text.endswith(b"\n"):
        text = (text + os.read(line, 1))[-20:]
    return {"number": text.decode("ascii", "replace").strip()}, []


def _be_daemon(folder: Path, number: str) -> None:
    """Be the daemon in place of the process that asked, if that is there and was not replaced."""
    asked = Path("/proc", number)
    try:
        directions = (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)
        streams = {n: os.open(asked / "fd" / str(n), d) for n, d in enumerate(directions)}
        env = dict(e.split("=", 1) for e in _texts(asked / "environ") if "=" in e)
        argv = _texts(asked / "cmdline")
        arguments = argv[argv.index("-m") + 1 :]
        claim(folder, int(number)).unlink()
    except (OSError, ValueError):
        return
    renew(arguments, env, env["GRADER_WORKSPACE"], streams)
    sys.modules["__main__"] = types.ModuleType("__main__")
    os.register_at_fork(after_in_child=reseed)  # as if each had imported NumPy itself
    from pyspark.daemon import manager

    manager()


def _texts(file: Path) -> list[str]:
    return os.fsdecode(file.read_bytes()).rstrip("\0").split("\0")
