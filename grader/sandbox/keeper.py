"""The host's side of a keeper: open labs in it one after the other, and end it when in doubt.

A lab that ended as it should leaves its warm engines to the next lab of the same submission.
Whatever else happened - a limit, a hang, a death, a process that stays, an engine that cannot be
put back - costs the wall, and the next lab gets a fresh one.
"""

from __future__ import annotations

import math
import os
import secrets
import selectors
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from grader.core.clean import clean
from grader.errors import SandboxFault
from grader.sandbox import wire
from grader.sandbox.guest_process import GuestProcess
from grader.sandbox.interface import Enclosure, Limits, Plan, Sandbox, most_data, most_processes

#: Seconds for opening a lab's process, and for clearing up after one.
OPEN = 10.0
SETTLE = 30.0
#: Seconds that processes which were killed inside take to be gone on the host.
VANISH = 1.0


class Keeper:
    """A warm wall for the labs of one submission. It gets ready while the host goes on.

    `started` is called with the name of each engine, or set of imports, that it has started.
    """

    def __init__(
        self, sandbox: Sandbox, plan: Plan, started: Callable[[str], None] = lambda _: None
    ) -> None:
        self._plan = plan
        self._started = started
        self._awaited = ["start"]
        self._open = False
        #: Whether something had to be started for the lab that was begun last.
        self.cold = True
        #: Why it can serve no other lab, once that is known.
        self.lost = ""
        #: What a lab that came to a clean end has broken all the same.
        self.damage = ""
        self._labs = 0
        self._own: set[int] = set()
        self._status: int | None = None
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._enclosure: Enclosure = sandbox.launch(plan, theirs.fileno())
        except BaseException:
            self._control.close()
            raise
        finally:
            theirs.close()
        self._control.setblocking(False)
        self._clock = time.monotonic()
        limits = {
            # A backstop: whoever limits the whole wall is to say so first.
            "processes": most_processes(plan.limits) + self._enclosure.settings.get("others", 0),
            "files": plan.limits.files,
            "file_bytes": plan.limits.disk_bytes,
            "data_bytes": most_data(plan.limits),
        }
        places = {m.inside: self._enclosure.path_of(m) for m in plan.mounts}
        start = {"role": plan.role, **_placed(plan.settings, places), "limits": limits}
        self._send({"id": "start", **self._enclosure.settings, **start})

    @property
    def usable(self) -> bool:
        """Whether another lab can be opened in it."""
        return not self._open and self._enclosure.alive and not self._enclosure.ran_out()

    @property
    def fresh(self) -> bool:
        """Whether no lab but the first was begun in it, or tried to."""
        return self._labs <= 1

    def warm(self, lab: Mapping[str, Any]) -> None:
        """Have it start what a lab wants (its `runtime`, its `file` if that is known), and do not
        wait for it. Only while no lab is open."""
        request = secrets.token_hex(8)
        self._awaited.append(request)
        self._send({"id": request, "op": "warm", "lab": dict(lab)})

    def ready(self) -> None:
        """Wait until all that it was to start has started.

        Raises:
            SandboxFault: it did not, before any student code ran.
        """
        self._wait("did not start")

    def open(self, settings: Mapping[str, Any], limits: Limits) -> GuestProcess:
        """Begin a lab with these `settings`, its `runtime` and `file` among them: one at a time.

        Raises:
            SandboxFault: it cannot be begun.
        """
        assert not self._open  # one lab is closed before the next
        self._labs += 1
        lab = {"runtime": settings.get("runtime", []), "file": settings.get("file", "")}
        failure = "did not start"
        if not self._awaited:
            failure = "cannot begin a lab"
            self._clock = time.monotonic()
        self.cold = False
        ours: list[int] = []
        theirs: list[int] = []
        try:
            # What the last lab was allowed, and has used of it, is no matter of this one's start.
            self._enclosure.begin(replace(self._plan.limits, cpu=math.inf))
            self.warm(lab)
            self._wait(failure)
            for to_it in (True, False, False):
                read, write = os.pipe()
                theirs.append(read if to_it else write)
                ours.append(write if to_it else read)
            request = secrets.token_hex(8)
            message = wire.encode({"id": request, "op": "open", "lab": lab}).rstrip(b"\n")
            socket.send_fds(self._control, [message], theirs)
            self._answer(request, OPEN)
            start = {**settings, "data_bytes": most_data(limits)}
            guest = GuestProcess(self, (ours[0], ours[1], ours[2]), start, limits)
        except BaseException as error:
            for fd in ours:
                os.close(fd)
            told = f"the {self._plan.role} cannot begin a lab: {error}"
            self._give_up(told)
            if isinstance(error, OSError | SandboxFault) and not isinstance(error, _Unready):
                raise SandboxFault(told) from error
            raise
        finally:
            for fd in theirs:
                os.close(fd)
        self._open = True
        self._status = None
        return guest

    def _wait(self, failure: str) -> None:
        started: list[str] = []
        wall_is_new = "start" in self._awaited
        left = self._clock + self._plan.limits.start - time.monotonic()
        try:
            while self._awaited:
                value = self._answer(self._awaited[0], max(left, 1.0))
                started += [clean(str(v), 100) for v in value] if isinstance(value, list) else []
                self._awaited.pop(0)
        except SandboxFault as error:
            ended = self._control.fileno() < 0
            told = "" if ended else clean(self._enclosure.printed(), 2000).strip()
            ran_out = self._enclosure.ran_out()
            message = f"the {self._plan.role} {failure}: {ran_out or error}"
            self._give_up(message)
            raise _Unready(f"{message}\n{told}" if told else message) from error
        if started or wall_is_new:
            self.cold = True
            self._own = self._enclosure.pids
        for what in started:
            self._started(what)

    def begin(self, limits: Limits) -> None:
        """The lab in it is ready, and what it uses counts from now on."""
        self._enclosure.begin(limits)

    def ran_out(self) -> str:
        """The limit that ended it, or nothing."""
        return self._enclosure.ran_out()

    def cpu_seconds(self) -> float:
        """Seconds of processors that everything in it has used so far."""
        return self._enclosure.cpu_seconds()

    def autopsy(self) -> str:
        """Why the lab's process is gone."""
        told = self.ran_out()
        if not told:
            self._settle()
            told = self.ran_out()
        if told:
            return told
        if self._status is None or self._status < 0:
            return "the lab's process was killed (out of memory, or it killed itself)"
        return f"the lab's process ended by itself (exit status {self._status})"

    def release(self, *, clean_end: bool) -> None:
        """The lab in it is over. Without a clean end the wall goes, too."""
        if not self._open:
            return
        self._open = False
        if not clean_end:
            self._give_up(self.ran_out() or "its lab came to no clean end")
        elif damage := self._settle() or ("" if self._alone() else "a process of its lab is left"):
            self.damage = damage
            self._give_up(damage)

    def finish(self, timeout: float) -> None:
        """Let its engines end in their own time, of at most `timeout` seconds.

        Raises:
            SandboxFault: they did not.
        """
        request = secrets.token_hex(8)
        self._send({"id": request, "op": "finish"})
        self._answer(request, timeout)

    def kill(self) -> None:
        """End all processes in it, from whatever thread. It is still to be closed."""
        self._enclosure.kill()

    def close(self) -> None:
        """End everything in it. May be called again."""
        self._enclosure.close()
        self._control.close()

    def _give_up(self, why: str) -> None:
        self.lost = self.lost or clean(why, 1000)
        self.close()

    def _settle(self) -> str:
        """Have it clear up after its lab; what is not as it was, or nothing."""
        if self._status is not None or self._control.fileno() < 0:
            return "its lab has ended by itself"
        request = secrets.token_hex(8)
        self._status = -9
        try:
            self._send({"id": request, "op": "settle"})
            told = self._answer(request, SETTLE)
        except SandboxFault as error:
            return f"it cannot clear up: {error}"
        if not isinstance(told, dict) or type(told.get("status")) is not int:
            return "it does not say how its lab ended"
        self._status = told["status"]
        damage = told.get("damage")
        if not isinstance(damage, str):
            return "it does not say what its lab has damaged"
        return damage or self.ran_out()

    def _alone(self) -> bool:
        """Whether nobody is inside but who was there before the first lab: the host's own look."""
        end = time.monotonic() + VANISH
        while self._enclosure.pids - self._own:
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def _send(self, message: dict[str, Any]) -> None:
        with suppress(OSError):  # that it is gone shows in the answer
            self._control.send(wire.encode(message).rstrip(b"\n"))

    def _answer(self, request: str, timeout: float) -> Any:
        """The value of the answer to `request`.

        Raises:
            SandboxFault: there is none in time, or it is a complaint.
        """
        if self._control.fileno() < 0:
            raise SandboxFault("it was ended")
        end = time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            while not selector.select(max(0.0, min(0.2, end - time.monotonic()))):
                if time.monotonic() > end:
                    raise SandboxFault(f"no answer within {timeout:g} s")
                if not self._enclosure.alive:
                    raise SandboxFault("its first process has ended")
        try:
            message = self._control.recv(1 << 16)
            if not message:
                raise SandboxFault("its first process has ended")
            reply = wire.decode(message, request)
        except (OSError, wire.Malformed) as error:
            raise SandboxFault(f"no sensible answer: {error}") from error
        if reply.get("ok") is not True:
            raise SandboxFault(clean(str(reply.get("error")), 2000))
        return reply.get("value")


class _Unready(SandboxFault):
    """What was to start has not: the message is whole."""


def _placed(settings: Mapping[str, Any], places: Mapping[str, str]) -> dict[str, Any]:
    """`settings` with the real places of mounts."""

    def placed(value: Any) -> Any:
        if isinstance(value, str):
            return places.get(value, value)
        return [placed(v) for v in value] if isinstance(value, list) else value

    return {name: placed(value) for name, value in settings.items()}
