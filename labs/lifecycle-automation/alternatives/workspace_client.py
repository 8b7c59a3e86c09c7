"""Jobs and webhooks through databricks-sdk, the notebook as an .ipynb."""

import hmac
import os

import mlflow
import nbformat
from databricks.sdk import WorkspaceClient
from databricks.sdk.service import compute, jobs, ml

w = WorkspaceClient()
host = w.config.host


def set_stage(model_name: str, version: int, stage: str) -> None:
    w.model_registry.transition_stage(model_name, str(version), stage, False)


def webhooks_of(model_name: str) -> dict[str, list[str]]:
    found = w.model_registry.list_webhooks(model_name=model_name)
    return {hook.id: [event.value for event in hook.events] for hook in found}


def remove_webhooks(url: str) -> int:
    count = 0
    for hook in list(w.model_registry.list_webhooks()):
        if hook.http_url_spec is not None and hook.http_url_spec.url == url:
            w.model_registry.delete_webhook(hook.id)
            count += 1
    return count


def is_genuine(secret: str, body: str, signature: str) -> bool:
    return hmac.digest(secret.encode(), body.encode(), "sha256").hex() == signature


def run_job(name: str, parameters: dict[str, str]) -> dict[str, str | None]:
    job = next(j for j in w.jobs.list() if j.settings.name == name)
    run = w.jobs.run_now(job.job_id, notebook_params=parameters).result()
    output = w.jobs.get_run_output(run.tasks[0].run_id)
    left = output.notebook_output.result if output.notebook_output else None
    return {"result": run.state.result_state.value, "exit": left}


READ = """\
import json
event = json.loads(dbutils.widgets.get("event_message"))
dbutils.widgets.text("min_accuracy", "0.8")
least = float(dbutils.widgets.get("min_accuracy"))"""
MEASURE = """\
import mlflow, pandas as pd
holdout = pd.read_csv("/workspace/inputs/holdout.csv")
model = mlflow.pyfunc.load_model(f"models:/{event['model_name']}/{event['version']}")
right = (model.predict(holdout.drop(columns=["late"])) == holdout["late"]).mean()"""
DECIDE = """\
client = mlflow.MlflowClient()
at = {"name": event["model_name"], "version": event["version"]}
gate = "failed" if right < least else "passed"
client.set_model_version_tag(key="gate", value=gate, **at)
if gate == "passed":
    client.transition_model_version_stage(
        stage="Production", archive_existing_versions=True, **at)
dbutils.notebook.exit(gate)"""
cells = [nbformat.v4.new_markdown_cell("# Gate")]
cells += [nbformat.v4.new_code_cell(text) for text in (READ, MEASURE, DECIDE)]
nbformat.write(nbformat.v4.new_notebook(cells=cells), "notebooks/test_model.ipynb")


def job(name, workers, tasks, **more):
    cluster = jobs.JobCluster(
        f"{name}-cluster",
        compute.ClusterSpec(
            spark_version="16.4.x-scala2.12", node_type_id="m5.large", num_workers=workers
        ),
    )
    for task in tasks:
        task.job_cluster_key = cluster.job_cluster_key
    return w.jobs.create(name=name, job_clusters=[cluster], tasks=tasks, **more).job_id


def notebook(name, **parameters):
    return jobs.NotebookTask(f"/Workspace/notebooks/{name}", parameters or None)


job(
    "train-late-parcel",
    2,
    [jobs.Task("train", notebook_task=notebook("train"))],
    schedule=jobs.CronSchedule("0 30 2 * * ?", "UTC", jobs.PauseStatus.UNPAUSED),
)
testing = job(
    "test-late-parcel",
    1,
    [jobs.Task("test_model", notebook_task=notebook("test_model", min_accuracy="0.8"))],
)
smoke = jobs.Task(
    "smoke_test",
    depends_on=[jobs.TaskDependency("deploy_model")],
    notebook_task=notebook("smoke"),
)
deploying = job(
    "deploy-late-parcel", 1, [jobs.Task("deploy_model", notebook_task=notebook("deploy")), smoke]
)

Event = ml.RegistryWebhookEvent
token = os.environ["DATABRICKS_TOKEN"]
for event, job_id in (
    (Event.MODEL_VERSION_TRANSITIONED_TO_STAGING, testing),
    (Event.MODEL_VERSION_TRANSITIONED_TO_PRODUCTION, deploying),
):
    spec = ml.JobSpec(job_id=str(job_id), access_token=token, workspace_url=host)
    w.model_registry.create_webhook([event], job_spec=spec, model_name="late-parcel")
dispatch = ml.HttpUrlSpec(
    f"{host}/hooks/dispatch",
    authorization="Bearer " + dbutils.secrets.get(scope="depot", key="hook-token"),
    secret=dbutils.secrets.get(scope="depot", key="hook-secret"),
)
w.model_registry.create_webhook(
    [Event.MODEL_VERSION_TRANSITIONED_TO_PRODUCTION],
    http_url_spec=dispatch,
    model_name="late-parcel",
    description="tells the dispatchers",
)
remove_webhooks(f"{host}/hooks/retired-pager")
assert mlflow.get_tracking_uri() == host
