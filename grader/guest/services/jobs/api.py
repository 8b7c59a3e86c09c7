"""The jobs API: versions 2.0, 2.1 and 2.2 are served alike.

Schedules, clusters, notifications and libraries are kept and told, and nothing else.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, jsonify

from grader.guest.services.asked import fields, flag, whole
from grader.guest.services.context import Context, millis
from grader.guest.services.errors import ApiError, invalid, missing
from grader.guest.services.jobs import settings as job_settings
from grader.guest.services.jobs.runs import Run, Runs, TaskRun
from grader.guest.services.jobs.views import Job, job_json, output_json, run_json, task_json
from grader.guest.services.jobs.worker import Tasks

#: The kind in the journal.
KIND = "job"
_VERSIONS = ("2.0", "2.1", "2.2")
_NOT_SETTINGS = ("job_id", "idempotency_token", "access_control_list", "run_name")


class Jobs:
    """All jobs, oldest first, and their runs."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._runs = Runs(context, Tasks(context.places, context.file.parent))
        self._ids = itertools.count(101)
        self._all: dict[int, Job] = {}
        self._tokens: dict[str, int] = {}

    def create(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A new job."""
        settings = job_settings.settings_of(_settings_in(asked))
        job = Job(next(self._ids), settings, millis())
        self._keep(job)
        return {"job_id": job.job_id}

    def get(self, asked: dict[str, Any]) -> dict[str, Any]:
        """One job."""
        return job_json(self._job(asked))

    def list(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A page of jobs, newest first; those of a name, if asked for."""
        name = asked.get("name")
        found = [
            job_json(job, tasks=flag(asked, "expand_tasks"))
            for job in reversed(list(self._all.values()))
            if not name or str(job.settings["name"]).lower() == str(name).lower()
        ]
        return _page("jobs", found, asked)

    def reset(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Replace a job's settings."""
        job = self._job(asked)
        job.settings = job_settings.settings_of(_object(asked, "new_settings"))
        self._keep(job)
        return {}

    def update(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Change some of a job's settings."""
        job = self._job(asked)
        changes = _object(asked, "new_settings") if "new_settings" in asked else {}
        settings = job_settings.merged(job.settings, changes)
        for name in job_settings.text_list(asked.get("fields_to_remove") or [], "fields_to_remove"):
            settings.pop(name, None)
        job.settings = job_settings.settings_of(settings)
        self._keep(job)
        return {}

    def delete(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Remove a job; its runs stay."""
        job = self._job(asked)
        with self._context.lock:
            del self._all[job.job_id]
        self._context.journal.drop(KIND, str(job.job_id))
        return {}

    def run_now(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Start a run of a job; the same token starts no other."""
        job = self._job(asked)
        name = str(job.settings["name"])
        run = self._once(asked, lambda: self._runs.begin(job.job_id, name, job.settings, asked))
        return {"run_id": run.run_id, "number_in_job": run.number}

    def submit(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Start a run of no job."""
        settings = job_settings.settings_of(_settings_in(asked))
        name = str(asked.get("run_name") or "Untitled")
        run = self._once(asked, lambda: self._runs.begin(0, name, settings, {}))
        return {"run_id": run.run_id}

    def get_run(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A run, or that of a task."""
        run, task = self._run(asked)
        told = run_json(run, self._context.url)
        return {**told, **task_json(task), "tasks": []} if task else told

    def list_runs(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A page of runs, newest first; those of a job, if asked for."""
        job_id = whole(asked, "job_id", 0)
        active, completed = flag(asked, "active_only"), flag(asked, "completed_only")
        if active and completed:
            raise invalid("ask for 'active_only' or 'completed_only', not both")
        found = []
        for run in self._runs.list():
            wanted = not job_id or run.job_id == job_id
            if wanted and not (active and run.result) and not (completed and not run.result):
                told = run_json(run, self._context.url)
                if not flag(asked, "expand_tasks"):
                    told.pop("tasks")
                found.append(told)
        return _page("runs", found, asked)

    def get_output(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What came of a task; of a run, if it has just one."""
        run, task = self._run(asked)
        if task is None and not run.single:
            raise invalid("a run of several tasks has no output: ask for that of one task's run_id")
        return output_json(run, task or run.tasks[0], self._context.url)

    def cancel(self, asked: dict[str, Any]) -> dict[str, Any]:
        """End a run."""
        self._runs.cancel(self._run(asked)[0])
        return {}

    def cancel_all(self, asked: dict[str, Any]) -> dict[str, Any]:
        """End all runs of a job."""
        job = self._job(asked)
        for run in self._runs.list():
            if run.job_id == job.job_id and not run.result:
                self._runs.cancel(run)
        return {}

    def delete_run(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Forget a run that is over."""
        run, _ = self._run(asked)
        if not run.result:
            raise ApiError(400, "INVALID_STATE", f"the run {run.run_id} is not over")
        self._runs.delete(run)
        return {}

    def _keep(self, job: Job) -> None:
        with self._context.lock:
            self._all[job.job_id] = job
        told = {"job_id": job.job_id, "settings": job.settings}
        self._context.journal.put(KIND, str(job.job_id), told)

    def _job(self, asked: dict[str, Any]) -> Job:
        job_id = whole(asked, "job_id")
        if job_id not in self._all:
            # A bad request, as on Databricks, and not 404.
            raise ApiError(400, "INVALID_PARAMETER_VALUE", f"Job {job_id} does not exist.")
        return self._all[job_id]

    def _run(self, asked: dict[str, Any]) -> tuple[Run, TaskRun | None]:
        run_id = whole(asked, "run_id")
        found = self._runs.find(run_id)
        if found is None:
            raise missing(f"Run {run_id} does not exist.")
        return found

    def _once(self, asked: Mapping[str, Any], begin: Callable[[], Run]) -> Run:
        token = asked.get("idempotency_token")
        with self._context.lock:
            earlier = self._runs.find(self._tokens.get(str(token), 0)) if token else None
            if earlier:
                return earlier[0]
            run = begin()
            if token:
                self._tokens[str(token)] = run.run_id
            return run


def _settings_in(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in asked.items() if key not in _NOT_SETTINGS}


def _object(asked: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = asked.get(name)
    if not isinstance(value, dict):
        raise invalid(f"{name!r} must be an object")
    return value


def _page(name: str, found: list[dict[str, Any]], asked: dict[str, Any]) -> dict[str, Any]:
    first = whole(asked, "page_token", whole(asked, "offset", 0))
    last = first + min(max(whole(asked, "limit", 20), 1), 100)
    more = len(found) > last
    page: dict[str, Any] = {"has_more": more}
    if found[first:last]:
        page[name] = found[first:last]
    return {**page, "next_page_token": str(last)} if more else page


def blueprint(context: Context) -> Blueprint:
    """The paths of all versions."""
    part = Blueprint("jobs", __name__)
    jobs = Jobs(context)
    for path, method, answer in (
        ("create", "POST", jobs.create),
        ("get", "GET", jobs.get),
        ("list", "GET", jobs.list),
        ("reset", "POST", jobs.reset),
        ("update", "POST", jobs.update),
        ("delete", "POST", jobs.delete),
        ("run-now", "POST", jobs.run_now),
        ("runs/submit", "POST", jobs.submit),
        ("runs/get", "GET", jobs.get_run),
        ("runs/list", "GET", jobs.list_runs),
        ("runs/get-output", "GET", jobs.get_output),
        ("runs/cancel", "POST", jobs.cancel),
        ("runs/cancel-all", "POST", jobs.cancel_all),
        ("runs/delete", "POST", jobs.delete_run),
    ):
        for version in _VERSIONS:
            name = f"{path.replace('/', '-')}-{version.replace('.', '-')}"
            view = _view(answer)
            part.add_url_rule(f"/api/{version}/jobs/{path}", name, view, methods=[method])
    return part


def _view(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[], Response]:
    return lambda: jsonify(answer(fields()))
