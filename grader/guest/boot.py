"""First code inside the wall: become the keeper of one role, and have a child forked for each lab.

The keeper takes limits and then waits for the host on a socket. To open a lab the host sends three
descriptors: where the lab's requests come from, where its replies go, where its printed output
goes. The process that serves them is a fork of a zygote, which has made the lab's imports once
(`zygote.py`). Engines and zygotes are started when a lab wants them, or earlier if the host says
so. Between labs the keeper clears away whatever the last one left. No student code runs in the
keeper itself, and it imports nothing but this package and the standard library.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import socket
import sys
import traceback
from contextlib import suppress
from typing import Any

from grader.guest import children
from grader.guest.house import House
from grader.guest.zygote import MESSAGE, PR_SET_DUMPABLE, Zygote

_PR_SET_CHILD_SUBREAPER = 36


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
        keeper = Keeper(_house(start))
    except BaseException as error:  # whatever it is, it goes to the host as a failed start
        traceback.print_exc()
        _tell(control, start["id"], error=_told(error))
        return
    # From here on nobody of our own user can look into this process or change it.
    libc.prctl(PR_SET_DUMPABLE, 0)
    _tell(control, start["id"], value=None)
    while True:
        message, fds, _, _ = socket.recv_fds(control, MESSAGE, 3)
        if not message:
            return
        request = json.loads(message)
        try:
            value = keeper.answer(request, fds)
        except (OSError, RuntimeError) as error:
            _tell(control, request["id"], error=_told(error))
        else:
            _tell(control, request["id"], value=value)
        finally:
            for fd in fds:
                os.close(fd)


class Keeper:
    """What a role keeps warm for its labs, and the lab that is open."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._zygotes: dict[str, Zygote] = {}
        self._open: Zygote | None = None

    def answer(self, request: dict[str, Any], fds: list[int]) -> Any:
        """`warm`, `open`, `settle` or `finish`.

        Raises:
            OSError, RuntimeError: it is not possible.
        """
        if request["op"] == "warm":
            return self._warm(request["lab"])
        if request["op"] == "open":
            lab = request["lab"]
            self._open = self._zygotes[self._house.imports(lab)]
            return self._open.open(self._house.engines(lab), fds)
        if request["op"] == "settle":
            return self._settle()
        return self._house.finish()

    def _warm(self, lab: dict[str, Any]) -> list[str]:
        """Start what a lab wants and is not there; the names of what was started."""
        started = []
        if self._house.begin(lab):
            started.append("java")
        imports = self._house.imports(lab)
        if imports not in self._zygotes:
            # The engines wake up on one core while the imports are made on another.
            self._zygotes[imports] = fresh = Zygote(self._house, imports)
            fresh.ready()
            started.append(f"imports: {imports or 'none'}")
        if started:
            self._house.ready()
        return started

    def _settle(self) -> dict[str, Any]:
        """Clear up after a lab: its exit status, and what it has damaged."""
        zygote, self._open = self._open, None
        status, damage = -9, "no lab is open"
        if zygote is not None:
            damage = ""
            try:
                status = zygote.end()
            except RuntimeError as error:
                damage = str(error)
        keep = self._house.pids | {one.pid for one in self._zygotes.values()}
        if left := children.clear(keep):
            damage = damage or f"{left} processes cannot be ended"
        if zygote is not None and not damage:
            damage = self._put_back(zygote)
        return {"status": status, "damage": damage}

    def _put_back(self, zygote: Zygote) -> str:
        engines = self._house.damage()
        if isinstance(engines, dict):
            # The imports that this takes are made where Spark's are.
            able = self._zygotes.get("spark") or self._zygotes.get("mlflow") or zygote
            try:
                engines = able.put_back(engines)
            except RuntimeError as error:
                return f"Java does not answer: {error}"
        return engines or self._house.clear()


def _house(start: dict[str, Any]) -> House:
    # One role a process: only its own imports are paid.
    if start["role"] == "runner":
        from grader.guest.runner_house import RunnerHouse

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


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:2000]


def _tell(control: socket.socket, request_id: str, **fields: Any) -> None:
    message = {"id": request_id, "ok": "error" not in fields, **fields}
    control.send(json.dumps(message, allow_nan=False).encode())
