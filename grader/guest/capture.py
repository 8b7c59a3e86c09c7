"""MLflow's inference of a model's requirements, in a fork of a warm process.

`log_model` loads the model in a new Python process and notes what gets imported. Nearly all of
that process's time goes into imports that a lab's own process has made already. Here a helper,
forked before the student's code runs, runs the same script of MLflow's in a fork of itself, where
the modules loaded ahead count as not loaded and repeat their imports by name (`replay`). What is
logged is the same. Whatever the helper is not made for is left to the real process.
"""

from __future__ import annotations

import importlib
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
import types
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from grader.guest.afresh import end_with, let_go, run
from grader.guest.installed import remember
from grader.guest.replay import Recording

SCRIPT = "mlflow.utils._capture_modules"
#: The script itself asks for the name of the one, and its caller for that of the other.
_ALWAYS = ("mlflow.spark", "mlflow.transformers")
_FOREIGN = ("spark", "transformers")  # flavors that start engines of their own
#: Environment variables that are read when they matter, not when Python or a module starts.
_LATE = ("DATABRICKS_", "MLFLOW_", "_MLFLOW_", "SPARK_", "PYSPARK_", "_PYSPARK_")
_NUMBER = struct.Struct("!q")


class _Preloaded(NamedTuple):
    """What `install` needs of `preload`."""

    recording: Recording
    environment: dict[str, str]


_preloaded: list[_Preloaded] = []


def preload(modules: Sequence[str]) -> Recording:
    """Import what MLflow's script starts with, then `modules`, and note their imports.

    To be called once, before anything but the standard library was imported, with the environment
    and `sys.path` that the labs will have. Modules that are not installed are skipped.
    """
    importlib.import_module(SCRIPT)
    recording = Recording(SCRIPT)
    with recording.record():
        for name in (*_ALWAYS, *modules):
            with suppress(ImportError):
                importlib.import_module(name)
    remember(recording.events)
    _preloaded[:] = [_Preloaded(recording, dict(os.environ))]
    return recording


def install() -> None:
    """Let MLflow in this process infer requirements through a helper, forked here and now.

    To be called in the main thread of a fork of the process that called `preload` (or in that
    process), before a Spark session exists and before the student's code runs. The helper ends
    with this process.

    Raises:
        RuntimeError: Nothing was preloaded, or there is a Spark session.
    """
    if not _preloaded:
        raise RuntimeError("preload() comes before install()")
    spark = sys.modules.get("pyspark.core.context")
    if spark and spark.SparkContext._active_spark_context:  # the helper would believe in it
        raise RuntimeError("install() comes before the Spark session")
    requirements_utils = importlib.import_module("mlflow.utils.requirements_utils")
    (preloaded,) = _preloaded
    ours, theirs = socket.socketpair()
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    if os.fork() == 0:
        try:
            _serve(theirs, preloaded.recording, parent)
        finally:
            os._exit(1)
    theirs.close()
    helper = _Helper(ours, preloaded)
    # Its module-wide name for `subprocess`, so that nobody else's is touched.
    patched = types.SimpleNamespace(**{**vars(subprocess), "Popen": helper.popen})
    setattr(requirements_utils, "subprocess", patched)  # noqa: B010 - no attribute to the type checker


class _Helper:
    """The lab's end of the line to the helper: one capture at a time."""

    def __init__(self, line: socket.socket, preloaded: _Preloaded) -> None:
        self._line = line
        self._preloaded = preloaded
        self._free = threading.Lock()
        self._pid = os.getpid()

    def popen(self, cmd: Any, **options: Any) -> Any:
        """What `subprocess.Popen` would give, or that itself for anything but a plain capture."""
        # A fork of the lab would mix its messages with the lab's; another thread waits for none.
        fits = os.getpid() == self._pid and _fits(cmd, options, self._preloaded)
        if fits and self._free.acquire(blocking=False):
            try:
                return _Capture(self._line, self._free, cmd, options["env"])
            except OSError:  # no helper, no working directory, no descriptors left
                self._free.release()
        return subprocess.Popen(cmd, **options)


def _fits(cmd: Any, options: dict[str, Any], preloaded: _Preloaded) -> bool:
    script = importlib.import_module(SCRIPT).__file__
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return (
        isinstance(cmd, list)
        and cmd[:2] == [sys.executable, script]
        and {"--flavor", "--sys-path"} <= set(cmd[:-1])
        and cmd[cmd.index("--flavor") + 1] not in _FOREIGN
        and {k: v for k, v in options.items() if k != "env"} == pipes
        and isinstance(options.get("env"), dict)
        and starts_alike(options["env"], preloaded.environment)
        and not preloaded.recording.shadowed(json.loads(cmd[cmd.index("--sys-path") + 1]))
    )


def starts_alike(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two environments differ at most in what no start of a process depends on."""
    differing = {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}
    return all(name == "PATH" or name.startswith(_LATE) for name in differing)


class _Capture:
    """One run of the script, with what MLflow uses of a `subprocess.Popen`."""

    def __init__(
        self, line: socket.socket, free: threading.Lock, cmd: list[str], env: dict[str, str]
    ) -> None:
        request = json.dumps({"argv": cmd[1:], "env": env, "cwd": str(Path.cwd())}).encode()
        self._line = line
        self._free = free
        self._cmd = cmd
        self._env = env
        self._killed = False
        self.returncode: int | None = None
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        self._outputs = (out, err)
        try:
            socket.send_fds(line, [_NUMBER.pack(len(request))], [out_end, err_end])
            line.sendall(request)
            self._process = _number(line)
        except OSError:
            os.close(out)
            os.close(err)
            raise
        finally:
            os.close(out_end)
            os.close(err_end)

    def kill(self) -> None:
        """End it; `communicate` then finds the signal as its status."""
        if self.returncode is None:
            self._killed = True
            with suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)

    def communicate(self) -> tuple[bytes, bytes]:
        """Standard output and error, once it has ended."""
        try:
            texts = _drain(self._outputs)
            self.returncode = os.waitstatus_to_exitcode(_number(self._line))
        except OSError:
            if self._killed:
                self.returncode = -signal.SIGKILL
                return b"", b""
            # The helper was lost on the way: the real process it is.
            real = subprocess.Popen(
                self._cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self._env
            )
            self._process = real.pid
            texts = real.communicate()
            self.returncode = real.returncode
        finally:
            self._free.release()
        return texts


def _drain(outputs: tuple[int, int]) -> tuple[bytes, bytes]:
    """Read both descriptors to their ends and close them."""
    texts = dict.fromkeys(outputs, b"")
    with selectors.DefaultSelector() as selector:
        for fd in outputs:
            selector.register(fd, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                data = os.read(key.fd, 1 << 16)
                texts[key.fd] += data
                if not data:
                    selector.unregister(key.fd)
                    os.close(key.fd)
    return texts[outputs[0]], texts[outputs[1]]


def _number(line: socket.socket) -> int:
    data = _exactly(line, _NUMBER.size)
    (value,) = _NUMBER.unpack(data)
    return int(value)


def _exactly(line: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = line.recv(size - len(data))
        if not more:
            raise ConnectionError("the helper is gone")
        data += more
    return data


def _serve(line: socket.socket, recording: Recording, parent: int) -> NoReturn:
    """The helper: run captures until the lab's process is gone."""
    end_with(parent)
    let_go(keep={0, 1, 2, line.fileno()})
    recording.hide()
    while True:
        head, fds, _, _ = socket.recv_fds(line, _NUMBER.size, 2)
        if len(head) < _NUMBER.size or len(fds) != 2:
            os._exit(0)
        request = json.loads(_exactly(line, _NUMBER.unpack(head)[0]))
        helper = os.getpid()
        child = os.fork()
        if child == 0:
            try:
                end_with(helper)
                os.close(line.detach())
                run(request["argv"], request["env"], request["cwd"], fds)
            finally:
                os._exit(1)
        for fd in fds:
            os.close(fd)
        line.sendall(_NUMBER.pack(child))
        line.sendall(_NUMBER.pack(os.waitpid(child, 0)[1]))
