"""No untested parcels: webhooks and jobs of the depot."""

import hashlib
import hmac
import json
import os
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from databricks.sdk import WorkspaceClient
from databricks_registry_webhooks import HttpUrlSpec, JobSpec, RegistryWebhooksClient
from mlflow.tracking import MlflowClient

HOST = os.environ["DATABRICKS_HOST"].rstrip("/")
TOKEN = os.environ["DATABRICKS_TOKEN"]
MODEL = "late-parcel"
registry = MlflowClient()
hooks = RegistryWebhooksClient()
sdk = WorkspaceClient(host=HOST, token=TOKEN)


def set_stage(model_name: str, version: int, stage: str) -> None:
    registry.transition_model_version_stage(
        name=model_name, version=version, stage=stage, archive_existing_versions=False
    )


def webhooks_of(model_name: str) -> dict[str, list[str]]:
    return {
        hook.id: list(hook.events)
        for hook in hooks.list_webhooks()
        if hook.model_name == model_name
    }


def sends_to(url: str) -> Iterator[str]:
    for hook in hooks.list_webhooks():
        spec = hook.http_url_spec
        if spec is not None and spec.url == url:
            yield hook.id


def remove_webhooks(url: str) -> int:
    doomed = list(sends_to(url))
    for hook_id in doomed:
        hooks.delete_webhook(id=hook_id)
    return len(doomed)


def is_genuine(secret: str, body: str, signature: str) -> bool:
    mac = hmac.new(secret.encode("utf-8"), digestmod=hashlib.sha256)
    mac.update(body.encode("utf-8"))
    return hmac.compare_digest(mac.hexdigest(), signature)


def run_job(name: str, parameters: dict[str, str]) -> dict[str, str | None]:
    job = next(iter(sdk.jobs.list(name=name)))
    started = sdk.jobs.run_now(job.job_id, notebook_params=parameters)
    while True:
        run = sdk.jobs.get_run(started.run_id)
        if run.state.result_state is not None:
            break
        time.sleep(0.25)
    result = run.state.result_state.value
    left = None
    if result == "SUCCESS":
        left = sdk.jobs.get_run_output(run.tasks[0].run_id).notebook_output.result
    return {"result": result, "exit": left}


GATE = """
    import json
    import mlflow
    import pandas as pd

    message = json.loads(dbutils.widgets.get("event_message"))
    model_name, version = message["model_name"], message["version"]
    required = float(dbutils.widgets.get("min_accuracy"))

    unseen = pd.read_csv("/workspace/inputs/holdout.csv")
    truth = unseen.pop("late")
    model = mlflow.pyfunc.load_model(f"models:/{model_name}/{version}")
    accuracy = float((model.predict(unseen) == truth).mean())
    print(f"{model_name} {version}: {accuracy:.3f} of {required}")

    client = mlflow.MlflowClient()
    gate = "passed" if accuracy >= required else "failed"
    client.set_model_version_tag(model_name, version, "gate", gate)
    if gate == "passed":
        client.transition_model_version_stage(
            model_name, version, "Production", archive_existing_versions=True
        )
    dbutils.notebook.exit(gate)
"""
Path("/workspace/notebooks/test_model.py").write_text(textwrap.dedent(GATE).lstrip())


def a_task(key: str, notebook: str, **more: Any) -> dict[str, Any]:
    parameters = more.pop("base_parameters", {})
    return {
        "task_key": key,
        "job_cluster_key": "small",
        "notebook_task": {
            "notebook_path": f"/workspace/notebooks/{notebook}",
            "source": "WORKSPACE",
            "base_parameters": parameters,
        },
        **more,
    }


def new_job(name: str, workers: int, *tasks: dict[str, Any], **more: Any) -> int:
    settings = {
        "name": name,
        "tasks": list(tasks),
        "job_clusters": [
            {
                "job_cluster_key": "small",
                "new_cluster": {
                    "spark_version": "16.4.x-cpu-ml-scala2.12",
                    "node_type_id": "m6i.large",
                    "num_workers": workers,
                },
            }
        ],
        **more,
    }
    reply = requests.post(
        f"{HOST}/api/2.1/jobs/create",
        data=json.dumps(settings),
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=30,
    )
    reply.raise_for_status()
    return reply.json()["job_id"]


new_job(
    "train-late-parcel",
    2,
    a_task("train", "train"),
    schedule={
        "quartz_cron_expression": "0 30 2 * * ?",
        "timezone_id": "UTC",
        "pause_status": "UNPAUSED",
    },
)
testing = new_job(
    "test-late-parcel",
    1,
    a_task("test_model", "test_model", base_parameters={"min_accuracy": "0.8"}),
)
deploying = new_job(
    "deploy-late-parcel",
    1,
    a_task("deploy_model", "deploy"),
    a_task("smoke_test", "smoke", depends_on=[{"task_key": "deploy_model"}]),
)

for stage, job_id in (("STAGING", testing), ("PRODUCTION", deploying)):
    hooks.create_webhook(
        events=[f"MODEL_VERSION_TRANSITIONED_TO_{stage}"],
        model_name=MODEL,
        job_spec=JobSpec(job_id=str(job_id), workspace_url=HOST, access_token=TOKEN),
        description=f"{stage.lower()} starts job {job_id}",
    )
hooks.create_webhook(
    events=["MODEL_VERSION_TRANSITIONED_TO_PRODUCTION"],
    model_name=MODEL,
    http_url_spec=HttpUrlSpec(
        url=f"{HOST}/hooks/dispatch",
        secret=dbutils.secrets.get(scope="depot", key="hook-secret"),
        authorization=f"Bearer {dbutils.secrets.get(scope='depot', key='hook-token')}",
    ),
    description="tells the dispatchers",
)
print("removed:", remove_webhooks(f"{HOST}/hooks/retired-pager"))
