import hashlib
import hmac
import os
import time

import requests
from databricks_registry_webhooks import HttpUrlSpec, JobSpec, RegistryWebhooksClient
from mlflow import MlflowClient

host = os.environ["DATABRICKS_HOST"]
token = os.environ["DATABRICKS_TOKEN"]
client = RegistryWebhooksClient()


def get(path, **params):
    r = requests.get(
        f"{host}/api/2.1/jobs/{path}", params=params, headers={"Authorization": "Bearer " + token}
    )
    return r.json()


def post(path, body):
    r = requests.post(
        f"{host}/api/2.1/jobs/{path}", json=body, headers={"Authorization": "Bearer " + token}
    )
    return r.json()


def set_stage(model_name, version, stage):
    MlflowClient().transition_model_version_stage(model_name, version, stage)


def webhooks_of(model_name):
    result = {}
    for w in client.list_webhooks(model_name=model_name):
        result[w.id] = w.events
    return result


def remove_webhooks(url):
    n = 0
    for w in client.list_webhooks():
        # all that look like the url
        if w.http_url_spec and url in w.http_url_spec.url:
            client.delete_webhook(w.id)
            n += 1
    return n


def is_genuine(secret, body, signature):
    return hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest() == signature


def run_job(name, parameters):
    # the list has the newest jobs first
    jobs = get("list")["jobs"]
    job_id = [j["job_id"] for j in jobs if j["settings"]["name"] == name][0]
    run_id = post("run-now", {"job_id": job_id, "notebook_params": parameters})["run_id"]
    state = {}
    while state.get("life_cycle_state") != "TERMINATED":
        time.sleep(1)
        run = get("runs/get", run_id=run_id)
        state = run["state"]
    out = get("runs/get-output", run_id=run["tasks"][0]["run_id"])
    return {
        "result": state["result_state"],
        "exit": out.get("notebook_output", {}).get("result"),
    }


notebook = """
import json
import mlflow
import pandas as pd

event = json.loads(dbutils.widgets.get("event_message"))
df = pd.read_csv("inputs/train.csv")
model = mlflow.pyfunc.load_model("models:/" + event["model_name"] + "/" + event["version"])
acc = (model.predict(df.drop(columns=["late"])) == df["late"]).mean()
c = mlflow.MlflowClient()
if acc >= float(dbutils.widgets.get("min_accuracy")):
    c.set_model_version_tag(event["model_name"], event["version"], "gate", "passed")
    c.transition_model_version_stage(
        event["model_name"], event["version"], "Production", archive_existing_versions=True
    )
    dbutils.notebook.exit("passed")
c.set_model_version_tag(event["model_name"], event["version"], "gate", "failed")
dbutils.notebook.exit("failed")
"""
with open("/workspace/notebooks/test_model.py", "w") as f:
    f.write(notebook)


def cluster(n):
    return [
        {
            "job_cluster_key": "cluster",
            "new_cluster": {
                "spark_version": "17.3.x-cpu-ml-scala2.13",
                "node_type_id": "m5.large",
                "num_workers": n,
            },
        }
    ]


train = post(
    "create",
    {
        "name": "train-late-parcel",
        "job_clusters": cluster(2),
        "tasks": [
            {
                "task_key": "train",
                "job_cluster_key": "cluster",
                "notebook_task": {"notebook_path": "/workspace/notebooks/train"},
            }
        ],
        "schedule": {"quartz_cron_expression": "0 2 30 * * ?", "timezone_id": "UTC"},
    },
)["job_id"]
test = post(
    "create",
    {
        "name": "test-late-parcel",
        "job_clusters": cluster(1),
        "tasks": [
            {
                "task_key": "test_model",
                "job_cluster_key": "cluster",
                "notebook_task": {
                    "notebook_path": "/workspace/notebooks/test_model",
                    "base_parameters": {"min_accuracy": "0.8"},
                },
            }
        ],
    },
)["job_id"]
deploy = post(
    "create",
    {
        "name": "deploy-late-parcel",
        "job_clusters": cluster(1),
        "tasks": [
            {
                "task_key": "deploy_model",
                "job_cluster_key": "cluster",
                "notebook_task": {"notebook_path": "/workspace/notebooks/deploy"},
            },
            {
                "task_key": "smoke_test",
                "job_cluster_key": "cluster",
                "notebook_task": {"notebook_path": "/workspace/notebooks/smoke"},
            },
        ],
    },
)["job_id"]

client.create_webhook(
    events=["MODEL_VERSION_TRANSITIONED_TO_STAGING"],
    job_spec=JobSpec(test, token),
    model_name="late-parcel",
)
client.create_webhook(
    events=["MODEL_VERSION_TRANSITIONED_TO_PRODUCTION"],
    job_spec=JobSpec(deploy, token),
    model_name="late-parcel",
)
client.create_webhook(
    events=["MODEL_VERSION_TRANSITIONED_TO_PRODUCTION"],
    http_url_spec=HttpUrlSpec(
        host + "/hooks/dispatch", secret=dbutils.secrets.get("depot", "hook-secret")
    ),
    model_name="late-parcel",
)
remove_webhooks(host + "/hooks/retired-pager")
