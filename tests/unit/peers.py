"""Processes that stand in for what is inside a wall, to test its host side without one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grader.sandbox.enclosure import guest_command
from grader.sandbox.interface import Layout, Limits, Mount, Plan, Tier
from tests.builders import ROOT

#: What a scripted keeper begins with: hear a message, answer it, serve a lab's start.
KEEPER = """
import json, os, socket, sys, time
control = socket.socket(fileno=int(sys.argv[1]))
def hear():
    data, fds, _, _ = socket.recv_fds(control, 1 << 16, 3)
    return (json.loads(data) if data else sys.exit()), fds
def say(request, **fields):
    told = {"id": request["id"], "ok": True, "value": None, **fields}
    control.send(json.dumps(told).encode())
def warmed():
    request, _ = hear()
    assert request["op"] == "warm"
    say(request, value=[])
def opened():
    warmed()
    request, fds = hear()
    assert request["op"] == "open"
    say(request)
    line = os.read(fds[0], 1 << 16)
    os.write(fds[1], b'{"id": "start", "ok": true}\\n')
    return fds
def shut(fds):
    for fd in fds:
        os.close(fd)
start, _ = hear()
"""


def open_files() -> int:
    """How many descriptors this process has."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are enough


class Enclosure:
    """A process without any wall around it."""

    def __init__(self, command: list[str], control: int, settings: Mapping[str, Any]) -> None:
        read, write = os.pipe()
        self._output = os.fdopen(read, "rb")
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=write, stderr=write, pass_fds=[control]
        )
        os.close(write)
        self.settings = settings
        #: What tests set: the limit that ran out, and processes left over.
        self.told = ""
        self.others: set[int] = set()
        #: What tests look at.
        self.begun: list[Limits] = []
        self.closed = 0

    @property
    def pids(self) -> set[int]:
        """The process, and what the test says."""
        return {self.process.pid} | self.others

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def path_of(self, mount: Mount) -> str:
        """Nothing is mounted anywhere: where it is outside."""
        return str(mount.outside)

    def cpu_seconds(self) -> float:
        """Nobody counts."""
        return 0.0

    def begin(self, limits: Limits) -> None:
        """Take note."""
        self.begun.append(limits)

    def ran_out(self) -> str:
        """What the test says."""
        return self.told

    def printed(self) -> str:
        """All that it printed until its end."""
        self.process.wait(10)
        return self._output.read().decode()

    def kill(self) -> None:
        """Kill it."""
        self.process.kill()

    def close(self) -> None:
        """Kill it, and wait."""
        self.closed += 1
        self.process.kill()
        self.process.wait()
        self._output.close()


class Bare:
    """A sandbox of no tier. It runs a scripted keeper, or our own if there is no `script`."""

    tier: Tier = "none"

    def __init__(
        self, script: str | None = None, settings: Mapping[str, Any] | None = None
    ) -> None:
        self._script = script
        self._settings = settings or {}
        self.made: list[Enclosure] = []

    def owner(self) -> int:
        """Ourselves."""
        return os.geteuid()

    def launch(self, plan: Plan, control: int) -> Enclosure:
        """Start the keeper."""
        if self._script is None:
            command = guest_command(str(ROOT), control)
        else:
            command = [sys.executable, "-I", "-S", "-c", KEEPER + self._script, str(control)]
        settings = self._settings or {
            "workspace": str(plan.layout.labs / "one"),
            "submission": str(plan.layout.submission),
            "tmp": str(plan.layout.labs.parent / "tmp"),
        }
        self.made.append(Enclosure(command, control, settings))
        return self.made[-1]


def plan(home: Path, **fields: Any) -> Plan:
    """A plan for an inspector, which needs no engine for a lab without runtime."""
    for name in ("submission", "labs/one", "tmp"):
        (home / name).mkdir(parents=True, exist_ok=True)
    layout = Layout(home / "submission", home / "labs", ("one",), os.geteuid())
    return Plan(**{"role": "inspector", "layout": layout, "settings": {"runtime": []}, **fields})
