"""What a lab's workspace services have and did, as its checks see it.

The services run behind the wall in the student's own enclosure, so that all of this is the
student's word, as the tracking store is. Let a check cause what it judges, by `lab.call`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any

from grader.labs.serving import Endpoint, Invocation, endpoint_of, invocation_of


@dataclass(frozen=True, slots=True)
class Webhook:
    """A registry webhook. It has a `url` or a `job_id`; `model` is None if it is for all."""

    id: str
    events: Sequence[str]
    model: str | None
    status: str
    description: str
    url: str | None
    job_id: int | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a webhook sent. `status` is the HTTP status of the last answer, None without one."""

    webhook: str
    event: str
    target: str
    payload: Mapping[str, Any]
    test: bool
    status: int | None
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class Received:
    """What came to `/hooks/NAME`. Names of headers are in lower case."""

    hook: str
    method: str
    headers: Mapping[str, str]
    body: str
    status: int

    @property
    def payload(self) -> Mapping[str, Any]:
        """The body's JSON object; empty if it holds none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Job:
    """A job, with the settings that it was given and their defaults."""

    id: int
    settings: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.settings.get("name", ""))

    @property
    def tasks(self) -> Sequence[Mapping[str, Any]]:
        """The settings of its tasks."""
        found = self.settings.get("tasks")
        return [t for t in found if isinstance(t, dict)] if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class TaskRun:
    """A task of a run. `parameters` are those of its notebook, or a Python file's arguments;
    `exit` is what the notebook exited with."""

    key: str
    state: str
    result: str
    parameters: Mapping[str, str] | Sequence[str]
    exit: str | None
    error: str
    output: str


@dataclass(frozen=True, slots=True)
class JobRun:
    """A run of a job (0: of none). `result` is empty until its `state` is TERMINATED."""

    id: int
    job_id: int
    name: str
    state: str
    result: str
    notebook_params: Mapping[str, str]
    job_parameters: Mapping[str, str]
    tasks: Sequence[TaskRun]

    def task(self, key: str) -> TaskRun | None:
        """The run of the task `key`."""
        return next((t for t in self.tasks if t.key == key), None)


@dataclass(frozen=True, slots=True)
class Workspace:
    """All there is, oldest first; of `endpoints`, those that were not deleted. `settled` says
    whether deliveries, runs and deployments were over."""

    settled: bool
    webhooks: Sequence[Webhook]
    deliveries: Sequence[Delivery]
    received: Sequence[Received]
    jobs: Sequence[Job]
    runs: Sequence[JobRun]
    endpoints: Sequence[Endpoint]
    invocations: Sequence[Invocation]

    def runs_of(self, job_id: int) -> list[JobRun]:
        """The runs of one job."""
        return [r for r in self.runs if r.job_id == job_id]

    def received_at(self, hook: str) -> list[Received]:
        """What came to one hook."""
        return [r for r in self.received if r.hook == hook]

    def endpoint(self, name: str) -> Endpoint | None:
        """The serving endpoint of this name."""
        return next((e for e in self.endpoints if e.name == name), None)

    def invocations_of(self, endpoint: str) -> list[Invocation]:
        """The queries of one serving endpoint."""
        return [i for i in self.invocations if i.endpoint == endpoint]


def made_of(found: Mapping[str, Any], *, settled: bool) -> Workspace:
    """The inspector's answer in our terms.

    Raises:
        TypeError, KeyError, AttributeError: it has another form than our own code gives it.
    """
    return Workspace(
        settled,
        [_webhook(w) for w in found.get("webhook", ())],
        [_delivery(d) for d in found.get("delivery", ())],
        [_received(r) for r in found.get("received", ())],
        [Job(_whole(j["job_id"]), dict(j["settings"])) for j in found.get("job", ())],
        [_run(r) for r in found.get("run", ())],
        [endpoint_of(e) for e in found.get("endpoint", ())],
        [invocation_of(i) for i in found.get("invocation", ())],
    )


def _webhook(found: Mapping[str, Any]) -> Webhook:
    http, job = found.get("http_url_spec"), found.get("job_spec")
    return Webhook(
        id=str(found["id"]),
        events=[str(event) for event in found["events"]],
        model=_text(found.get("model_name")),
        status=str(found["status"]),
        description=str(found["description"]),
        url=str(http["url"]) if http else None,
        job_id=_whole(job["job_id"]) if job else None,
    )


def _delivery(found: Mapping[str, Any]) -> Delivery:
    return Delivery(
        webhook=str(found["webhook"]),
        event=str(found["event"]),
        target=str(found["target"]),
        payload=dict(found["payload"]),
        test=found["test"] is True,
        status=None if found["status"] is None else _whole(found["status"]),
        attempts=_whole(found["attempts"]),
        error=str(found["error"]),
    )


def _received(found: Mapping[str, Any]) -> Received:
    headers = {str(name).lower(): str(value) for name, value in found["headers"].items()}
    hook, method, body = (str(found[name]) for name in ("hook", "method", "body"))
    return Received(hook, method, headers, body, _whole(found["status"]))


def _run(found: Mapping[str, Any]) -> JobRun:
    return JobRun(
        id=_whole(found["run_id"]),
        job_id=_whole(found["job_id"]),
        name=str(found["name"]),
        state=str(found["state"]),
        result=str(found["result"]),
        notebook_params=_texts(found["notebook_params"]),
        job_parameters=_texts(found["job_parameters"]),
        tasks=[_task(task) for task in found["tasks"]],
    )


def _task(found: Mapping[str, Any]) -> TaskRun:
    given = found["parameters"]
    return TaskRun(
        key=str(found["key"]),
        state=str(found["state"]),
        result=str(found["result"]),
        parameters=_texts(given) if isinstance(given, dict) else [str(v) for v in given],
        exit=_text(found["exit"]),
        error=str(found["error"]),
        output=str(found["output"]),
    )


def _texts(value: Mapping[Any, Any]) -> dict[str, str]:
    return {str(key): str(text) for key, text in value.items()}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _whole(value: Any) -> int:
    digits = isinstance(value, str) and value.isdecimal() and len(value) < 20
    return int(value) if digits else index(value)
