"""Start and stop the services of a lab.

They are one process, forked from the lab's before the student's file runs. It serves MLflow's own
Flask application by werkzeug's threaded server: MLflow's handlers are synchronous and all there,
while the ASGI application around them adds assistant, gateway and traces that no lab asks for, and
costs seconds of imports. The listening socket is made first, so that no request comes too early.
"""

from __future__ import annotations

import hmac
import http.client
import json
import logging
import os
import secrets
import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from flask import Blueprint, Flask, Response, jsonify, request

from grader.guest import mlflow_engine
from grader.guest.afresh import end_with, let_go
from grader.guest.places import Places
from grader.guest.services.context import Context
from grader.guest.services.errors import ApiError
from grader.guest.services.journal import Journal
from grader.guest.services.registry import hooks, watching

HOST = "127.0.0.1"
#: Seconds that the start may take, and that `settle` waits for what is under way.
START = 60.0
SETTLE = 20.0
LOG = ".services/server.log"


@dataclass(slots=True)
class Services:
    """Running services; `pid` is their process."""

    url: str
    token: str
    pid: int

    def settle(self, seconds: float = SETTLE) -> bool:
        """Wait until deliveries and runs are over; whether they are, after so many seconds."""
        try:
            told = json.loads(_get(self.url, f"/.services/idle?seconds={seconds}", seconds + 5))
            return bool(told["idle"])
        except (OSError, http.client.HTTPException, ValueError, KeyError):  # ended by the student
            return False

    def stop(self) -> None:
        """End them, with all that they started."""
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def start(places: Places, file: Path) -> Services:
    """Start the services of the lab in `places`, whose file is `file`, and point clients at them.

    To be called in the lab's process, which must have one thread, after its store was made.

    Raises:
        RuntimeError: they do not answer.
    """
    listening = socket.create_server((HOST, 0))
    url = f"http://{HOST}:{listening.getsockname()[1]}"
    token = f"dapi{secrets.token_hex(16)}"
    context = Context(places, file, url, token, Journal(places.workspace))
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            end_with(parent)
            serve(context, listening, f"sqlite:///{mlflow_engine.store(places)}")
        finally:
            os._exit(1)
    listening.close()
    services = Services(url, token, pid)
    _wait(services)
    os.environ.update(context.environment())
    return services


def serve(context: Context, listening: socket.socket, store: str) -> NoReturn:
    """Be the services on a listening socket, with MLflow's store at the URI `store`."""
    let_go(keep={listening.fileno()})
    log = os.open(context.workspace / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(_settings(context, store))
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for each request
    app = application(context)
    from werkzeug.serving import make_server

    port = listening.getsockname()[1]
    make_server(HOST, port, app, threaded=True, fd=listening.fileno()).serve_forever()
    os._exit(0)


def application(context: Context) -> Flask:
    """MLflow's application with our parts. It is one a process, as MLflow has it."""
    from mlflow.exceptions import MlflowException
    from mlflow.server import app

    made: Flask = app
    made.register_error_handler(ApiError, lambda error: (jsonify(error.as_json()), error.status))
    made.register_error_handler(MlflowException, _of_mlflow)
    _watch_mlflow_webhooks(context)
    for open_part in (_core(context), hooks.blueprint(context), watching.blueprint(context)):
        made.register_blueprint(open_part)
    for part in _parts(context):
        part.before_request(lambda: _authorised(context))
        made.register_blueprint(part)
    return made


def _parts(context: Context) -> list[Blueprint]:
    """The parts that ask for a token. What they fork comes first, while there is one thread."""
    from grader.guest.services.jobs import api as jobs
    from grader.guest.services.registry import activities, webhooks
    from grader.guest.services.serving import api as serving

    parts = (jobs, serving, activities, webhooks)
    return [part.blueprint(context) for part in parts]


def _of_mlflow(error: Any) -> tuple[Response, int]:
    """What MLflow's stores refuse, told as MLflow tells it."""
    return jsonify(json.loads(error.serialize_as_json())), error.get_http_status_code()


def _watch_mlflow_webhooks(context: Context) -> None:
    """Count MLflow's own deliveries as under way, too."""
    import mlflow.webhooks.delivery as sending

    class Watched(ThreadPoolExecutor):
        def submit(self, *args: Any, **kwargs: Any) -> Any:
            context.pending.begin()
            future = super().submit(*args, **kwargs)
            future.add_done_callback(lambda _: context.pending.end())
            return future

    sending._webhook_delivery_executor = Watched(2)


def _authorised(context: Context) -> None:
    """Let in who bears the token.

    Raises:
        ApiError: somebody else.
    """
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {context.token}".encode()):
        told = "a request must have the header 'Authorization: Bearer TOKEN' with a valid token"
        raise ApiError(401 if not given else 403, "PERMISSION_DENIED", told)


def _core(context: Context) -> Blueprint:
    """What clients ask first, and whether anything is under way."""
    part = Blueprint("core", __name__)

    @part.get("/.well-known/databricks-config")
    def config() -> Response:
        return jsonify({})

    @part.get("/api/2.0/preview/scim/v2/Me")
    def me() -> Response:
        return jsonify({"id": "1", "userName": "student@example.com", "active": True})

    @part.get("/.services/idle")
    def idle() -> Response:
        seconds = request.args.get("seconds", 0.0, type=float)
        return jsonify({"idle": context.pending.wait(min(max(seconds, 0.0), 60.0))})

    return part


def _settings(context: Context, store: str) -> dict[str, Any]:
    """What MLflow's server reads from the environment."""
    from cryptography.fernet import Fernet

    return {
        "_MLFLOW_SERVER_FILE_STORE": store,
        "_MLFLOW_SERVER_ARTIFACT_ROOT": str(context.workspace / "mlruns"),
        # Webhooks go to our own loopback, and are looked up afresh each time.
        "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
        "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
        "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": Fernet.generate_key().decode(),
        "MLFLOW_WEBHOOK_CACHE_TTL": "0",
        "MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES": "1",
        "MLFLOW_WEBHOOK_REQUEST_TIMEOUT": "5",
    }


def _wait(services: Services) -> None:
    end = time.monotonic() + START
    while True:
        try:
            _get(services.url, "/health", START)
            return
        except (OSError, http.client.HTTPException) as error:
            if time.monotonic() > end or os.waitpid(services.pid, os.WNOHANG)[0]:
                raise RuntimeError(f"the workspace's services do not answer: {error}") from error
            time.sleep(0.05)


def _get(url: str, path: str, timeout: float) -> bytes:
    """What the services at `url` answer; no proxy of the environment's is asked."""
    line = http.client.HTTPConnection(url.removeprefix("http://"), timeout=timeout)
    with closing(line):
        line.request("GET", path)
        return line.getresponse().read()
