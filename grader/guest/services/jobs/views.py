"""Jobs and their runs as the jobs API tells them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grader.guest.services.context import USER
from grader.guest.services.jobs.runs import Run, TaskRun


@dataclass(slots=True)
class Job:
    """A job. `created` is in milliseconds since 1970."""

    job_id: int
    settings: dict[str, Any]
    created: int


def job_json(job: Job, *, tasks: bool = True) -> dict[str, Any]:
    """A job; lists leave its tasks out."""
    hidden = () if tasks else ("tasks", "job_clusters", "parameters")
    return {
        "job_id": job.job_id,
        "creator_user_name": USER,
        "run_as_user_name": USER,
        "created_time": job.created,
        "settings": {k: v for k, v in job.settings.items() if k not in hidden},
    }


def output_json(run: Run, task: TaskRun, url: str) -> dict[str, Any]:
    """What came of one task."""
    told: dict[str, Any] = {"metadata": {**run_json(run, url), **task_json(task), "tasks": []}}
    report = task.report
    if report and "notebook_task" in task.spec:
        left = {"result": report.exit, "truncated": False} if report.exit is not None else {}
        told["notebook_output"] = left
    else:
        told["logs"], told["logs_truncated"] = task.output, False
    if task.result and task.result != "SUCCESS":
        told["error"] = task.message
        if report and report.trace:
            told["error_trace"] = report.trace
    return told


def state_json(run: Run | TaskRun) -> dict[str, Any]:
    """A state, as `runs/get` tells it."""
    ended = bool(run.result)
    state = {
        "life_cycle_state": run.state,
        "state_message": run.message,
        "user_cancelled_or_timedout": run.result in ("CANCELED", "TIMEDOUT"),
        **({"result_state": run.result} if ended else {}),
    }
    status: dict[str, Any] = {"state": "TERMINATED" if ended else run.state}
    if ended:
        good = run.result == "SUCCESS"
        status["termination_details"] = {
            "code": "SUCCESS" if good else "RUN_EXECUTION_ERROR",
            "type": "SUCCESS" if good else "CLIENT_ERROR",
            "message": run.message,
        }
    times = {"start_time": run.start, "end_time": run.end, "setup_duration": 0}
    spent = max(0, run.end - run.start) if ended else 0
    return {
        "state": state,
        "status": status,
        **times,
        "execution_duration": spent,
        "run_duration": spent,
        "cleanup_duration": 0,
    }


def task_json(task: TaskRun) -> dict[str, Any]:
    """A task's run, as `runs/get` tells it."""
    return {"run_id": task.run_id, "attempt_number": 0, **task.spec, **state_json(task)}


def run_json(run: Run, url: str) -> dict[str, Any]:
    """A run, as `runs/get` tells it."""
    given = {k: run.asked[k] for k in ("notebook_params", "python_params") if run.asked.get(k)}
    of_job = {"job_id": run.job_id, "run_type": "JOB_RUN"}
    return {
        "run_id": run.run_id,
        **(of_job if run.job_id else {"run_type": "SUBMIT_RUN"}),
        "number_in_job": run.number,
        "original_attempt_run_id": run.run_id,
        "run_name": run.name,
        "run_page_url": f"{url}/#job/{run.job_id}/run/{run.run_id}",
        "creator_user_name": USER,
        "trigger": "ONE_TIME",
        "format": run.settings.get("format", "MULTI_TASK"),
        **({"overriding_parameters": given} if given else {}),
        "job_parameters": [{"name": n, "value": v} for n, v in run.parameters.items()],
        **state_json(run),
        "tasks": [task_json(task) for task in run.tasks],
    }
