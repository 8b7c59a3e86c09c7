"""End processes: a lab's own, and whatever it left behind."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Set
from contextlib import suppress
from pathlib import Path

#: Seconds that ending everything may take; a fork storm that is not over then ends the sandbox.
SECONDS = 5.0


def end(pid: int, patience: float) -> int:
    """Wait `patience` seconds for our child `pid`, then kill it; its exit status.

    A negative status is the signal that ended it, as `subprocess` has it.
    """
    deadline = time.monotonic() + patience
    pause = 0.001
    while True:
        try:
            done, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:  # ended, and cleared away already
            return 0
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            deadline += 3600
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


def clear(keep: Set[int]) -> int:
    """Kill every descendant of this process but `keep`; how many are left after some seconds.

    Orphans come to this process, which is their subreaper, so that none leaves the tree.
    """
    deadline = time.monotonic() + SECONDS
    while True:
        left = descendants(os.getpid()) - keep
        for pid in left:  # all stop first: what is stopped makes no more children
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGSTOP)
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        _bury(keep)
        if not left or time.monotonic() > deadline:
            return len(left)
        time.sleep(0.002)


def _bury(keep: Set[int]) -> None:
    """Take note of children that have ended, but of none in `keep`."""
    for pid in _children_of(os.getpid()) - keep:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def descendants(root: int) -> set[int]:
    """All processes below `root`."""
    below: dict[int, list[int]] = {}
    for pid, parent in _parents():
        below.setdefault(parent, []).append(pid)
    found: set[int] = set()
    queue = [root]
    while queue:
        fresh = set(below.get(queue.pop(), ())) - found
        found |= fresh
        queue += fresh
    return found


def _children_of(parent: int) -> set[int]:
    return {pid for pid, ppid in _parents() if ppid == parent}


def _parents() -> list[tuple[int, int]]:
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208 - called in a loop while processes multiply
        if name.isdecimal():
            with suppress(OSError, ValueError, IndexError):
                text = Path("/proc", name, "stat").read_bytes()
                found.append((int(name), int(text.rpartition(b")")[2].split()[1])))
    return found
