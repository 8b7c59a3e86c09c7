"""First code inside the wall: become the keeper of one role, and fork a child for each lab.

The keeper takes limits, pays for imports and engines once, and then waits for the host on a
socket. To open a lab the host sends three descriptors: where the lab's requests come from, where
its replies go, where its printed output goes. The child that serves them is a fork of the keeper
from before any student code ran. Between labs the keeper clears away whatever the last one left.
No student code runs in the keeper itself.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Set
from contextlib import suppress
from typing import Any, Protocol

from grader.guest import children
from grader.guest.afresh import reseed
from grader.guest.answering import Role, serve

_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
#: Seconds that a lab's process has for ending by itself once its requests have ended.
PATIENCE = 5.0
MESSAGE = 1 << 16


class House(Protocol):
    """What a role keeps warm for its labs."""

    def lab(self, start: dict[str, Any]) -> Role:
        """Begin a lab: called in its child."""
        ...

    def settle(self) -> str:
        """Put everything back after a lab: what is broken, or nothing. Called in the keeper."""
        ...

    def finish(self) -> None:
        """Let engines end in their own time."""
        ...

    @property
    def pids(self) -> Set[int]:
        """Processes that outlive a lab."""
        ...


def main() -> None:
    """Serve the host until it closes the line."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    start = json.loads(control.recv(MESSAGE))
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)  # what a lab leaves behind comes to us
    try:
        _limit(start["limits"])
        os.umask(0o022)
        house = _house(start)
    except BaseException as error:  # whatever it is, it goes to the host as a failed start
        traceback.print_exc()
        _tell(control, start["id"], error=f"{type(error).__name__}: {error}"[:2000])
        return
    # From here on nobody of our own user can look into this process or change it.
    libc.prctl(_PR_SET_DUMPABLE, 0)
    _tell(control, start["id"], value=None)
    lab = 0
    while True:
        message, fds, _, _ = socket.recv_fds(control, MESSAGE, 3)
        if not message:
            return
        request = json.loads(message)
        if request["op"] == "open":
            lab = os.fork()
            if lab == 0:
                control.close()
                libc.prctl(_PR_SET_DUMPABLE, 1)
                _become_lab(house, fds)
            for fd in fds:
                os.close(fd)
            _tell(control, request["id"], value=None)
        elif request["op"] == "finish":
            house.finish()
            _tell(control, request["id"], value=None)
        else:
            status = children.end(lab, PATIENCE)
            left = children.clear(house.pids)
            damage = f"{left} processes cannot be ended" if left else house.settle()
            _tell(control, request["id"], value={"status": status, "damage": damage})


def _become_lab(house: House, fds: list[int]) -> None:
    """Be a lab's process: never returns."""
    try:
        signal.set_wakeup_fd(-1)
        requests, replies, output = fds
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        os.setsid()
        reseed()
        serve(house.lab, requests, replies)
        sys.stdout.flush()
    finally:
        os._exit(0)


def _house(start: dict[str, Any]) -> House:
    # One role a process: only its own imports are paid.
    if start["role"] == "runner":
        from grader.guest.runner import RunnerHouse

        return RunnerHouse(start)
    if start["role"] == "inspector":
        from grader.guest.inspector import InspectorHouse

        return InspectorHouse(start)
    if start["role"] == "migrator":
        from grader.guest.migrator import MigratorHouse

        return MigratorHouse(start)
    from grader.guest.scorer import ScorerHouse

    return ScorerHouse(start)


def _limit(limits: dict[str, int]) -> None:
    for what, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_NOFILE, limits["files"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_DATA, limits["data_bytes"]),
    ):
        with suppress(ValueError):  # the hard limit is lower already
            resource.setrlimit(what, (value, value))


def _tell(control: socket.socket, request_id: str, **fields: Any) -> None:
    message = {"id": request_id, "ok": "error" not in fields, **fields}
    control.send(json.dumps(message, allow_nan=False).encode())
