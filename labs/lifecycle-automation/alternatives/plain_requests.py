"""Everything over REST with one helper; one webhook of the dispatchers' is mended by an update."""

import base64
import hashlib
import hmac
import os
import time
from pathlib import Path

import mlflow
import requests

HOST = os.environ["DATABRICKS_HOST"]
session = requests.Session()
session.headers["Authorization"] = "Bearer " + os.environ["DATABRICKS_TOKEN"]


def api(method, path, **fields):
    where = {"params": fields} if method in ("GET", "DELETE") else {"json": fields}
    response = session.request(method, f"{HOST}/api/{path}", **where)
    response.raise_for_status()
    return response.json()


def all_hooks(**fields):
    return api("GET", "2.0/preview/mlflow/registry-webhooks/list", **fields).get("webhooks", [])


def set_stage(model_name, version, stage):
    fields = {"name": model_name, "version": str(version), "stage": stage}
    api("POST", "2.0/mlflow/model-versions/transition-stage", **fields)


def webhooks_of(model_name):
    return {h["id"]: h["events"] for h in all_hooks() if h.get("model_name") == model_name}


def remove_webhooks(url):
    ids = [h["id"] for h in all_hooks() if h.get("http_url_spec", {}).get("url") == url]
    for hook_id in ids:
        api("DELETE", "2.0/mlflow/registry-webhooks/delete", id=hook_id)
    return len(ids)


def is_genuine(secret, body, signature):
    digest = hmac.new(bytes(secret, "utf-8"), bytes(body, "utf-8"), hashlib.sha256).digest()
    return base64.b16encode(digest).decode().lower() == signature


def all_jobs():
    token = None
    while token != "":
        page = api("GET", "2.1/jobs/list", limit=25, **({"page_token": token} if token else {}))
        yield from page.get("jobs", [])
        token = page.get("next_page_token", "")


def run_job(name, parameters):
    job_id = {job["settings"]["name"]: job["job_id"] for job in all_jobs()}[name]
    run_id = api("POST", "2.2/jobs/run-now", job_id=job_id, notebook_params=parameters)["run_id"]
    while True:
        run = api("GET", "2.2/jobs/runs/get", run_id=run_id)
        if run["state"]["life_cycle_state"] in ("TERMINATED", "SKIPPED", "INTERNAL_ERROR"):
            break
        time.sleep(0.5)
    (task,) = run["tasks"]
    output = api("GET", "2.2/jobs/runs/get-output", run_id=task["run_id"])
    exited = output["notebook_output"]["result"] if "error" not in output else None
    return {"result": run["state"]["result_state"], "exit": exited}


def gate(event_message, min_accuracy):
    import json

    import mlflow
    import pandas as pd

    told = json.loads(event_message)
    name, version = told["model_name"], told["version"]
    rows = pd.read_csv("inputs/holdout.csv")
    predicted = mlflow.sklearn.load_model(f"models:/{name}/{version}").predict(
        rows[["distance_km", "weight_kg", "pickup_hour", "stops", "parcel_no"]]
    )
    passed = (predicted == rows["late"].to_numpy()).mean() >= float(min_accuracy)
    client = mlflow.MlflowClient()
    client.set_model_version_tag(name, version, "gate", "passed" if passed else "failed")
    if passed:
        for other in client.get_latest_versions(name, ["Production"]):
            client.transition_model_version_stage(name, other.version, "Archived")
        client.transition_model_version_stage(name, version, "Production")
    return "passed" if passed else "failed"


# The notebook is this function, called with the notebook's parameters.
whole = Path(__file__).read_text()
text = whole[whole.index("def gate(") :].split("\n\n\n")[0]
text += "\n\n\nget = dbutils.widgets.get\n"
text += "dbutils.notebook.exit(gate(get('event_message'), get('min_accuracy')))\n"
Path("/workspace/notebooks/test_model.py").write_text(text)


def cluster(workers):
    spec = {"spark_version": "15.4.x-cpu-ml", "node_type_id": "any", "num_workers": workers}
    return [{"job_cluster_key": "c", "new_cluster": spec}]


def run_notebook(key, name, after=None, **parameters):
    return {
        "task_key": key,
        "job_cluster_key": "c",
        "notebook_task": {
            "notebook_path": f"/notebooks/{name}.py",
            "source": "WORKSPACE",
            "base_parameters": parameters,
        },
        **({"depends_on": [{"task_key": after}]} if after else {}),
    }


every_night = {
    "quartz_cron_expression": "0 30 2 ? * * *",
    "timezone_id": "Etc/UTC",
    "pause_status": "UNPAUSED",
}
plan = {
    "train-late-parcel": (2, [run_notebook("train", "train")], {"schedule": every_night}),
    "test-late-parcel": (1, [run_notebook("test_model", "test_model", min_accuracy="0.80")], {}),
    "deploy-late-parcel": (
        1,
        [
            run_notebook("smoke_test", "smoke", "deploy_model"),
            run_notebook("deploy_model", "deploy"),
        ],
        {"max_concurrent_runs": 1},
    ),
}
made = {
    name: api(
        "POST", "2.1/jobs/create", name=name, tasks=tasks, job_clusters=cluster(workers), **more
    )["job_id"]
    for name, (workers, tasks, more) in plan.items()
}

HOOKS = "2.0/preview/mlflow/registry-webhooks"
for job, stage in (("test-late-parcel", "STAGING"), ("deploy-late-parcel", "PRODUCTION")):
    spec = {"job_id": made[job], "access_token": os.environ["DATABRICKS_TOKEN"]}
    events = [f"MODEL_VERSION_TRANSITIONED_TO_{stage}"]
    api("POST", f"{HOOKS}/create", model_name="late-parcel", events=events, job_spec=spec)
secret = dbutils.secrets.get("depot", "hook-secret")
token = dbutils.secrets.get("depot", "hook-token")
url = {"url": f"{HOST}/hooks/dispatch", "secret": secret}
hook = api(
    "POST",
    f"{HOOKS}/create",
    model_name="late-parcel",
    events=["MODEL_VERSION_TRANSITIONED_STAGE"],
    http_url_spec=url,
    status="DISABLED",
)["webhook"]
api(
    "PATCH",
    f"{HOOKS}/update",
    id=hook["id"],
    events=["MODEL_VERSION_TRANSITIONED_TO_PRODUCTION"],
    http_url_spec={**url, "authorization": f"Bearer {token}"},
    status="ACTIVE",
)
print(remove_webhooks(f"{HOST}/hooks/retired-pager"), "webhooks of the pager are gone")
mlflow.MlflowClient().get_registered_model("late-parcel")
