"""Runs of jobs: their tasks one after the other, states, and what is told of them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grader.guest.services.context import Context, millis
from grader.guest.services.jobs import settings as job_settings
from grader.guest.services.jobs.settings import Given
from grader.guest.services.jobs.worker import MAX_OUTPUT, Order, Report, Task, Tasks

#: The kind in the journal.
KIND = "run"
#: Seconds that a task may take, if its settings do not say less.
LONGEST = 300.0
#: Characters of a task's output that the journal gets.
TOLD = 4000
_UPSTREAM = "UPSTREAM_FAILED"


@dataclass(slots=True)
class TaskRun:
    """One task in one run. Times are milliseconds since 1970, 0 for what has not come."""

    run_id: int
    spec: Mapping[str, Any]
    state: str = "PENDING"
    result: str = ""
    message: str = ""
    start: int = 0
    end: int = 0
    parameters: Mapping[str, str] | list[str] = field(default_factory=dict)
    report: Report | None = None
    output: str = ""

    @property
    def key(self) -> str:
        """Its `task_key`."""
        return str(self.spec["task_key"])

    def finish(self, result: str, message: str = "", state: str = "TERMINATED") -> None:
        """It is over."""
        self.state, self.result, self.message, self.end = (
            state,
            result,
            message,
            millis(),
        )
        self.start = self.start or self.end


@dataclass(slots=True)
class Run:
    """One run of a job, or of what was submitted once (`job_id` is 0)."""

    run_id: int
    job_id: int
    number: int
    name: str
    settings: Mapping[str, Any]
    given: Given
    asked: Mapping[str, Any]
    parameters: Mapping[str, str]
    tasks: list[TaskRun]
    state: str = "PENDING"
    result: str = ""
    message: str = ""
    start: int = field(default_factory=millis)
    end: int = 0
    cancelled: bool = False
    process: Task | None = None

    @property
    def single(self) -> bool:
        """Whether it has one task."""
        return len(self.tasks) == 1


class Runs:
    """All runs, oldest first."""

    def __init__(self, context: Context, tasks: Tasks) -> None:
        self._context = context
        self._tasks = tasks
        self._ids = 1000
        self._all: dict[int, Run] = {}
        self._numbers: Counter[int] = Counter()
        self._active: Counter[int] = Counter()
        self._turn = threading.Condition()
        self._logs = context.workspace / ".services" / "runs"

    def begin(
        self, job_id: int, name: str, settings: Mapping[str, Any], asked: Mapping[str, Any]
    ) -> Run:
        """Start a run.

        Raises:
            ApiError: its parameters cannot be right.
        """
        given = Given.of(asked)
        parameters = job_settings.parameters_of(settings, given)
        by_key = {str(task["task_key"]): task for task in settings["tasks"]}
        with self._context.lock:
            self._numbers[job_id] += 1
            run_id = self._next()
            order = job_settings.in_order(settings["tasks"])
            tasks = [TaskRun(self._next(), by_key[key]) for key in order]
            run = Run(
                run_id,
                job_id,
                self._numbers[job_id] if job_id else run_id,
                name,
                settings,
                given,
                asked,
                parameters,
                tasks,
            )
            self._all[run_id] = run
        self._context.pending.begin()
        self._note(run)
        threading.Thread(target=self._go, args=(run,), daemon=True).start()
        return run

    def find(self, run_id: int) -> tuple[Run, TaskRun | None] | None:
        """A run, or a task's run within one."""
        if run_id in self._all:
            return self._all[run_id], None
        for run in list(self._all.values()):
            for task in run.tasks:
                if task.run_id == run_id:
                    return run, task
        return None

    def list(self) -> list[Run]:
        """All runs, newest first."""
        return list(reversed(list(self._all.values())))

    def cancel(self, run: Run) -> None:
        """End a run; one that is over stays as it is."""
        with self._turn:
            run.cancelled = True
            if run.process:
                run.process.cancel()
            self._turn.notify_all()

    def delete(self, run: Run) -> None:
        """Forget a run."""
        with self._context.lock:
            self._all.pop(run.run_id, None)
        self._context.journal.drop(KIND, str(run.run_id))

    def _next(self) -> int:
        self._ids += 1
        return self._ids

    def _go(self, run: Run) -> None:
        try:
            most = max(1, int(run.settings.get("max_concurrent_runs") or 1)) if run.job_id else 1
            lane = run.job_id or -run.run_id
            with self._turn:
                if self._active[lane] >= most:
                    run.state = "QUEUED"
                    self._note(run)
                self._turn.wait_for(lambda: self._active[lane] < most or run.cancelled)
                self._active[lane] += 1
            try:
                self._work(run)
            finally:
                with self._turn:
                    self._active[lane] -= 1
                    self._turn.notify_all()
        finally:
            self._context.pending.end()

    def _work(self, run: Run) -> None:
        run.state = "RUNNING"
        self._note(run)
        for task in run.tasks:
            before = [t for t in run.tasks if t.key in job_settings.upstream(task.spec)]
            if run.cancelled:
                task.finish("CANCELED", "Run cancelled.")
            elif not job_settings.runs_after(task.spec, [t.result for t in before]):
                task.finish(_UPSTREAM, "A task that it depends on did not succeed.")
            else:
                self._task(run, task)
            self._note(run)
        bad = [t for t in run.tasks if t.result not in ("SUCCESS", _UPSTREAM)]
        run.end = millis()
        if run.cancelled:
            run.state, run.result, run.message = "TERMINATED", "CANCELED", "Run cancelled."
        elif bad:
            first = bad[0]
            alone = run.single and first.state == "INTERNAL_ERROR"
            run.state = "INTERNAL_ERROR" if alone else "TERMINATED"
            run.result = first.result if run.single else "FAILED"
            run.message = f"Task {first.key} failed with message: {first.message}"
        else:
            run.state, run.result = "TERMINATED", "SUCCESS"
        self._note(run)

    def _task(self, run: Run, task: TaskRun) -> None:
        notebook = "notebook_task" in task.spec
        done = {t.key: t.report.values for t in run.tasks if t.report}
        values = _references(run, task, done)
        widgets: dict[str, str] = {}
        arguments: list[str] = []
        if notebook:
            widgets = job_settings.widgets_of(task.spec, run.given, run.parameters, values)
        else:
            arguments = job_settings.arguments_of(task.spec, run.given, values)
        task.parameters = widgets if notebook else arguments
        task.state, task.start = "RUNNING", millis()
        self._note(run)
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{task.run_id}.log"
        kind = "notebook_task" if notebook else "spark_python_task"
        where = task.spec[kind]["notebook_path" if notebook else "python_file"]
        seconds = float(task.spec.get("timeout_seconds") or run.settings["timeout_seconds"] or 0)
        order = Order(
            where, notebook, widgets, arguments, done, self._context.environment(), str(log)
        )
        try:
            process = self._tasks.begin(order)
        except OSError:
            task.finish("FAILED", "Jobs cannot be run any more.", "INTERNAL_ERROR")
            return
        with self._turn:
            run.process = process
            if run.cancelled:
                process.cancel()
        report = process.wait(min(seconds, LONGEST) if seconds > 0 else LONGEST)
        with self._turn:
            run.process = None
        task.report = report
        with log.open("rb") if log.is_file() else log.open("w+b") as text:
            task.output = text.read(MAX_OUTPUT).decode("utf-8", "replace")
        state = "INTERNAL_ERROR" if report.absent else "TERMINATED"
        task.finish(report.result, report.error, state)

    def _note(self, run: Run) -> None:
        """Write a run into the journal, as the checks of a lab see it."""
        tasks = [
            {
                "key": t.key,
                "state": t.state,
                "result": t.result,
                "parameters": t.parameters,
                "exit": t.report.exit if t.report else None,
                "error": t.message,
                "output": t.output[:TOLD],
            }
            for t in run.tasks
        ]
        told = {
            "run_id": run.run_id,
            "job_id": run.job_id,
            "name": run.name,
            "state": run.state,
            "result": run.result,
            "notebook_params": dict(run.given.notebook),
            "job_parameters": dict(run.parameters),
            "tasks": tasks,
        }
        self._context.journal.put(KIND, str(run.run_id), told)


def _references(run: Run, task: TaskRun, done: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """What `{{...}}` in a task's parameters may name."""
    values = {
        "job_id": run.job_id,
        "job.id": run.job_id,
        "job.name": run.name,
        "run_id": task.run_id,
        "parent_run_id": run.run_id,
        "job.run_id": run.run_id,
        "task.run_id": task.run_id,
        "task_key": task.key,
        "task.name": task.key,
        **{f"job.parameters.{name}": value for name, value in run.parameters.items()},
    }
    for key, left in done.items():
        values.update({f"tasks.{key}.values.{name}": value for name, value in left.items()})
    return {name: value if isinstance(value, str) else f"{value}" for name, value in values.items()}
