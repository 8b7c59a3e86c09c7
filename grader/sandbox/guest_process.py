"""Talk to a running lab: requests out, replies and printed output in, within limits.

The host never waits without a clock: not for a reply, not for the end of a pipe, not for a
process. Whatever the guest prints is drained while a reply is awaited, kept up to the limit and
dropped beyond it.
"""

from __future__ import annotations

import os
import secrets
import selectors
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

from grader.core.clean import clean, clean_line
from grader.errors import SandboxFault, StudentError
from grader.sandbox import wire
from grader.sandbox.interface import Limits
from grader.sandbox.metering import size_text

#: Bytes read at a time, and as many times before something else gets its turn: who prints faster
#: than it is read must not keep the clock from being looked at.
_CHUNK = 1 << 16
_TURN = 32


class Household(Protocol):
    """What a guest's process belongs to."""

    def begin(self, limits: Limits) -> None:
        """Count what it uses from now on."""
        ...

    def ran_out(self) -> str:
        """The limit that ended it, or nothing."""
        ...

    def autopsy(self) -> str:
        """Why its process is gone."""
        ...

    def release(self, *, clean_end: bool) -> None:
        """The lab is over."""
        ...


class GuestProcess:
    """A lab in a fork of its keeper. See `Guest`.

    `pipes` are where its requests go, its replies and its prints come from; they become ours.
    Raises `TypeError` or `ValueError`, and takes no pipes, if `settings` are no JSON.
    """

    def __init__(
        self,
        household: Household,
        pipes: tuple[int, int, int],
        settings: Mapping[str, Any],
        limits: Limits,
    ) -> None:
        self._start = wire.encode({"id": "start", **settings})
        self._household = household
        self._to, self._back, self._out = pipes
        self._limits = limits
        self._printed = bytearray()
        self._lost = 0
        self._pending = bytearray()
        self._ready = False
        self._busy = False
        self._closed = False
        self._why_dead = ""
        for fd in pipes:
            os.set_blocking(fd, False)

    @property
    def output(self) -> str:
        """What was printed so far."""
        text = self._printed.decode("utf-8", "replace")
        return text + (f"\n... (cut: {self._lost} more bytes)" if self._lost else "")

    def ready(self) -> None:
        """Wait until it can take requests. What it uses counts from then on.

        Raises:
            SandboxFault: it died or took too long, before any student code ran.
        """
        if self._ready:
            return
        try:
            reply = self._exchange("start", self._start, self._limits.start)
            if reply.get("ok") is not True:
                raise _failure(reply, self._limits)
            self._household.begin(self._limits)
        except (StudentError, SandboxFault, wire.Malformed) as error:
            self._end(clean_end=False)
            told = clean(self.output, 2000).strip()
            message = f"the lab did not start: {clean(str(error), 2000)}"
            raise SandboxFault(f"{message}\n{told}" if told else message) from error
        self._ready = True

    def ask(self, op: str, timeout: float, **fields: Any) -> Any:
        """See `Guest.ask`."""
        if self._why_dead:
            raise StudentError(self._why_dead, "ended")
        self.ready()
        if self._closed:
            raise StudentError("the lab's process is closed", "ended")
        request = secrets.token_hex(8)
        try:
            line = wire.encode({"id": request, "op": op, **fields})
            reply = self._exchange(request, line, timeout)
        except wire.Malformed as error:
            raise self._dead(str(error), "output") from error
        except StudentError as error:
            raise self._dead(str(error), error.kind) from error
        sound = reply.get("ok") is True
        # What the code met, such as a thread that did not start, may be a limit's doing; and what
        # a file left behind is looked at when it has run, not when the clock comes round to it.
        if (op == "run" or not sound) and (told := self._household.ran_out()):
            raise self._dead(told, "ended")
        if sound:
            return reply.get("value")
        raise _failure(reply, self._limits)

    def close(self) -> None:
        """Let the lab end; its keeper clears up after it.

        A lab in the middle of a request, as when the run is interrupted, is not waited for.
        """
        self._end(clean_end=not self._busy)

    def _end(self, *, clean_end: bool) -> None:
        if self._closed:
            return
        self._closed = True
        self._drain()
        try:
            # The end of the requests is what it waits for; nobody waits for what it still says.
            for fd in (self._to, self._back, self._out):
                os.close(fd)
        finally:
            self._household.release(clean_end=clean_end)

    def _dead(self, message: str, kind: str) -> StudentError:
        self._why_dead = message
        self._end(clean_end=False)
        return StudentError(message, kind)

    def _exchange(self, request: str, line: bytes, timeout: float) -> dict[str, Any]:
        """Send a request and wait for its reply, taking in what is printed meanwhile."""
        end = time.monotonic() + timeout
        unsent = memoryview(line)
        self._busy = True
        with selectors.DefaultSelector() as selector:
            selector.register(self._back, selectors.EVENT_READ)
            selector.register(self._out, selectors.EVENT_READ)
            selector.register(self._to, selectors.EVENT_WRITE)
            while True:
                if (cut := self._pending.find(b"\n")) >= 0:
                    reply = bytes(self._pending[:cut])
                    del self._pending[: cut + 1]
                    told = wire.decode(reply, request)
                    self._busy = False
                    return told
                left = end - time.monotonic()
                if left <= 0:
                    raise self._late(timeout)
                for key, _ in selector.select(min(left, 0.5)):
                    if key.fd == self._to:
                        unsent = self._write(unsent)
                        if not unsent:
                            selector.unregister(self._to)
                    elif key.fd == self._out:
                        if not self._drain():
                            selector.unregister(self._out)
                    elif not self._receive():
                        self._drain()
                        raise StudentError(self._household.autopsy(), "ended")

    def _late(self, timeout: float) -> StudentError:
        """Nothing came: what is told is the limit that ended it, if one did just now."""
        told = self._household.ran_out()
        if told:
            return StudentError(told, "ended")
        return StudentError(f"time: more than {timeout:g} s", "timeout")

    def _write(self, unsent: memoryview) -> memoryview:
        with suppress(BlockingIOError):
            try:
                return unsent[os.write(self._to, unsent) :]
            except BrokenPipeError:  # the death shows, with its reason, in the reply
                return unsent[len(unsent) :]
        return unsent

    def _receive(self) -> bool:
        with suppress(BlockingIOError):
            chunk = os.read(self._back, _CHUNK)
            if not chunk:
                return False
            self._pending += chunk
            if len(self._pending) > wire.MAX_REPLY:
                raise wire.Malformed(f"the answer is larger than {wire.MAX_REPLY >> 20} MiB")
        return True

    def _drain(self) -> bool:
        """Take what was printed, up to a turn's worth; False at the end of the pipe."""
        with suppress(BlockingIOError):
            for _ in range(_TURN):
                chunk = os.read(self._out, _CHUNK)
                if not chunk:
                    return False
                kept = chunk[: max(0, self._limits.output_bytes - len(self._printed))]
                self._printed += kept
                self._lost += len(chunk) - len(kept)
        return True


def _failure(reply: Mapping[str, Any], limits: Limits) -> StudentError:
    """What a reply that is not `ok` complains of."""
    failure = reply.get("error")
    told = failure if isinstance(failure, dict) else {}
    message = clean(str(told.get("message", "failed")), 1000)
    kind = clean_line(str(told.get("kind", "raised")), 20)
    if kind == "memory":
        message = f"memory: {size_text(limits.memory_bytes)} reached"
    return StudentError(message, kind)
