"""What a job is to do, as data: tasks, their order, and the parameters that each one gets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from grader.guest.services.errors import invalid

#: Kinds of tasks that run here.
KINDS = ("notebook_task", "spark_python_task")
#: When a task runs, by the results of those that it depends on: how many succeeded, failed.
_RUN_IF: dict[str, Callable[[int, int], bool]] = {
    "ALL_SUCCESS": lambda good, bad: bad == 0,
    "ALL_DONE": lambda good, bad: True,
    "NONE_FAILED": lambda good, bad: bad == 0,
    "AT_LEAST_ONE_SUCCESS": lambda good, bad: good > 0,
    "ALL_FAILED": lambda good, bad: good == 0,
    "AT_LEAST_ONE_FAILED": lambda good, bad: bad > 0,
}
_KEY = re.compile(r"[\w-]{1,100}", re.ASCII)
_REFERENCE = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")
_DEFAULTS = {
    "name": "Untitled",
    "max_concurrent_runs": 1,
    "timeout_seconds": 0,
    "email_notifications": {},
    "format": "MULTI_TASK",
}


@dataclass(frozen=True, slots=True)
class Given:
    """The parameters that one run was started with."""

    notebook: Mapping[str, str]
    python: Sequence[str] | None
    job: Mapping[str, str]

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> Given:
        """Those of a `run-now`.

        Raises:
            ApiError: they have another form.
        """
        python = asked.get("python_params")
        return cls(
            texts(asked.get("notebook_params"), "notebook_params"),
            None if python is None else text_list(python, "python_params"),
            texts(asked.get("job_parameters"), "job_parameters"),
        )


def settings_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """A job's settings, complete: tasks are checked, the rest is kept as it is.

    Jobs of API 2.0 have one task and no key for it; they get the form of the later ones.

    Raises:
        ApiError: a task, or how they depend on each other, cannot be right.
    """
    settings = {**_DEFAULTS, **asked}
    single = [kind for kind in KINDS if kind in settings]
    if single and not settings.get("tasks"):
        task = {kind: settings.pop(kind) for kind in single}
        for name in ("existing_cluster_id", "new_cluster", "libraries", "max_retries"):
            if name in settings:
                task[name] = settings.pop(name)
        settings["tasks"] = [{"task_key": "main", **task}]
        settings["format"] = "SINGLE_TASK"
    tasks = settings.get("tasks")
    if not isinstance(tasks, list) or not tasks or not all(isinstance(t, dict) for t in tasks):
        raise invalid("'tasks' must be a list of at least one task")
    clusters = _names(settings.get("job_clusters"), "job_clusters", "job_cluster_key")
    _names(settings.get("parameters"), "parameters", "name")
    for task in tasks:
        _check(task, clusters)
    in_order(tasks)
    return settings


def in_order(tasks: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys of tasks, each after those that it depends on, else as they are given.

    Raises:
        ApiError: a key is there twice or missing, or tasks depend on each other in a circle.
    """
    keys = [str(task["task_key"]) for task in tasks]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise invalid(f"two tasks have the task_key {twice[0]!r}")
    before = {str(task["task_key"]): upstream(task) for task in tasks}
    for key, needed in before.items():
        for other in needed:
            if other not in before:
                raise invalid(f"the task {key!r} depends on {other!r}, which is no task")
    sorter = TopologicalSorter(before)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise invalid(f"tasks depend on each other in a circle: {circle}") from None
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=keys.index)
        order += ready
        sorter.done(*ready)
    return order


def upstream(task: Mapping[str, Any]) -> list[str]:
    """The keys of the tasks that one depends on."""
    return [str(d.get("task_key")) for d in task.get("depends_on") or () if isinstance(d, dict)]


def runs_after(task: Mapping[str, Any], results: Iterable[str]) -> bool:
    """Whether a task runs, when those it depends on ended with these results."""
    ended = list(results)
    good = ended.count("SUCCESS")
    rule = _RUN_IF[task.get("run_if") or "ALL_SUCCESS"]
    return not ended or rule(good, len(ended) - good)


def parameters_of(settings: Mapping[str, Any], given: Given) -> dict[str, str]:
    """A job's own parameters in one run, defaults included.

    Raises:
        ApiError: one was given that the job does not have.
    """
    known = {p["name"]: str(p.get("default", "")) for p in settings.get("parameters") or ()}
    strange = sorted(given.job.keys() - known.keys())
    if strange:
        raise invalid(f"the job has no parameter {strange[0]!r}")
    return {**known, **given.job}


def widgets_of(
    task: Mapping[str, Any], given: Given, job: Mapping[str, str], values: Mapping[str, str]
) -> dict[str, str]:
    """What a notebook's widgets are set to: its own, those of the run, those of the job."""
    base = texts(task["notebook_task"].get("base_parameters"), "base_parameters")
    merged = {**base, **given.notebook, **job}
    return {name: filled(value, values) for name, value in merged.items()}


def arguments_of(task: Mapping[str, Any], given: Given, values: Mapping[str, str]) -> list[str]:
    """What a Python file finds in `sys.argv` after its name."""
    own = text_list(task["spark_python_task"].get("parameters") or [], "parameters")
    return [filled(v, values) for v in (own if given.python is None else given.python)]


def filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with the values of its `{{references}}`; one that is unknown stays as it is."""
    return _REFERENCE.sub(lambda found: values.get(found[1], found[0]), text)


def merged(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Settings after an update: tasks and clusters are replaced by key, all else by name."""
    made = {**settings, **changes}
    for name, key in (("tasks", "task_key"), ("job_clusters", "job_cluster_key")):
        if isinstance(settings.get(name), list) and isinstance(changes.get(name), list):
            both = [e for e in [*settings[name], *changes[name]] if isinstance(e, dict)]
            made[name] = list({entry.get(key): entry for entry in both}.values())
    return made


def texts(value: Any, name: str) -> dict[str, str]:
    """A mapping of texts; numbers and the like are written as JSON.

    Raises:
        ApiError: it is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid(f"{name!r} must be an object of texts")
    return {str(k): v if isinstance(v, str) else json.dumps(v) for k, v in value.items()}


def text_list(value: Any, name: str) -> list[str]:
    """A list of texts. Raises as `texts` does."""
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise invalid(f"{name!r} must be a list of texts")
    return value


def _names(value: Any, name: str, key: str) -> set[str]:
    entries = value or []
    if not isinstance(entries, list) or not all(
        isinstance(e, dict) and isinstance(e.get(key), str) for e in entries
    ):
        raise invalid(f"{name!r} must be a list of objects with {key!r}")
    return {entry[key] for entry in entries}


def _check(task: Mapping[str, Any], clusters: set[str]) -> None:
    """Raise an ApiError for a task that cannot run."""
    key = task.get("task_key")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise invalid("each task must have a 'task_key' of letters, digits, '-' and '_'")
    kinds = sorted(name for name in task if name.endswith("_task"))
    if len(kinds) != 1 or kinds[0] not in KINDS:
        have = ", ".join(kinds) or "none"
        raise invalid(f"the task {key!r} must have one of {' and '.join(KINDS)} (got {have})")
    what = task[kinds[0]]
    where = "notebook_path" if kinds[0] == "notebook_task" else "python_file"
    if not isinstance(what, dict) or not isinstance(what.get(where), str) or not what[where]:
        raise invalid(f"the {kinds[0]} of {key!r} must have a {where!r}")
    if where == "notebook_path":
        if not what[where].startswith("/"):
            raise invalid(f"'notebook_path' must be absolute and begin with '/' ({what[where]!r})")
        texts(what.get("base_parameters"), "base_parameters")
    else:
        text_list(what.get("parameters") or [], "parameters")
    cluster = task.get("job_cluster_key")
    if cluster is not None and cluster not in clusters:
        raise invalid(f"the task {key!r} needs the job cluster {cluster!r}, which is not defined")
    if (task.get("run_if") or "ALL_SUCCESS") not in _RUN_IF:
        raise invalid(f"'run_if' must be one of {', '.join(_RUN_IF)} (got {task['run_if']!r})")
