"""Talk to a running guest: requests out, replies and printed output in, within limits.

The host never waits without a clock: not for a reply, not for the end of a pipe, not for a
process. Whatever the guest prints is drained while a reply is awaited, kept up to the limit and
dropped beyond it.
"""

from __future__ import annotations

import os
import secrets
import selectors
import subprocess
import time
from contextlib import suppress
from typing import Any

from grader.core.clean import clean, clean_line
from grader.errors import SandboxFault, StudentError
from grader.sandbox import wire
from grader.sandbox.interface import Role


class GuestProcess:
    """A guest in a child process. See `Guest`."""

    def __init__(self, process: subprocess.Popen[bytes], to: int, back: int, role: Role) -> None:
        self._process = process
        self._to = to
        self._back = back
        self._role = role
        self._printed = bytearray()
        self._lost = 0
        self._pending = bytearray()
        self._ready = False
        self._closed = False
        self._why_dead = ""
        assert process.stdout is not None  # launched with a pipe
        self._out = process.stdout.fileno()
        os.set_blocking(self._out, False)
        os.set_blocking(back, False)
        settings = {**role.settings, "limits": _limits(role)}
        self._send("start", {"role": role.name, **settings})

    @property
    def output(self) -> str:
        """What was printed so far."""
        text = self._printed.decode("utf-8", "replace")
        return text + (f"\n... (cut: {self._lost} more bytes)" if self._lost else "")

    def ready(self) -> None:
        """Wait until the guest has started its engines.

        Raises:
            SandboxFault: it died or took too long, before any student code ran.
        """
        if self._ready:
            return
        try:
            reply = self._reply("start", self._role.limits.start)
        except (StudentError, wire.Malformed) as error:
            self.close()
            told = clean(self.output, 2000).strip()
            message = f"the {self._role.name} did not start: {error}"
            raise SandboxFault(f"{message}\n{told}" if told else message) from error
        if not reply.get("ok"):
            self.close()
            told = clean(str(reply.get("error")), 2000)
            raise SandboxFault(f"the {self._role.name} did not start: {told}")
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
            self._send(request, {"op": op, **fields})
            reply = self._reply(request, timeout)
        except wire.Malformed as error:
            raise self._dead(str(error), "output") from error
        except StudentError as error:
            raise self._dead(str(error), error.kind) from error
        if reply.get("ok") is True:
            return reply.get("value")
        failure = reply.get("error")
        told = failure if isinstance(failure, dict) else {}
        message = clean(str(told.get("message", "failed")), 1000)
        raise StudentError(message, clean_line(str(told.get("kind", "raised")), 20))

    def close(self) -> None:
        """End the guest: its pid namespace dies with its first process."""
        if self._closed:
            return
        self._closed = True
        with suppress(OSError):
            self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        self._drain()
        for fd in (self._to, self._back):
            with suppress(OSError):
                os.close(fd)
        if self._process.stdout:
            self._process.stdout.close()

    def _dead(self, message: str, kind: str) -> StudentError:
        self._why_dead = message
        self.close()
        return StudentError(message, kind)

    def _send(self, request: str, message: dict[str, Any]) -> None:
        data = memoryview(wire.encode({"id": request, **message}))
        with suppress(BrokenPipeError):  # the death shows, with its reason, in the reply
            while data:
                data = data[os.write(self._to, data) :]

    def _reply(self, request: str, timeout: float) -> dict[str, Any]:
        end = time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self._back, selectors.EVENT_READ)
            selector.register(self._out, selectors.EVENT_READ)
            while True:
                if (cut := self._pending.find(b"\n")) >= 0:
                    line = bytes(self._pending[:cut])
                    del self._pending[: cut + 1]
                    return wire.decode(line, request)
                left = end - time.monotonic()
                if left <= 0:
                    raise StudentError(f"time: more than {timeout:g} s", "timeout")
                for key, _ in selector.select(min(left, 0.5)):
                    if key.fd == self._out:
                        if not self._drain():
                            selector.unregister(self._out)
                    elif not self._receive():
                        self._drain()
                        raise StudentError(self._post_mortem(), "ended")

    def _receive(self) -> bool:
        with suppress(BlockingIOError):
            chunk = os.read(self._back, 1 << 16)
            if not chunk:
                return False
            self._pending += chunk
            if len(self._pending) > wire.MAX_REPLY:
                raise wire.Malformed(f"the answer is larger than {wire.MAX_REPLY >> 20} MiB")
        return True

    def _drain(self) -> bool:
        """Take what was printed; False at the end of the pipe."""
        limit = self._role.limits.output_bytes
        with suppress(BlockingIOError, ValueError, OSError):
            while chunk := os.read(self._out, 1 << 16):
                keep = max(0, limit - len(self._printed))
                self._printed += chunk[:keep]
                self._lost += len(chunk) - len(chunk[:keep])
                if len(chunk) < 1 << 16:
                    return True
            return False
        return True

    def _post_mortem(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=2)
        code = self._process.returncode
        if code in (137, -9):
            return "the lab's process was killed (out of memory, or it killed itself)"
        return f"the lab's process ended by itself (exit status {code})"


def _limits(role: Role) -> dict[str, int]:
    limits = role.limits
    return {
        "processes": limits.processes,
        "files": limits.files,
        "file_bytes": limits.file_bytes,
        "memory_bytes": limits.memory_bytes,
    }
