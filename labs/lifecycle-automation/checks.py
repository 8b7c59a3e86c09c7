"""Checks of the lifecycle-automation lab."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from grader.labs import Lab, points
from grader.labs.workspace import Job, JobRun, TaskRun, Workspace

MODEL = "late-parcel"
TEST_JOB, DEPLOY_JOB, TRAIN_JOB = "test-late-parcel", "deploy-late-parcel", "train-late-parcel"
#: Jobs, the workers of their clusters, and the notebooks of their tasks.
JOBS: dict[str, tuple[int, dict[str, str]]] = {
    TRAIN_JOB: (2, {"train": "train"}),
    TEST_JOB: (1, {"test_model": "test_model"}),
    DEPLOY_JOB: (1, {"deploy_model": "deploy", "smoke_test": "smoke"}),
}
RETIRED = "/hooks/retired-pager"


@points(1, hint="Find them by their URL; the one with a longer name is another's.")
def test_the_retired_pager_is_gone(lab: Lab) -> None:
    """No webhook sends to it any more; those of its neighbour and of the audit are left."""
    urls = [w.url or "" for w in lab.workspace.webhooks]
    left = sum(url.endswith(RETIRED) for url in urls)
    assert left == 0, f"{left} webhooks still send to {RETIRED}"
    for path in (f"{RETIRED}-2", "/hooks/audit", "/hooks/spare-part"):
        assert any(url.endswith(path) for url in urls), f"the webhook of {path} was removed"


@points(1, hint="List what there is for one model: a webhook for all models belongs to none.")
def test_webhooks_of_a_model_are_told(lab: Lab) -> None:
    """Ids and events, for a model of somebody else's."""
    found: dict[str, list[str]] = lab.call(
        "webhooks_of", "early-parcel", returns=dict[str, list[str]]
    )
    due = {w.id: sorted(w.events) for w in lab.workspace.webhooks if w.model == "early-parcel"}
    assert {key: sorted(events) for key, events in found.items()} == due, (
        f"webhooks_of('early-parcel') must tell the events of {len(due)} webhooks by their ids "
        f"(got {sorted(found.values())} for {len(found)})"
    )


@points(1, hint="Compare the whole URL, and look at webhooks of every model and status.")
def test_webhooks_are_removed_by_their_url(lab: Lab) -> None:
    """Those of one URL, and neither more nor less; a second time there are none."""
    before = lab.workspace
    url = _host(before) + "/hooks/spare"
    gone = {w.id for w in before.webhooks if w.url == url}
    told = "remove_webhooks('.../hooks/spare')"
    count: int = lab.call("remove_webhooks", url, returns=int)
    left = {w.id for w in lab.workspace.webhooks}
    kept = {w.id for w in before.webhooks} - gone
    assert not gone & left, f"{told} must delete {len(gone)} webhooks; {len(gone & left)} are left"
    assert left >= kept, f"{told} deleted {len(kept - left)} webhooks with another URL or a job"
    assert count == len(gone), f"{told} must return {len(gone)} (got {count})"
    again: int = lab.call("remove_webhooks", url, returns=int)
    assert again == 0, f"{told} must return 0 when there are none (got {again})"


@points(1, hint="The digest is compared as hexadecimal text; the key is the shared secret.")
def test_signatures_are_told_from_forgeries(lab: Lab) -> None:
    """Right ones, of another secret, of another body, and in another notation."""
    first, second, third = lab.data["messages"]
    right = _signature(first)
    for secret, body, signature, due, what in (
        (first["secret"], first["body"], right, True, "of the body, by the secret"),
        (second["secret"], second["body"], _signature(second), True, "of the body, by the secret"),
        (second["secret"], first["body"], right, False, "made with another secret"),
        (third["secret"], first["body"], _signature(third), False, "of another body"),
        (first["secret"], first["body"], right[:-1], False, "that lacks a digit"),
        (first["secret"], first["body"], "", False, "that is empty"),
    ):
        found: bool = lab.call("is_genuine", secret, body, signature, returns=bool)
        assert found is due, f"is_genuine must be {due} for a signature {what} (got {found})"


@points(1, hint="Start it, ask for its state until there is a result, then for its task's output.")
def test_a_job_is_run_to_its_end(lab: Lab) -> None:
    """Jobs of the sorting hall's: one that exits with a value, twice, and one that fails."""
    one, other = lab.data["streets"]
    boxes = str(lab.data["boxes"])
    for name, street, due in (
        ("count-parcels", one, {"result": "SUCCESS", "exit": f"{one}: {boxes}"}),
        ("count-parcels", other, {"result": "SUCCESS", "exit": f"{other}: {boxes}"}),
        ("weigh-parcels", one, {"result": "FAILED", "exit": None}),
    ):
        given = {"street": street, "boxes": boxes}
        found: dict[str, str | None] = lab.call(
            "run_job", name, given, returns=dict[str, str | None]
        )
        assert found == due, f"run_job({name!r}, {given}) must be {due} (got {found})"


@points(2, hint="Each task names the cluster that it runs on, and the job defines that cluster.")
def test_jobs_have_their_tasks_and_clusters(lab: Lab) -> None:
    """Names, notebooks, workers."""
    workspace = lab.workspace
    for name, (workers, notebooks) in JOBS.items():
        job = _job(workspace, name)
        found = {str(task.get("task_key")): _notebook(task) for task in job.tasks}
        assert found == notebooks, f"{name} must run {notebooks} (got {found})"
        clusters = {
            str(c.get("job_cluster_key")): c.get("new_cluster")
            for c in _objects(job, "job_clusters")
        }
        for task in job.tasks:
            cluster = clusters.get(str(task.get("job_cluster_key")))
            told = f"the task {task.get('task_key')!r} of {name}"
            assert isinstance(cluster, dict), f"{told} must run on a job cluster of the job"
            got = cluster.get("num_workers")
            assert got == workers, f"{told} must have {workers} workers (got {got})"


@points(1, hint="A Quartz expression begins with seconds; a paused schedule never comes.")
def test_training_is_scheduled(lab: Lab) -> None:
    """Each day at 02:30 UTC, and not paused."""
    schedule = _job(lab.workspace, TRAIN_JOB).settings.get("schedule")
    assert isinstance(schedule, dict), f"{TRAIN_JOB} has no schedule"
    fields = str(schedule.get("quartz_cron_expression")).split()
    daily = len(fields) in (6, 7) and fields[3:5] in (["*", "*"], ["?", "*"], ["1/1", "*"])
    assert daily and fields[5] in ("?", "*") and fields[6:] in ([], ["*"]), (
        f"{TRAIN_JOB} must run each day (its schedule is {' '.join(fields)!r})"
    )
    at = [field.lstrip("0") or "0" for field in fields[:3]]
    assert at == ["0", "30", "2"], f"{TRAIN_JOB} must run at 02:30:00 (got {' '.join(fields)!r})"
    zone = str(schedule.get("timezone_id"))
    assert zone in ("UTC", "Etc/UTC", "GMT", "Etc/GMT"), f"its time zone must be UTC (got {zone!r})"
    paused = schedule.get("pause_status") == "PAUSED"
    assert not paused, f"the schedule of {TRAIN_JOB} must not be paused"


@points(2, hint="There is an event for each stage, and a webhook can be for one model alone.")
def test_staging_starts_the_test(lab: Lab) -> None:
    """One run for a version that goes to Staging; none for another stage or another model."""
    job = _job(lab.workspace, TEST_JOB).id
    for model, version, stage, due in (
        ("early-parcel", 1, "Staging", 0),
        (MODEL, 2, "Archived", 0),
        (MODEL, 2, "Staging", 1),
    ):
        before = len(lab.workspace.runs_of(job))
        lab.call("set_stage", model, version, stage, returns=object)
        after = lab.workspace
        assert _stage(lab, model, version) != "None", f"set_stage must move {model} to {stage}"
        runs = after.runs_of(job)[before:]
        what = f"{model} {version} goes to {stage}"
        assert len(runs) == due, f"{TEST_JOB} must run {due} times when {what} (got {len(runs)})"
        for run in runs:
            told = _event(run)
            found = (told.get("model_name"), str(told.get("version")))
            assert found == (MODEL, str(version)), (
                f"the run must get an event_message of {MODEL} {version} (got {found})"
            )


@points(2, hint="Which rows show how a version does on parcels that it was not fitted to?")
def test_only_sound_versions_pass(lab: Lab) -> None:
    """One that guesses and one that learnt its rows by heart stay, a sound one goes on."""
    for version, due in ((2, "failed"), (3, "failed"), (4, "passed")):
        run = _tested(lab, version)
        task = _only(run)
        kind = {2: "careless", 3: "overfitted", 4: "sound"}[version]
        told = f"testing the {kind} version {version}"
        assert task.result == "SUCCESS", f"{told} failed: {task.error}"
        assert task.exit == due, f"{told} must exit with {due!r} (got {task.exit!r})"
        tag = _version(lab, MODEL, version)["tags"].get("gate")
        assert tag == due, f"{told} must leave the tag gate={due!r} (got {tag!r})"
        stage = _stage(lab, MODEL, version)
        stays = {"failed": "Staging", "passed": "Production"}[due]
        assert stage == stays, f"after {told} its stage must be {stays} (got {stage})"
    before = _stage(lab, MODEL, 1)
    assert before == "Archived", f"what was in Production must be archived (version 1: {before})"


@points(1, hint="A parameter of the task is there to be overridden: read it in the notebook.")
def test_the_threshold_is_a_parameter(lab: Lab) -> None:
    """No version is right every time, so that none passes with a threshold of 1."""
    tasks = _job(lab.workspace, TEST_JOB).tasks
    default = _parameters(tasks[0]).get("min_accuracy") if tasks else None
    assert _number(default) == 0.8, f"min_accuracy of {TEST_JOB} must be 0.8 (got {default!r})"
    run = _started(lab, 5, {"min_accuracy": "1.0"})
    task = _only(run)
    assert task.exit == "failed", (
        f"with min_accuracy 1.0 the test must exit with 'failed' (got {task.exit!r} {task.error})"
    )


@points(1, hint="One task depends on another; a webhook of its own starts the job.")
def test_production_is_deployed(lab: Lab) -> None:
    """A version in Production gets the alias, then the smoke test runs; Archived starts nothing."""
    job = _job(lab.workspace, DEPLOY_JOB)
    smoke = next((t for t in job.tasks if t.get("task_key") == "smoke_test"), {})
    after = smoke.get("depends_on")
    listed = after if isinstance(after, list) else []
    needs = [d.get("task_key") for d in listed if isinstance(d, dict)]
    assert needs == ["deploy_model"], f"smoke_test must depend on deploy_model (got {needs})"
    run_if = smoke.get("run_if") or "ALL_SUCCESS"
    assert run_if == "ALL_SUCCESS", f"smoke_test must run only if it succeeds (got {run_if})"
    for stage, due in (("Archived", 0), ("Production", 1)):
        before = len(lab.workspace.runs_of(job.id))
        lab.call("set_stage", MODEL, 5, stage, returns=object)
        runs = lab.workspace.runs_of(job.id)[before:]
        assert len(runs) == due, (
            f"{DEPLOY_JOB} must run {due} times when a version goes to {stage} (got {len(runs)})"
        )
    assert runs[0].result == "SUCCESS", f"the deployment must succeed (got {runs[0].result})"
    live = _registered(lab, MODEL)["aliases"].get("live")
    assert live == 5, f"the alias live must point to version 5 (got {live})"


@points(1, hint="The signature needs the secret, the header the token; both are in the scope.")
def test_dispatchers_are_told(lab: Lab) -> None:
    """One signed message a version in Production, and none for other stages or models."""
    for model, version, stage, due in (
        (MODEL, 5, "Archived", 0),
        ("early-parcel", 1, "Production", 0),
        (MODEL, 5, "Production", 1),
    ):
        before = len(lab.workspace.received_at("dispatch"))
        lab.call("set_stage", model, version, stage, returns=object)
        messages = lab.workspace.received_at("dispatch")[before:]
        assert len(messages) == due, (
            f"{due} messages must come when {model} {version} goes to {stage} (got {len(messages)})"
        )
    [message] = messages
    told = (message.payload.get("to_stage"), str(message.payload.get("version")))
    assert told == ("Production", "5"), f"the message must tell of version 5 (got {told})"
    given = message.headers.get("authorization")
    due_header = f"Bearer {lab.data['hook_token']}"
    assert given == due_header, "the message must have the header Authorization: Bearer hook-token"
    signed = message.headers.get("x-databricks-signature", "")
    right = _signature({"secret": lab.data["hook_secret"], "body": message.body})
    assert signed == right, "the message must be signed with the secret hook-secret"


@points(1, hint="The way is: training, Staging, test, Production, deployment.")
def test_a_new_version_goes_all_the_way(lab: Lab) -> None:
    """The training job alone brings a version of its own to Production and makes it live."""
    before = len(_registered(lab, MODEL)["versions"])
    lab.call("run_job", TRAIN_JOB, {}, returns=object)
    assert lab.workspace.settled, "jobs still run long after the training"
    after = _registered(lab, MODEL)
    count = len(after["versions"]) - before
    assert count == 1, f"{TRAIN_JOB} must register 1 version (got {count})"
    newest = after["versions"][-1]
    stage = newest["stage"]
    assert stage == "Production", f"the new version must get to Production (it is in {stage})"
    live = after["aliases"].get("live")
    assert live == newest["version"], f"the new version must be live (live is {live})"


def _host(workspace: Workspace) -> str:
    """Where the workspace answers, from a webhook that was there before."""
    urls = [w.url for w in workspace.webhooks if w.url and w.url.endswith("/hooks/audit")]
    assert urls, "the webhook of the audit was removed"
    return urls[0].removesuffix("/hooks/audit")


def _signature(message: Mapping[str, str]) -> str:
    return hmac.new(
        message["secret"].encode(), message["body"].encode(), hashlib.sha256
    ).hexdigest()


def _job(workspace: Workspace, name: str) -> Job:
    """The job of that name, the newest."""
    found = [job for job in workspace.jobs if job.name == name]
    assert found, f"there is no job {name!r}"
    return found[-1]


def _objects(job: Job, name: str) -> list[Mapping[str, Any]]:
    """A list of objects in a job's settings."""
    found = job.settings.get(name)
    return [e for e in found if isinstance(e, dict)] if isinstance(found, list) else []


def _notebook(task: Mapping[str, Any]) -> str:
    """The notebook of a task, by its last name."""
    base = task.get("notebook_task")
    path = str(base.get("notebook_path")) if isinstance(base, dict) else "no notebook"
    return path.rpartition("/")[2].removesuffix(".py").removesuffix(".ipynb")


def _parameters(task: Mapping[str, Any]) -> Mapping[str, Any]:
    base = task.get("notebook_task")
    found = base.get("base_parameters") if isinstance(base, dict) else None
    return found if isinstance(found, dict) else {}


def _event(run: JobRun) -> Mapping[str, Any]:
    """What a webhook told a run."""
    try:
        found = json.loads(run.notebook_params.get("event_message", ""))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _only(run: JobRun) -> TaskRun:
    """The one task of a run."""
    assert len(run.tasks) == 1, f"{TEST_JOB} must have one task (got {len(run.tasks)})"
    return run.tasks[0]


def _tested(lab: Lab, version: int) -> JobRun:
    """A run of the test for a version: by its webhook, else started for it."""
    job = _job(lab.workspace, TEST_JOB).id
    lab.call("set_stage", MODEL, version, "None", returns=object)
    before = len(lab.workspace.runs_of(job))
    lab.call("set_stage", MODEL, version, "Staging", returns=object)
    runs = lab.workspace.runs_of(job)[before:]
    return runs[-1] if runs else _started(lab, version, {})


def _started(lab: Lab, version: int, more: Mapping[str, str]) -> JobRun:
    """A run of the test for a version, started by hand."""
    job = _job(lab.workspace, TEST_JOB).id
    event = {"model_name": MODEL, "version": str(version), "to_stage": "Staging"}
    before = len(lab.workspace.runs_of(job))
    given = {"event_message": json.dumps(event), **more}
    lab.call("run_job", TEST_JOB, given, returns=object)
    runs = lab.workspace.runs_of(job)[before:]
    assert runs, f"run_job({TEST_JOB!r}, ...) must start a run"
    return runs[-1]


def _registered(lab: Lab, model: str) -> Mapping[str, Any]:
    found = [m for m in lab.mlflow.registered if m["name"] == model]
    assert found, f"the registered model {model!r} was removed"
    return found[0]


def _version(lab: Lab, model: str, version: int) -> Mapping[str, Any]:
    found = [v for v in _registered(lab, model)["versions"] if v["version"] == version]
    assert found, f"version {version} of {model!r} was removed"
    return found[0]  # type: ignore[no-any-return]  # the registry is plain data


def _stage(lab: Lab, model: str, version: int) -> str:
    return str(_version(lab, model, version)["stage"])


def _number(value: Any) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None
