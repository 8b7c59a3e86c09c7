"""Run the tasks of jobs, each in a process of its own.

They come from a nursery. A task tells what came of it through a pipe; one that ends without a word
was killed, or ended itself.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import traceback
import types
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.guest import capture
from grader.guest.dbutils import DBUtils
from grader.guest.display import display
from grader.guest.notebooks import NotebookError, Shelf, execute
from grader.guest.nursery import Nursery
from grader.guest.places import Places
from grader.guest.task_values import TaskValues

#: Characters kept of an error's trace and of a task's output.
MAX_TRACE = 8000
MAX_OUTPUT = 1 << 16


@dataclass(frozen=True, slots=True)
class Order:
    """One task to run: a notebook with `widgets`, or a Python file with `arguments`.

    `before` are values that the tasks before it left, by task and key.
    """

    path: str
    notebook: bool
    widgets: Mapping[str, str]
    arguments: list[str]
    before: Mapping[str, Mapping[str, Any]]
    environment: Mapping[str, str]
    log: str


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a task. `exit` is what its notebook exited with, `values` what it left."""

    result: str
    exit: str | None = None
    error: str = ""
    trace: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    #: It never began, since there is nothing at its path.
    absent: bool = False


class Task:
    """A task's process."""

    def __init__(self, answers: int) -> None:
        self._answers = answers
        self._text = b""
        told = self._line(time.monotonic() + 60)
        self._pid = int(json.loads(told)["pid"]) if told else 0
        #: Somebody asked for its end.
        self.cancelled = False

    def wait(self, seconds: float) -> Report:
        """What came of it; it has so many seconds."""
        end = time.monotonic() + seconds
        told = self._line(end)
        self._kill()
        os.close(self._answers)
        if self.cancelled:
            return Report("CANCELED", error="Run cancelled.")
        if told:
            return Report(**json.loads(told))
        if time.monotonic() >= end:
            return Report("TIMEDOUT", error=f"Timed out after {seconds:g} seconds.")
        return Report("FAILED", error="The task's process ended without a result.")

    def cancel(self) -> None:
        """End it."""
        self.cancelled = True
        self._kill()

    def _kill(self) -> None:
        if self._pid:
            with suppress(ProcessLookupError):
                os.killpg(self._pid, signal.SIGKILL)

    def _line(self, end: float) -> bytes:
        """One line of the process's; nothing if it ends first, or time does."""
        while b"\n" not in self._text:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, end - time.monotonic()))
            data = os.read(self._answers, 1 << 16) if ready else b""
            if not data:
                return b""
            self._text += data
        line, _, self._text = self._text.partition(b"\n")
        return line


class Tasks:
    """Begins tasks; to be made while this process has one thread."""

    def __init__(self, places: Places, home: Path) -> None:
        shelf = Shelf(places, home)
        self._nursery = Nursery(lambda order, fds: _be_task(shelf, Order(**order), *fds))

    def begin(self, order: Order) -> Task:
        """A process that works on an order.

        Raises:
            OSError: there can be none.
        """
        answers, end = os.pipe()
        try:
            self._nursery.order({name: getattr(order, name) for name in Order.__slots__}, [end])
        finally:
            os.close(end)
        return Task(answers)


def _be_task(shelf: Shelf, order: Order, answers: int) -> None:
    os.setsid()
    os.write(answers, json.dumps({"pid": os.getpid()}).encode() + b"\n")
    for name in [n for n in os.environ if n.startswith("_MLFLOW_SERVER_")]:
        del os.environ[name]
    log = os.open(order.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(order.environment)
    os.chdir(shelf.places.workspace)
    with suppress(RuntimeError):  # nothing was preloaded: then MLflow starts its own process
        capture.install()
    report = work(order, shelf)
    try:
        text_of = json.dumps({name: getattr(report, name) for name in Report.__slots__})
    except (TypeError, ValueError) as error:
        text_of = json.dumps({"result": "FAILED", "error": f"a task value is no JSON: {error}"})
    data = memoryview(text_of.encode() + b"\n")
    while data:
        data = data[os.write(answers, data) :]


def _trace(error: BaseException) -> str:
    """How an error came about, from the task's own file on."""
    step = error.__traceback__
    while step and step.tb_frame.f_code.co_filename in (__file__, execute.__code__.co_filename):
        step = step.tb_next
    return "".join(traceback.format_exception(type(error), error, step))


def work(order: Order, shelf: Shelf) -> Report:
    """Run what an order asks for, in this process."""
    try:
        file = shelf.find(order.path)
    except NotebookError as error:
        return Report("FAILED", error=str(error), absent=True)
    values = TaskValues(order.before)
    module = types.ModuleType("__main__")
    names = module.__dict__
    root = shelf.places.workspace / "dbfs"
    utils = DBUtils(root, shelf, names, order.widgets, values)
    names.update(__file__=str(file), dbutils=utils, display=display)
    sys.modules["__main__"] = module
    sys.argv = [str(file), *order.arguments]
    sys.path += [str(file.parent), str(shelf.home)]
    try:
        left = execute(shelf.code(file), names)
    except SystemExit as leaving:
        if leaving.code not in (None, 0):
            return Report("FAILED", error=f"SystemExit: {leaving.code}", values=values.made)
        left = None
    except BaseException as error:
        trace = shelf.places.shown(_trace(error))[-MAX_TRACE:]
        return Report("FAILED", error=f"{type(error).__name__}: {error}"[:2000], trace=trace)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return Report("SUCCESS", exit=left, values=values.made)
