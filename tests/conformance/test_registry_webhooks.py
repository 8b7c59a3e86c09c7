"""`databricks-registry-webhooks`, the real one, and the module that stands in for it here.

The real package cannot be imported beside MLflow, so that it runs in an environment of its own,
which is made once for each Python and kept in the user's cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import platformdirs
import pytest

from tests.conformance.conftest import Served

pytestmark = pytest.mark.engine

REQUIREMENTS = ("databricks-registry-webhooks==0.1.2", "protobuf==5.29.6")
#: What both clients do; `client` and `specs` are what their module exports.
SCRIPT = """
import inspect, json, os, sys
from databricks_registry_webhooks import HttpUrlSpec, JobSpec, RegistryWebhooksClient

client, url = RegistryWebhooksClient(), os.environ["DATABRICKS_HOST"] + "/hooks/real"
made = client.create_webhook(
    ["MODEL_VERSION_CREATED", "COMMENT_CREATED"],
    http_url_spec=HttpUrlSpec(url=url, secret="s", enable_ssl_verification=False),
    description="first",
    status="TEST_MODE",
)
other = client.create_webhook(
    events=["MODEL_VERSION_TRANSITIONED_TO_PRODUCTION"],
    job_spec=JobSpec(job_id=77, access_token="t", workspace_url=os.environ["DATABRICKS_HOST"]),
)
tested = client.test_webhook(made.id, "COMMENT_CREATED")
updated = client.update_webhook(made.id, events=["COMMENT_CREATED"], status="DISABLED")
ours = {made.id, other.id}
listed = [w for w in client.list_webhooks() if w.id in ours]
some = client.list_webhooks(events=["COMMENT_CREATED"], max_results=1000)
some = [w for w in some if w.id in ours]
told = {
    "made": [list(made.events), made.status, made.description, made.model_name, made.job_spec],
    "url": [made.http_url_spec.url == url, made.http_url_spec.enable_ssl_verification],
    "secret": made.http_url_spec.secret,
    "job": [other.job_spec.job_id, other.status, other.http_url_spec],
    "times": [type(made.creation_timestamp).__name__, made.last_updated_timestamp > 0],
    "tested": [tested.status_code, tested.body],
    "updated": [list(updated.events), updated.status, updated.description],
    "listed": [[list(w.events), w.status] for w in listed],
    "some": len(some),
}
for webhook in listed:
    client.delete_webhook(webhook.id)
told["left"] = len([w for w in client.list_webhooks() if w.id in ours])
errors = []
for wrong in (
    lambda: client.delete_webhook("nobody"),
    lambda: client.create_webhook(["SOMETHING"], http_url_spec=HttpUrlSpec(url)),
    lambda: client.create_webhook(["COMMENT_CREATED"]),
    lambda: client.create_webhook(["COMMENT_CREATED"], HttpUrlSpec(url), status="ASLEEP"),
    lambda: client.create_webhook(["COMMENT_CREATED"], HttpUrlSpec(url), model_name="nobody"),
):
    try:
        wrong()
    except Exception as error:
        errors.append([type(error).__name__, error.error_code])
told["errors"] = errors
told["signatures"] = {
    f"{kind.__name__}.{name}": str(
        [(p.name, None if p.default is p.empty else repr(p.default)) for p in
         inspect.signature(function).parameters.values()]
    )
    for kind in (RegistryWebhooksClient, HttpUrlSpec, JobSpec)
    for name, function in inspect.getmembers(kind, inspect.isfunction)
    if not name.startswith("_") and not name.endswith("proto") or name == "__init__"
}
print(json.dumps(told))
"""
STAND_IN = "from grader.guest import standins; standins.install(['workspace'])\n"


@pytest.fixture(scope="session")
def real_python() -> Path:
    """A Python that has the real package."""
    told = " ".join((sys.version, sys.executable, *REQUIREMENTS))
    name = f"conformance-{hashlib.sha256(told.encode()).hexdigest()[:16]}"
    folder = Path(platformdirs.user_cache_dir("lakehouse-grader")) / name
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".conformance-"))
        try:
            subprocess.run([sys.executable, "-m", "venv", made], check=True)
            pip = [str(made / "bin/python"), "-m", "pip", "install", "-q", *REQUIREMENTS]
            subprocess.run(pip, check=True)
            made.rename(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return folder / "bin/python"


def _answers(python: Path | str, script: str, served: Served) -> dict[str, object]:
    done = subprocess.run(
        [python, "-c", script],
        env={**served.environment(), "PYTHONPATH": os.pathsep.join(sys.path)}
        if script.startswith(STAND_IN)
        else served.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_real_client_works_and_ours_answers_alike(real_python: Path, served: Served) -> None:
    """One script, both clients: the same values, errors, names and defaults."""
    real = _answers(real_python, SCRIPT, served)
    assert real["made"] == [
        ["MODEL_VERSION_CREATED", "COMMENT_CREATED"],
        "TEST_MODE",
        "first",
        real["made"][3],  # type: ignore[index]  # compared with ours below
        None,
    ]
    assert real["tested"] == [200, "{}"]
    assert real["updated"] == [["COMMENT_CREATED"], "DISABLED", "first"]
    assert (real["some"], real["left"]) == (1, 0)
    assert _answers(sys.executable, STAND_IN + SCRIPT, served) == real
