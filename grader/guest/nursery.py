"""A nursery: a process that forks others, one for each order that it gets.

It is forked while the process that wants it has one thread, so that its own forks are sound, and
what was imported by then is there in each of them at once. Random numbers are each fork's own. It
ends with the process that made it, and all that it forked ends with it.

It is for what a lab starts over and over: Spark's Python workers, tasks of jobs, scoring servers.
Each kind has a nursery of its own, forked before the student's file runs.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from grader.guest.afresh import end_with, let_go, reseed

#: Descriptors that may come with an order.
_MOST = 8

#: What an order says, and its descriptors.
Order = tuple[dict[str, Any], list[int]]


class Nursery:
    """One that is asked by the process that makes it, or a fork of that.

    `be` is called in a new process for each order; when it returns, that process ends. `prepare`
    is called in the nursery itself, at the first order.
    """

    def __init__(
        self,
        be: Callable[[dict[str, Any], list[int]], object],
        prepare: Callable[[], object] = lambda: None,
    ) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        open_nursery(lambda: _received(theirs), be, theirs.fileno(), prepare)
        theirs.close()

    def order(self, what: Mapping[str, Any], fds: Sequence[int]) -> None:
        """Have a process begun, which gets copies of `fds`.

        Raises:
            OSError: the nursery is gone.
        """
        text = os.memfd_create("order")  # so that an order of any length goes in one message
        try:
            with os.fdopen(os.dup(text), "w") as out:
                json.dump(dict(what), out)
            with self._lock:
                socket.send_fds(self._line, [b"order"], [text, *fds])
        finally:
            os.close(text)


def _received(line: socket.socket) -> Order | None:
    message, fds, _, _ = socket.recv_fds(line, 16, _MOST)
    if not message:
        return None
    with os.fdopen(fds[0]) as text:
        text.seek(0)
        return json.load(text), fds[1:]


def open_nursery(
    receive: Callable[[], Order | None],
    be: Callable[[dict[str, Any], list[int]], object],
    line: int,
    prepare: Callable[[], object] = lambda: None,
) -> None:
    """Fork a nursery whose orders are what `receive` gives, until that is None.

    `line` is the descriptor that they come from; forks of the nursery do not hold it.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    if os.fork() == 0:
        try:
            end_with(parent)
            let_go({0, 1, 2, line})
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a fork ended
            _nurse(receive, be, line, prepare)
        finally:
            os._exit(1)


def _nurse(
    receive: Callable[[], Order | None],
    be: Callable[[dict[str, Any], list[int]], object],
    line: int,
    prepare: Callable[[], object],
) -> NoReturn:
    here = os.getpid()
    prepared = False
    while True:
        order = receive()
        if order is None:
            os._exit(0)
        if not prepared:
            prepare()
            gc.freeze()  # what is here is no garbage of the forks, which need not look at it
            prepared = True
        what, fds = order
        with suppress(OSError):  # no process to be had: whoever waits sees the descriptors closed
            if os.fork() == 0:
                try:
                    end_with(here)
                    os.close(line)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    reseed()
                    be(what, fds)
                finally:
                    os._exit(0)
        for fd in fds:
            os.close(fd)
