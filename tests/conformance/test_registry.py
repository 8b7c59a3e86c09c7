"""`databricks-sdk` drives the model registry and its webhooks; MLflow's client drives MLflow's."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING

import pytest

from tests.conformance.conftest import Served

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

pytestmark = [
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore"),  # MLflow's own, above all on stages
]


@pytest.fixture
def w(here: Served) -> WorkspaceClient:
    """A client as a student makes it."""
    from databricks.sdk import WorkspaceClient

    return WorkspaceClient()


def _version(here: Served, name: str) -> None:
    """A registered model with one version."""
    from mlflow import MlflowClient

    client = MlflowClient(here.url, here.url)
    client.create_registered_model(name)
    run = client.create_run("0")
    client.log_text(run.info.run_id, "x", "model/file.txt")
    client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)


def test_each_happening_reaches_those_who_wait_for_it(w: WorkspaceClient, here: Served) -> None:
    """All twelve events, by MLflow's calls and by Databricks' own; each webhook gets its own."""
    from databricks.sdk.service.ml import HttpUrlSpec
    from databricks.sdk.service.ml import RegistryWebhookEvent as Event
    from mlflow import MlflowClient

    registry = w.model_registry
    here_url = f"{here.url}/hooks/all"
    registry.create_webhook(list(Event), http_url_spec=HttpUrlSpec(here_url))
    _version(here, "twelve")
    registry.create_webhook(
        [Event.MODEL_VERSION_TRANSITIONED_TO_STAGING],
        http_url_spec=HttpUrlSpec(f"{here.url}/hooks/staging"),
        model_name="twelve",
    )
    MlflowClient(here.url, here.url).set_model_version_tag("twelve", "1", "k", "v")
    registry.create_comment("twelve", "1", "looks good")
    for stage in ("Staging", "Production", "Archived"):
        registry.create_transition_request("twelve", "1", stage, comment="please")
        registry.approve_transition_request("twelve", "1", stage, False)
    found = [r["json"] for r in here.received("all")]
    assert sorted({f["event"] for f in found}) == sorted(e.value for e in Event)
    assert len(found) == 4 + 2 * 6
    assert {f["model_name"] for f in found} == {"twelve"}
    (moved,) = [f for f in found if f["event"] == "MODEL_VERSION_TRANSITIONED_TO_PRODUCTION"]
    assert (moved["version"], moved["from_stage"], moved["to_stage"]) == (
        "1",
        "Staging",
        "Production",
    )
    (only,) = here.received("staging")
    assert only["json"]["event"] == "MODEL_VERSION_TRANSITIONED_TO_STAGING"
    for hook in list(registry.list_webhooks()):
        registry.delete_webhook(hook.id or "")


def test_webhooks_are_kept_changed_and_tested(w: WorkspaceClient, here: Served) -> None:
    """Secrets are never told; a disabled one is silent; a test sends a signed example."""
    from databricks.sdk.errors import InvalidParameterValue, NotFound
    from databricks.sdk.service.ml import HttpUrlSpec, RegistryWebhookStatus
    from databricks.sdk.service.ml import RegistryWebhookEvent as Event
    from mlflow import MlflowClient

    registry = w.model_registry
    _version(here, "kept")
    spec = HttpUrlSpec(f"{here.url}/hooks/kept", secret="s", authorization="Bearer t")
    made = registry.create_webhook(
        [Event.MODEL_VERSION_TAG_SET],
        http_url_spec=spec,
        model_name="kept",
        status=RegistryWebhookStatus.TEST_MODE,
    ).webhook
    assert made and made.id and made.http_url_spec
    assert made.http_url_spec.as_dict() == {"url": spec.url, "enable_ssl_verification": True}
    client = MlflowClient(here.url, here.url)
    client.set_model_version_tag("kept", "1", "a", "b")
    assert here.received("kept") == []
    assert registry.test_registry_webhook(made.id).status_code == 200
    (test,) = here.received("kept")
    assert test["headers"]["Authorization"] == "Bearer t"
    due = hmac.new(b"s", test["body"].encode(), hashlib.sha256).hexdigest()
    assert test["headers"]["X-Databricks-Signature"] == due
    registry.update_webhook(made.id, status=RegistryWebhookStatus.ACTIVE, description="now")
    client.set_model_version_tag("kept", "1", "a", "c")
    assert here.received("kept")[1]["json"]["tags"] == [{"key": "a", "value": "c"}]
    (listed,) = registry.list_webhooks(model_name="kept", events=[Event.MODEL_VERSION_TAG_SET])
    assert (listed.status, listed.description) == (RegistryWebhookStatus.ACTIVE, "now")
    registry.delete_webhook(made.id)
    with pytest.raises(NotFound):
        registry.delete_webhook(made.id)
    with pytest.raises(InvalidParameterValue, match="without 'model_name'"):
        registry.create_webhook(
            [Event.REGISTERED_MODEL_CREATED], http_url_spec=spec, model_name="kept"
        )


def test_a_webhook_runs_a_job(w: WorkspaceClient, here: Served) -> None:
    """The job's notebook gets the event as a parameter."""
    from databricks.sdk.service.jobs import NotebookTask, Task
    from databricks.sdk.service.ml import JobSpec
    from databricks.sdk.service.ml import RegistryWebhookEvent as Event

    here.write("told.py", "dbutils.notebook.exit(dbutils.widgets.get('event_message'))\n")
    task = Task("t", notebook_task=NotebookTask("/told"))
    job_id = w.jobs.create(name="told", tasks=[task]).job_id
    _version(here, "runs")
    w.model_registry.create_webhook(
        [Event.MODEL_VERSION_TRANSITIONED_STAGE],
        job_spec=JobSpec(str(job_id), here.token),
        model_name="runs",
    )
    w.model_registry.transition_stage("runs", "1", "Staging", False)
    here.settle()
    (run,) = w.jobs.list_runs(job_id=job_id, expand_tasks=True)
    output = w.jobs.get_run_output((run.tasks or [])[0].run_id or 0)
    assert output.notebook_output and output.notebook_output.result
    assert json.loads(output.notebook_output.result)["to_stage"] == "Staging"


def test_requests_are_answered_and_models_told(w: WorkspaceClient, here: Served) -> None:
    """Open requests are listed until somebody approves, rejects or cancels them."""
    from databricks.sdk.errors import NotFound

    registry = w.model_registry
    _version(here, "asked")
    for stage in ("Staging", "Production"):
        registry.create_transition_request("asked", "1", stage)
    assert [r.to_stage for r in registry.list_transition_requests("asked", "1")] == [
        "Staging",
        "Production",
    ]
    registry.reject_transition_request("asked", "1", "Staging")
    registry.delete_transition_request("asked", "1", "Production", "student@example.com")
    assert list(registry.list_transition_requests("asked", "1")) == []
    with pytest.raises(NotFound, match="nobody asked"):
        registry.approve_transition_request("asked", "1", "Staging", False)
    model = registry.get_model("asked").registered_model_databricks
    assert model and model.latest_versions
    assert model.latest_versions[0].current_stage == "None"
    comment = registry.create_comment("asked", "1", "one").comment
    assert comment and comment.id
    edited = registry.update_comment(comment.id, "two").comment
    assert edited and edited.comment == "two"
    registry.delete_comment(comment.id)
    with pytest.raises(NotFound):
        registry.delete_comment(comment.id)


def test_mlflow_tracks_and_registers_over_http(here: Served) -> None:
    """Runs, artefacts in local folders, versions that are loaded again by their alias."""
    import mlflow
    from mlflow import MlflowClient

    client = MlflowClient(here.url, here.url)
    experiment = client.create_experiment("over-http")
    run = client.create_run(experiment, run_name="r")
    client.log_metric(run.info.run_id, "m", 1.5)
    client.log_dict(run.info.run_id, {"a": 1}, "d.json")
    client.set_terminated(run.info.run_id)
    assert client.get_run(run.info.run_id).data.metrics == {"m": 1.5}
    folder = here.folder / "mlruns" / experiment / run.info.run_id / "artifacts"
    assert json.loads((folder / "d.json").read_text(encoding="utf-8")) == {"a": 1}
    _version(here, "aliased")
    client.set_registered_model_alias("aliased", "live", "1")
    assert client.get_model_version_by_alias("aliased", "live").version in (1, "1")
    assert mlflow.artifacts.load_text(f"{run.info.artifact_uri}/d.json").strip().startswith("{")


def test_mlflows_own_webhooks_are_delivered(here: Served) -> None:
    """With MLflow's signature; they tell of aliases, too, as soon as they are made."""
    from mlflow import MlflowClient

    client = MlflowClient(here.url, here.url)
    _version(here, "mlflow-hooked")
    made = client.create_webhook(
        "own",
        f"{here.url}/hooks/mlflow",
        ["model_version_alias.created", "model_version_tag.set"],
        secret="s",
    )
    client.set_registered_model_alias("mlflow-hooked", "live", "1")
    client.set_model_version_tag("mlflow-hooked", "1", "k", "v")
    found = here.received("mlflow")
    assert sorted(f["json"]["entity"] for f in found) == [
        "model_version_alias",
        "model_version_tag",
    ]
    for message in found:
        headers = message["headers"]
        signed = f"{headers['X-Mlflow-Delivery-Id']}.{headers['X-Mlflow-Timestamp']}."
        digest = hmac.new(b"s", (signed + message["body"]).encode(), hashlib.sha256).digest()
        assert headers["X-Mlflow-Signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert client.test_webhook(made.webhook_id).success
    client.delete_webhook(made.webhook_id)
