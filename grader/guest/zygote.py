"""A zygote: a process with a set of imports made, of which labs are forks.

The keeper forks one when the first lab wants that set, before any student's code ran in the wall
or after everything of the last lab is gone. No student's code runs in a zygote itself.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import socket
import sys
import traceback
from typing import Any, NoReturn

from grader.guest import children
from grader.guest.afresh import end_with, let_go, reseed
from grader.guest.answering import serve
from grader.guest.house import House
from grader.guest.spark_engine import in_a_fork

PR_SET_DUMPABLE = 4
MESSAGE = 1 << 16
#: Seconds that a lab's process has for ending by itself once its requests have ended.
PATIENCE = 5.0
#: Seconds for an answer; imports may take as long as the host waits.
_ANSWER = 25.0


class Zygote:
    """One with the set `imports` of a house, from the keeper's side."""

    def __init__(self, house: House, imports: str) -> None:
        """Fork it. Its imports are made while the keeper goes on."""
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                end_with(parent)
                let_go({0, 1, 2, theirs.fileno()})
                _be(theirs, house, imports)
            finally:
                os._exit(1)
        theirs.close()

    def ready(self) -> None:
        """Wait until the imports are made.

        Raises:
            RuntimeError: they cannot be made.
        """
        self._line.settimeout(None)
        self._answer()
        self._line.settimeout(_ANSWER)

    def open(self, engines: dict[str, Any], fds: list[int]) -> None:
        """Fork a lab that is served through `fds`.

        Raises:
            RuntimeError: that is not possible.
        """
        self._ask(fds, op="open", engines=engines)

    def end(self) -> int:
        """Wait for the lab's end, and end it if it does not come; the exit status.

        Raises:
            RuntimeError: the zygote is no more.
        """
        return int(self._ask([], op="end"))

    def put_back(self, engines: dict[str, Any]) -> str:
        """See `House.put_back`.

        Raises:
            RuntimeError: it cannot be tried.
        """
        return str(self._ask([], op="put back", engines=engines))

    def _ask(self, fds: list[int], **request: Any) -> Any:
        try:
            socket.send_fds(self._line, [json.dumps(request).encode()], fds)
        except OSError as error:
            raise RuntimeError(f"the zygote cannot be asked: {error}") from error
        return self._answer()

    def _answer(self) -> Any:
        try:
            message = self._line.recv(MESSAGE)
        except OSError as error:
            raise RuntimeError(f"the zygote does not answer: {error}") from error
        if not message:
            raise RuntimeError("the zygote has ended")
        reply = json.loads(message)
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply["value"]


def _be(line: socket.socket, house: House, imports: str) -> NoReturn:
    try:
        gc.disable()  # imports make hardly any garbage: a fifth of their time is looking for it
        house.load(imports)
        # A full collection takes a fifth of a second; a lab's own should not look at all this.
        gc.collect()
        gc.freeze()
        gc.enable()
    except BaseException as error:  # whatever it is, it goes to the host as a failed start
        traceback.print_exc()
        sys.stderr.flush()
        _tell(line, error=f"{type(error).__name__}: {error}"[:2000])
        os._exit(1)
    _tell(line, value=None)
    lab = 0
    while True:
        message, fds, _, _ = socket.recv_fds(line, MESSAGE, 3)
        if not message:
            os._exit(0)
        request = json.loads(message)
        try:
            if request["op"] == "open":
                lab = os.fork()
                if lab == 0:
                    line.close()
                    _be_lab(house, request["engines"], fds)
                value: Any = None
            elif request["op"] == "end":
                value = children.end(lab, PATIENCE)
            else:
                value = in_a_fork(house.put_back, request["engines"])
            _tell(line, value=value)
        except (OSError, RuntimeError) as error:
            _tell(line, error=str(error)[:4000])
        finally:
            for fd in fds:
                os.close(fd)


def _be_lab(house: House, engines: dict[str, Any], fds: list[int]) -> NoReturn:
    """Be a lab's process."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1)
        signal.set_wakeup_fd(-1)
        requests, replies, output = fds
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        os.setsid()
        reseed()
        serve(lambda start: house.lab({**start, **engines}), requests, replies)
        sys.stdout.flush()
    finally:
        os._exit(0)


def _tell(line: socket.socket, **reply: Any) -> None:
    line.send(json.dumps(reply).encode())
