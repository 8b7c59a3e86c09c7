"""A lab's workspace services, behind the wall: what a student's file reaches, what checks see."""

from __future__ import annotations

import pytest

from grader.labs.lab import Lab
from tests.engine.conftest import Runs

pytestmark = pytest.mark.engine

RUNTIME = ("mlflow", "workspace")
PIPELINE = '''
import os
from pathlib import Path

import mlflow
import mlflow.sklearn
import pandas as pd
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.jobs import NotebookTask, Task, TaskDependency
from databricks_registry_webhooks import HttpUrlSpec, JobSpec, RegistryWebhooksClient
from sklearn.linear_model import LogisticRegression

NOTEBOOK = """
import json
import mlflow
import mlflow.sklearn

told = json.loads(dbutils.widgets.get("event_message"))
uri = f"models:/{told['model_name']}/{told['version']}"
model = mlflow.sklearn.load_model(uri)
with mlflow.start_run(run_name="retrained"):
    mlflow.sklearn.log_model(model, name="model")
dbutils.jobs.taskValues.set("version", told["version"])
dbutils.notebook.exit(uri)
"""
Path("check.py").write_text(NOTEBOOK)
Path("say.py").write_text('print("said"); raise ValueError(dbutils.widgets.get("of"))')

X, y = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0]}), [0, 0, 1, 1]
with mlflow.start_run(run_name="first"):
    model = LogisticRegression().fit(X, y)
    mlflow.sklearn.log_model(model, "model", registered_model_name="gate")

here = os.environ["DATABRICKS_HOST"]
w = WorkspaceClient()
told = NotebookTask("/say", base_parameters={"of": "{{tasks.check.values.version}}"})
tasks = [
    Task("say", depends_on=[TaskDependency("check")], notebook_task=told),
    Task("check", notebook_task=NotebookTask("/Workspace/check")),
]
job_id = w.jobs.create(name="nightly", tasks=tasks).job_id
hooks = RegistryWebhooksClient()
to_job = JobSpec(job_id, os.environ["DATABRICKS_TOKEN"])
hooks.create_webhook(["MODEL_VERSION_TRANSITIONED_TO_STAGING"], job_spec=to_job, model_name="gate")
hooks.create_webhook(["MODEL_VERSION_TRANSITIONED_STAGE"], HttpUrlSpec(f"{here}/hooks/ops", "key"))


def promote(stage):
    mlflow.MlflowClient().transition_model_version_stage("gate", 1, stage)


def mine():
    return os.getpid()
'''


def test_a_transition_runs_a_job_and_is_delivered(runs: Runs) -> None:
    """Student code sets up webhooks and a job; a check's call sets them off and sees all of it.
    Models logged over HTTP, by the file and by a job, are where the inspector looks."""
    session = runs(PIPELINE, RUNTIME)
    assert session.stopped == ""
    lab = Lab(session, {})
    before = lab.workspace
    assert before.settled
    assert [job.name for job in before.jobs] == ["nightly"]
    assert [(w.model, w.job_id is None) for w in before.webhooks] == [("gate", False), (None, True)]
    assert (before.runs, before.received, before.deliveries) == ([], [], [])

    lab.call("promote", "Staging", returns=None)
    after = lab.workspace
    assert after.settled
    (run,) = after.runs_of(before.jobs[0].id)
    assert (run.state, run.result) == ("TERMINATED", "FAILED")
    check, say = run.task("check"), run.task("say")
    assert check and say
    assert (check.result, check.exit) == ("SUCCESS", "models:/gate/1")
    assert say.result == "FAILED"
    assert isinstance(say.parameters, dict) and say.parameters["of"] == "1"
    assert (say.error, say.output) == ("ValueError: 1", "said\n")
    (received,) = after.received_at("ops")
    assert received.payload["to_stage"] == "Staging"
    assert len(received.headers["x-databricks-signature"]) == 64
    assert sorted(d.status or 0 for d in after.deliveries) == [200, 200]

    assert [r.name for r in lab.mlflow.runs] == ["first", "retrained"]
    assert [[m.name for m in r.models] for r in lab.mlflow.runs] == [["model"], ["model"]]
    (model,) = lab.mlflow.registered
    assert model["versions"][0]["stage"] == "Staging"
    assert lab.predict("models:/gate/1", [{"a": 1.0}, {"a": 4.0}]) == [0, 1]


def test_services_end_with_their_lab(runs: Runs) -> None:
    """The next lab finds the same keeper, undamaged, and no process but its own."""
    text = (
        "import os\npid = os.getppid()\n"
        "processes = [p for p in os.listdir('/proc') if p.isdigit()]\n"
    )
    first = Lab(runs(text, RUNTIME), {})
    keeper: int = first.value("pid", returns=int)
    before: list[str] = first.value("processes", returns=list[str])
    second = Lab(runs(text, RUNTIME), {})
    assert second.value("pid", returns=int) == keeper
    assert len(second.value("processes", returns=list[str])) == len(before)
