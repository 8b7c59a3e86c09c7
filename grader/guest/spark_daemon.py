"""What the JVM starts as its daemon of Python workers: only a place for the real one.

A fork of the lab's warm process takes that place (`spark_workers`), since a new process would pay
for all imports again. This one asks for it, and lives as long as the JVM wants a daemon. Where
nobody answers it is the daemon itself, begun in the lab's folder: the JVM is shared by labs and so
has no folder of one of them, and a worker that opens a file by a relative name must find it.
"""

from __future__ import annotations

import os
import select
import time
from pathlib import Path

#: Below the folder of temporary files: where numbers of processes go that want to be replaced.
LINE = "spark-workers"
#: Seconds that a replacement may take to be there.
PATIENCE = 10.0
#: The seed of Python's hashes in workers, as PySpark has it, which a fork cannot change.
HASHES = ("PYTHONHASHSEED", "0")


def claim(folder: Path, pid: int) -> Path:
    """Who removes this file is the daemon that process `pid` was started to be."""
    return folder / f"{LINE}-{pid}"


def replaced() -> bool:
    """Whether somebody else became the daemon in place of this process."""
    if os.environ.get(HASHES[0]) != HASHES[1]:
        return False
    folder = Path(os.environ.get("TMPDIR", "/tmp"))
    try:
        line = os.open(folder / LINE, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:  # there is no such line, or nobody reads from it
        return False
    mine = claim(folder, os.getpid())
    mine.touch()
    os.write(line, f"{os.getpid()}\n".encode())
    os.close(line)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if not mine.exists():
            return True
        time.sleep(0.002)
    try:
        mine.unlink()
    except FileNotFoundError:  # at the last moment
        return True
    return False


def main() -> None:
    """Be replaced, or be the daemon."""
    if replaced():
        until = select.poll()
        until.register(0, 0)  # what comes in is the daemon's; only its end is ours, too
        until.poll()
        return
    from pyspark.daemon import manager

    os.chdir(os.environ["GRADER_WORKSPACE"])
    manager()


if __name__ == "__main__":
    main()
