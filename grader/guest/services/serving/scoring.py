"""Processes that serve one model version each: MLflow's own scoring server, on a loopback port.

They come from a nursery. A scoring process lives as long as its line, a socket whose other end the
services hold: to close that is to end it, and when the process ends, whatever the reason, the line
hangs up.
"""

from __future__ import annotations

import http.client
import importlib
import json
import os
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.guest.nursery import Nursery
from grader.guest.refusal import describe

HOST = "127.0.0.1"
#: Seconds that a model may take to be loaded, and to answer one request.
START = 120.0
ANSWER = 120.0
_MESSAGE = 1 << 16
_IMPORTS = (
    "fastapi",
    "mlflow.pyfunc.scoring_server",
    "mlflow.sklearn",
    "uvicorn.lifespan.off",
    "uvicorn.loops.asyncio",
    "uvicorn.protocols.http.auto",
)


class ScoringError(Exception):
    """A scoring process did not start, or ended."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a scoring process answered."""

    status: int
    content_type: str
    body: bytes


class Scorers:
    """Where scoring processes come from. To be made while this process has one thread.

    Models with feature lookup find the online store of the lab's folder `workspace`.
    """

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._nursery = Nursery(_serve, _import)

    def start(self, model: Path, environment: Mapping[str, str], log: Path) -> Scorer:
        """A process that serves the model in the folder `model`, ready to answer.

        It sees `environment` besides the services' own, and what it prints is added to `log`.

        Raises:
            ScoringError: the model cannot be loaded, or not in time.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        order = {
            "model": str(model),
            "workspace": str(self._workspace),
            "environment": dict(environment),
            "log": str(log),
        }
        try:
            with theirs:
                self._nursery.order(order, [theirs.fileno()])
            ours.settimeout(START)
            told = ours.recv(_MESSAGE)
            if not told:
                raise ScoringError("the process that was to load the model ended")
            found = json.loads(told)
            if "error" in found:
                raise ScoringError(found["error"])
            scorer = Scorer(ours, found["port"])
            scorer.wait()
        except OSError as error:
            ours.close()
            raise ScoringError(f"no scoring process: {error}") from error
        except ScoringError:
            ours.close()
            raise
        return scorer


class Scorer:
    """A running scoring process, as the services see it."""

    def __init__(self, line: socket.socket, port: int) -> None:
        self._line = line
        self._line.setblocking(False)
        self._port = port

    @property
    def alive(self) -> bool:
        """Whether it can answer."""
        try:
            return bool(self._line.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def wait(self) -> None:
        """Wait until the server says that it is there.

        Raises:
            OSError: it does not.
        """
        self._request("GET", "/ping", None, {})

    def ask(self, body: bytes, content_type: str) -> Answer:
        """The answer to one request of `/invocations`.

        Raises:
            ScoringError: the process ended, or took too long.
        """
        try:
            return self._request("POST", "/invocations", body, {"Content-Type": content_type})
        except (OSError, http.client.HTTPException) as error:
            raise ScoringError(f"the model server gave no answer: {describe(error)}") from error

    def stop(self) -> None:
        """End the process."""
        with suppress(OSError):  # another fork of ours may have the line, too: hang up for all
            self._line.shutdown(socket.SHUT_RDWR)
        self._line.close()

    def _request(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> Answer:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=ANSWER)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            kind = response.getheader("content-type", "")
            return Answer(response.status, kind, response.read())
        finally:
            connection.close()


def _import() -> None:
    """Make the imports of the server, once for all processes: most labs have none."""
    for name in _IMPORTS:
        importlib.import_module(name)


def _serve(order: dict[str, Any], fds: list[int]) -> None:
    """Be a scoring process: load the model, say where it is served, and serve it."""
    line = socket.socket(fileno=fds[0])
    try:
        threading.Thread(target=_until_hung_up, args=(line,), daemon=True).start()
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        for fd in (1, 2):
            os.dup2(log, fd)
        os.environ.update(order["environment"])
        # Only now: the nursery has made these imports after it was forked.
        import uvicorn
        from mlflow.pyfunc import scoring_server

        from grader.guest.services.serving.online_lookup import load_model

        app = scoring_server.init(load_model(Path(order["model"]), Path(order["workspace"])))
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
        )
        with socket.socket() as listening:
            listening.bind((HOST, 0))
            listening.listen(64)
            _tell(line, port=listening.getsockname()[1])
            server.run(sockets=[listening])
    except BaseException as error:  # whatever a student's model raises is the answer
        _tell(line, error=describe(error))


def _tell(line: socket.socket, **told: Any) -> None:
    with suppress(OSError):  # who asked may be gone
        line.send(json.dumps(told).encode())


def _until_hung_up(line: socket.socket) -> None:
    """End this process when its line does."""
    with suppress(OSError):
        while line.recv(1):
            pass
    os._exit(0)
