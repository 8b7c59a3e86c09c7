"""`databricks-sdk` drives the jobs API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.conftest import Served

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.jobs import NotebookTask

pytestmark = pytest.mark.engine

ECHO = 'dbutils.notebook.exit(dbutils.widgets.get("a") + dbutils.widgets.get("b"))\n'


@pytest.fixture
def w(here: Served) -> WorkspaceClient:
    """A client as a student makes it."""
    from databricks.sdk import WorkspaceClient

    return WorkspaceClient()


def _notebook(here: Served, name: str, text: str = ECHO, **base: str) -> NotebookTask:
    from databricks.sdk.service.jobs import NotebookTask

    return NotebookTask(here.write(f"{name}.py", text).removesuffix(".py"), base)


def test_a_job_is_created_listed_changed_and_deleted(w: WorkspaceClient, here: Served) -> None:
    """Settings come back as they were given; an update changes some, a reset all."""
    from databricks.sdk.errors import ResourceDoesNotExist
    from databricks.sdk.service.compute import ClusterSpec
    from databricks.sdk.service.jobs import JobCluster, JobSettings, Task

    cluster = JobCluster("own", ClusterSpec(spark_version="x", node_type_id="y", num_workers=2))
    task = Task("only", notebook_task=_notebook(here, "kept"), job_cluster_key="own")
    job_id = w.jobs.create(name="kept", tasks=[task], job_clusters=[cluster]).job_id
    assert job_id
    settings = w.jobs.get(job_id).settings
    assert settings and settings.job_clusters and settings.tasks
    assert [c.as_dict() for c in settings.job_clusters] == [cluster.as_dict()]
    assert settings.tasks[0].as_dict() == task.as_dict()
    assert [j.job_id for j in w.jobs.list(name="KEPT")] == [job_id]
    w.jobs.update(job_id, new_settings=JobSettings(name="renamed", max_concurrent_runs=3))
    assert (changed := w.jobs.get(job_id).settings)
    assert (changed.name, changed.max_concurrent_runs) == ("renamed", 3)
    assert [t.as_dict() for t in changed.tasks or ()] == [task.as_dict()]
    w.jobs.reset(
        job_id, JobSettings(name="anew", tasks=[Task("t", notebook_task=task.notebook_task)])
    )
    assert (reset := w.jobs.get(job_id).settings)
    assert (reset.name, reset.job_clusters, reset.max_concurrent_runs) == ("anew", [], 1)
    w.jobs.delete(job_id)
    with pytest.raises(ResourceDoesNotExist):  # as the SDK reads the refusal, by its words
        w.jobs.get(job_id)


def test_lists_go_on_over_pages(w: WorkspaceClient, here: Served) -> None:
    """More jobs than a page holds are all told."""
    from databricks.sdk.service.jobs import Task

    task = Task("t", notebook_task=_notebook(here, "paged"))
    made = [w.jobs.create(name=f"paged-{n}", tasks=[task]).job_id for n in range(5)]
    found = [j.job_id for j in w.jobs.list(limit=2)]
    assert set(made) <= set(found)
    assert len(found) == len(set(found))


def test_a_run_gets_its_parameters_and_gives_an_exit_value(
    w: WorkspaceClient, here: Served
) -> None:
    """Base parameters, those of the run over them, those of the job over both."""
    from databricks.sdk.service.jobs import JobParameterDefinition, RunResultState, Task

    task = Task("t", notebook_task=_notebook(here, "echo", a="1", b="2"))
    plain = w.jobs.create(name="plain", tasks=[task]).job_id
    given = [JobParameterDefinition(name="b", default="9")]
    with_own = w.jobs.create(name="own", tasks=[task], parameters=given).job_id
    assert plain and with_own
    outputs = []
    for run in (
        w.jobs.run_now(plain).result(),
        w.jobs.run_now(plain, notebook_params={"b": "5"}).result(),
        w.jobs.run_now(with_own).result(),
        w.jobs.run_now(with_own, job_parameters={"b": "7"}).result(),
    ):
        assert run.state and run.state.result_state == RunResultState.SUCCESS
        assert run.tasks and run.tasks[0].run_id
        output = w.jobs.get_run_output(run.tasks[0].run_id)
        assert output.notebook_output
        outputs.append(output.notebook_output.result)
    assert outputs == ["12", "15", "19", "17"]
    assert [r.number_in_job for r in w.jobs.list_runs(job_id=plain)] == [2, 1]


def test_tasks_wait_for_each_other_and_fail_alone(w: WorkspaceClient, here: Served) -> None:
    """The order is that of `depends_on`; what depends on a failed task is not run."""
    from databricks.sdk.errors import InvalidParameterValue
    from databricks.sdk.service.jobs import RunResultState, SparkPythonTask, Task, TaskDependency

    script = here.write("script.py", "import sys\nprint(sys.argv[1:])\n1 / 0\n")
    first = _notebook(here, "first", 'dbutils.jobs.taskValues.set("k", "v")\n')
    job = w.jobs.create(
        name="graph",
        tasks=[
            Task("c", depends_on=[TaskDependency("b")], notebook_task=first),
            Task(
                "b",
                depends_on=[TaskDependency("a")],
                spark_python_task=SparkPythonTask(script, ["{{tasks.a.values.k}}", "x"]),
            ),
            Task("a", notebook_task=first),
        ],
    )
    assert job.job_id
    run = w.jobs.run_now(job.job_id).result()
    assert run.state and run.state.result_state == RunResultState.FAILED
    results = {t.task_key: t.state.result_state for t in run.tasks or () if t.state}
    assert results == {
        "a": RunResultState.SUCCESS,
        "b": RunResultState.FAILED,
        "c": RunResultState.UPSTREAM_FAILED,
    }
    (failed,) = [t for t in run.tasks or () if t.task_key == "b"]
    output = w.jobs.get_run_output(failed.run_id or 0)
    assert output.logs == "['v', 'x']\n"
    assert output.error == "ZeroDivisionError: division by zero"
    assert output.error_trace and "script.py" in output.error_trace
    with pytest.raises(InvalidParameterValue, match="several tasks"):
        w.jobs.get_run_output(run.run_id or 0)


def test_a_run_is_cancelled(w: WorkspaceClient, here: Served) -> None:
    """Its process ends at once, and the run is over."""
    from databricks.sdk.service.jobs import RunResultState, Task

    slow = _notebook(here, "slow", "import time\ntime.sleep(300)\n")
    job_id = w.jobs.create(name="slow", tasks=[Task("t", notebook_task=slow)]).job_id
    assert job_id
    waiter = w.jobs.run_now(job_id)
    w.jobs.cancel_run(waiter.run_id).result()
    run = w.jobs.get_run(waiter.run_id)
    assert run.state and run.state.result_state == RunResultState.CANCELED
    here.settle()


def test_a_token_starts_one_run(w: WorkspaceClient, here: Served) -> None:
    """Runs of a job, and those of none."""
    from databricks.sdk.service.jobs import SubmitTask, Task

    task = _notebook(here, "once", a="1", b="2")
    job_id = w.jobs.create(name="once", tasks=[Task("t", notebook_task=task)]).job_id
    assert job_id
    runs = {w.jobs.run_now(job_id, idempotency_token="k").run_id for _ in range(2)}
    assert len(runs) == 1
    submitted = [SubmitTask("t", notebook_task=task)]
    waiters = [w.jobs.submit(tasks=submitted, idempotency_token="s") for _ in range(2)]
    assert len({waiter.run_id for waiter in waiters}) == 1
    assert not runs & {waiter.run_id for waiter in waiters}
    assert waiters[0].result().state
    here.settle()


def test_what_is_not_there_and_what_is_not_allowed(w: WorkspaceClient, here: Served) -> None:
    """A missing notebook is an error of the run, a wrong token one of the request."""
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.errors import PermissionDenied
    from databricks.sdk.service.jobs import NotebookTask, RunLifeCycleState, Task

    task = Task("t", notebook_task=NotebookTask("/nowhere"))
    job_id = w.jobs.create(name="missing", tasks=[task]).job_id
    assert job_id
    waiter = w.jobs.run_now(job_id)
    here.settle()
    state = w.jobs.get_run(waiter.run_id).state
    assert state and state.life_cycle_state == RunLifeCycleState.INTERNAL_ERROR
    assert state.state_message and "there is no notebook '/nowhere'" in state.state_message
    with pytest.raises(PermissionDenied, match="valid token"):
        WorkspaceClient(host=here.url, token="wrong").jobs.get(job_id)
