"""`databricks-sdk` and `mlflow.deployments` drive model serving."""

from __future__ import annotations

import json
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from grader.guest.features import online, packaging
from grader.guest.features.spec import FeatureSpec, LookupSpec
from tests.conformance.conftest import Served

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.serving import (
        EndpointCoreConfigInput,
        EndpointStateReady,
        ServedEntityInput,
        ServingEndpointDetailed,
    )

pytestmark = [
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore"),  # MLflow's own, on how models are saved
]
RECORDS = [{"a": 1.0, "b": 2.0}, {"b": 1.0, "a": 3.0}]
#: What models are fitted on.
COLUMNS = {"a": [1.0, 2.0, 3.0, 5.0], "b": [0.0, 1.0, 0.0, 2.0]}


@pytest.fixture
def w(here: Served) -> Iterator[WorkspaceClient]:
    """A client as a student makes it; what it made is gone afterwards."""
    from databricks.sdk import WorkspaceClient

    client = WorkspaceClient()
    yield client
    for found in client.serving_endpoints.list():
        client.serving_endpoints.delete(found.name or "")


@pytest.fixture
def model(here: Served) -> Iterator[str]:
    """A registered model of two versions: version v gives v * a + b."""
    import mlflow

    mlflow.set_tracking_uri(here.url)
    name = "cans"
    if not mlflow.MlflowClient().search_registered_models("name = 'cans'"):
        for version in (1, 2):
            _register(name, version)
    yield name
    mlflow.set_tracking_uri("")


def _register(name: str, factor: float) -> Path:
    """One more version, which gives factor * a + b; the folder of its files."""
    import mlflow
    import mlflow.sklearn  # here, where its warnings are no errors

    fitted, options = _fitted(factor)
    made = mlflow.sklearn.log_model(fitted, name="model", registered_model_name=name, **options)
    return Path(mlflow.artifacts.download_artifacts(made.model_uri))


def _fitted(factor: float) -> tuple[Any, dict[str, Any]]:
    """A model that takes a missing value for 0, and how to save it."""
    import pandas as pd
    from mlflow.models import infer_signature
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline

    frame = pd.DataFrame(COLUMNS)
    made = make_pipeline(SimpleImputer(strategy="constant", fill_value=0.0), LinearRegression())
    made.fit(frame, frame["a"] * factor + frame["b"])
    return made, {
        "signature": infer_signature(frame, made.predict(frame)),
        "pip_requirements": ["scikit-learn"],
        "serialization_format": "cloudpickle",
    }


def _entity(version: int, *, zero: bool = False, model: str = "cans") -> ServedEntityInput:
    from databricks.sdk.service.serving import ServedEntityInput

    return ServedEntityInput(
        entity_name=model,
        entity_version=str(version),
        workload_size="Small",
        scale_to_zero_enabled=zero,
    )


def _config(name: str, *entities: ServedEntityInput) -> EndpointCoreConfigInput:
    from databricks.sdk.service.serving import EndpointCoreConfigInput

    return EndpointCoreConfigInput(name, served_entities=list(entities))


def _invocations(here: Served, endpoint: str) -> list[dict[str, Any]]:
    """What the journal has of an endpoint's queries."""
    lines = (here.folder / ".services/journal.jsonl").read_text("utf-8").splitlines()
    found = [e["data"] for e in map(json.loads, lines) if e["kind"] == "invocation"]
    return [i for i in found if i["endpoint"] == endpoint]


def _post(here: Served, path: str, body: Any) -> tuple[Any, str]:
    """The JSON answer and who gave it. urllib sends a form's content type, as `curl -d` does."""
    request = urllib.request.Request(
        here.url + path, json.dumps(body).encode(), {"Authorization": f"Bearer {here.token}"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer), answer.headers["served-model-name"]


def test_the_sdk_makes_queries_splits_and_deletes_an_endpoint(
    w: WorkspaceClient, model: str
) -> None:
    """From creation to deletion; requests are split as the routes say, the header tells by whom."""
    from databricks.sdk.errors import ResourceDoesNotExist
    from databricks.sdk.service.serving import (
        EndpointStateConfigUpdate,
        EndpointStateReady,
        Route,
        TrafficConfig,
    )

    api = w.serving_endpoints
    waiting = api.create("sdk", config=_config("sdk", _entity(1)))
    assert _ready(waiting.response) is EndpointStateReady.NOT_READY
    made = waiting.result()
    assert made.state and made.config and made.config.served_entities
    assert made.state.ready is EndpointStateReady.READY
    assert made.state.config_update is EndpointStateConfigUpdate.NOT_UPDATING
    assert made.config.served_entities[0].name == "cans-1"
    assert [e.name for e in api.list()] == ["sdk"]
    answer = api.query("sdk", dataframe_records=RECORDS)
    assert answer.predictions == pytest.approx([3.0, 4.0])
    assert answer.served_model_name == "cans-1"
    split = TrafficConfig([Route(75, "cans-1"), Route(25, "cans-2")])
    update = api.update_config(
        "sdk", served_entities=[_entity(1), _entity(2)], traffic_config=split
    )
    assert _ready(update.response) is EndpointStateReady.READY  # the old one goes on
    assert api.query("sdk", dataframe_records=RECORDS).served_model_name == "cans-1"
    changed = update.result()
    assert changed.config and changed.config.config_version == 2
    answers = [api.query("sdk", dataframe_records=RECORDS[:1]) for _ in range(8)]
    assert Counter(a.served_model_name for a in answers) == {"cans-1": 6, "cans-2": 2}
    for one in answers:
        due = 3.0 if one.served_model_name == "cans-1" else 4.0
        assert one.predictions == pytest.approx([due])
    api.delete("sdk")
    with pytest.raises(ResourceDoesNotExist, match="'sdk' does not exist"):
        api.get("sdk")


def _ready(found: ServingEndpointDetailed) -> EndpointStateReady | None:
    return found.state.ready if found.state else None


def test_the_deployments_client_does_the_same(w: WorkspaceClient, model: str) -> None:
    """It posts to paths that end with a slash, and tells errors by their status."""
    from mlflow.deployments import get_deploy_client

    client = get_deploy_client("databricks")  # type: ignore[no-untyped-call]  # MLflow's
    entity = {"entity_name": model, "entity_version": "2", "scale_to_zero_enabled": True}
    client.create_endpoint(config={"name": "dep", "config": {"served_entities": [entity]}})
    while client.get_endpoint("dep").state["config_update"] == "IN_PROGRESS":
        time.sleep(0.1)
    assert [e["name"] for e in client.list_endpoints()] == ["dep"]
    inputs = {"dataframe_split": {"columns": ["a", "b"], "data": [[1.0, 2.0]]}}
    assert client.predict(endpoint="dep", inputs=inputs).predictions == pytest.approx([4.0])
    older = {"model_name": model, "model_version": "1", "workload_size": "Small"}
    config = {"served_models": [{**older, "scale_to_zero_enabled": False}]}
    client.update_endpoint_config(endpoint="dep", config=config)
    while client.get_endpoint("dep").state["config_update"] == "IN_PROGRESS":
        time.sleep(0.1)
    assert client.predict(endpoint="dep", inputs=inputs).predictions == pytest.approx([3.0])
    tags = {"add_tags": [{"key": "team", "value": "cans"}]}
    assert client.update_endpoint_tags(endpoint="dep", config=tags).tags == tags["add_tags"]
    client.delete_endpoint("dep")
    assert client.list_endpoints() == []


def test_every_form_of_input_is_taken_whatever_the_content_type_says(
    w: WorkspaceClient, here: Served, model: str
) -> None:
    """Records, split, inputs and instances; with a slash at the end and under the API's path."""
    from databricks.sdk.service.serving import (
        EndpointCoreConfigInput,
        Route,
        ServedModelInput,
        TrafficConfig,
    )

    old = ServedModelInput(False, model, "1", name="old", workload_size="Small")
    new = ServedModelInput(False, model, "2", name="new", workload_size="Small")
    config = EndpointCoreConfigInput(
        "forms",
        served_models=[old, new],
        traffic_config=TrafficConfig([Route(100, served_model_name="old")]),
    )
    w.serving_endpoints.create_and_wait("forms", config=config)
    for body in (
        {"dataframe_records": RECORDS},
        {"dataframe_split": {"columns": ["b", "a"], "data": [[2, 1], [1, 3]]}},
        {"inputs": {"a": [1.0, 3.0], "b": [2.0, 1.0]}},
        {"instances": RECORDS},
    ):
        found, by = _post(here, "/serving-endpoints/forms/invocations", body)
        assert found["predictions"] == pytest.approx([3.0, 4.0]), body
        assert by == "old"
    body = {"dataframe_records": RECORDS}
    for path in (
        "/serving-endpoints/forms/invocations/",
        "/api/2.0/serving-endpoints/forms/invocations",
    ):
        assert _post(here, path, body)[1] == "old"
    path = "/serving-endpoints/forms/served-models/new/invocations"
    assert _post(here, path, body)[0]["predictions"] == pytest.approx([4.0, 7.0])


def test_what_cannot_be_is_refused_with_a_reason(w: WorkspaceClient, model: str) -> None:
    """4xx, an error code and a sentence: unknown, twice, too early, another signature."""
    from databricks.sdk.errors import (
        BadRequest,
        InvalidParameterValue,
        InvalidState,
        ResourceAlreadyExists,
        ResourceConflict,
        ResourceDoesNotExist,
    )
    from databricks.sdk.service.serving import Route, TrafficConfig

    api = w.serving_endpoints
    with pytest.raises(ResourceDoesNotExist, match="no version 7 of a registered model 'cans'"):
        api.create("wrong", config=_config("wrong", _entity(7)))
    config = _config("wrong", _entity(1))
    config.traffic_config = TrafficConfig([Route(90, "cans-1")])
    with pytest.raises(InvalidParameterValue, match="add up to 100"):
        api.create("wrong", config=config)
    assert list(api.list()) == []
    waiting = api.create("right", config=_config("right", _entity(1)))
    with pytest.raises(InvalidState, match="not ready"):
        api.query("right", dataframe_records=RECORDS)
    with pytest.raises(ResourceConflict, match="being updated"):
        api.update_config("right", served_entities=[_entity(2)])
    with pytest.raises(ResourceAlreadyExists, match="already exists"):
        api.create("right", config=_config("right", _entity(1)))
    waiting.result()
    with pytest.raises(BadRequest, match="missing inputs \\['b'\\]"):
        api.query("right", dataframe_records=[{"a": 1.0}])
    with pytest.raises(BadRequest, match="column b"):
        api.query("right", dataframe_records=[{"a": 1.0, "b": "much"}])
    with pytest.raises(BadRequest, match="exactly one of the input fields"):
        api.query("right", extra_params={"a": "1"})
    with pytest.raises(ResourceDoesNotExist, match="'nowhere' does not exist"):
        api.query("nowhere", dataframe_records=RECORDS)
    assert api.query("right", dataframe_records=RECORDS).predictions == pytest.approx([3.0, 4.0])


def test_an_idle_entity_scales_to_zero_and_starts_again(
    w: WorkspaceClient, here: Served, model: str
) -> None:
    """Its state says so; the next query is a cold start, the one after it is not."""
    settings = here.folder / ".services/serving.json"
    settings.write_text('{"idle_seconds": 3}', "utf-8")
    try:
        w.serving_endpoints.create_and_wait("idle", config=_config("idle", _entity(1, zero=True)))
    finally:
        settings.unlink()
    end = time.monotonic() + 60
    while "Scaled to zero" not in _messages(w, "idle"):
        assert time.monotonic() < end, "it never scaled to zero"
        time.sleep(0.1)
    for _ in range(2):
        answer = w.serving_endpoints.query("idle", dataframe_records=RECORDS)
        assert answer.predictions == pytest.approx([3.0, 4.0])
    found = _invocations(here, "idle")
    assert [(i["served_entity"], i["status"], i["cold"]) for i in found] == [
        ("cans-1", 200, True),
        ("cans-1", 200, False),
    ]


def _messages(w: WorkspaceClient, endpoint: str) -> list[str | None]:
    config = w.serving_endpoints.get(endpoint).config
    entities = config.served_entities if config else None
    return [e.state.deployment_state_message for e in entities or () if e.state]


def test_a_model_that_cannot_be_loaded_fails_the_update_alone(
    w: WorkspaceClient, model: str
) -> None:
    """The endpoint goes on with what it served, and tells what went wrong."""
    from databricks.sdk.errors import OperationFailed
    from databricks.sdk.service.serving import EndpointStateReady

    folder = _register("broken", 1)
    (folder / "model.pkl").write_bytes(b"no pickle")
    api = w.serving_endpoints
    api.create_and_wait("kept", config=_config("kept", _entity(2)))
    with pytest.raises(OperationFailed, match="UPDATE_FAILED"):
        api.update_config_and_wait("kept", served_entities=[_entity(1, model="broken")])
    found = api.get("kept")
    assert found.state and found.state.ready is EndpointStateReady.READY
    assert found.pending_config and found.pending_config.served_entities
    state = found.pending_config.served_entities[0].state
    assert state and "UnpicklingError" in (state.deployment_state_message or "")
    assert api.query("kept", dataframe_records=RECORDS).served_model_name == "cans-2"


def test_features_are_looked_up_online(
    w: WorkspaceClient, here: Served, model: str, tmp_path: Path
) -> None:
    """Keys are enough; what a client sends wins; a key that is not there gives nulls."""
    from databricks.sdk.errors import BadRequest

    lookup = LookupSpec("default.machines", ("id",), ("machine",), {"footfall": "a"})
    spec = FeatureSpec(("a", "b"), (lookup,))
    _log_with_features("by-key", spec, tmp_path)
    api = w.serving_endpoints
    api.create_and_wait("by-key", config=_config("by-key", _entity(1, model="by-key")))
    rows = [{"machine": "m1", "b": 1.0}]
    with pytest.raises(BadRequest, match=r"'default\.machines' is not published"):
        api.query("by-key", dataframe_records=rows)
    _publish(here, {"m1": 10.0, "m2": 20.0})
    rows += [{"machine": "m2", "b": 0.0}, {"machine": "m2", "b": 0.0, "a": 1.0}]
    rows += [{"machine": "unknown", "b": 5.0}]
    split = {"columns": ["machine", "b"], "data": [["m2", 3.0]]}
    found, _ = _post(here, "/serving-endpoints/by-key/invocations", {"dataframe_split": split})
    assert found["predictions"] == pytest.approx([43.0])
    alone = [api.query("by-key", dataframe_records=[r]).predictions for r in rows]
    assert [p for one in alone for p in one or ()] == pytest.approx([21.0, 40.0, 2.0, 5.0])
    _publish(here, {"m1": 100.0})
    assert api.query("by-key", dataframe_records=rows[:1]).predictions == pytest.approx([201.0])
    with pytest.raises(BadRequest, match="lacks 'b', 'machine'"):
        api.query("by-key", dataframe_records=[{"other": 1}])
    with pytest.raises(BadRequest, match="named columns"):
        api.query("by-key", inputs=[[1.0, 2.0]])


def _log_with_features(name: str, spec: FeatureSpec, folder: Path) -> None:
    """A registered model, as a Feature Store client logs it; it gives 2 * a + b."""
    import mlflow
    import mlflow.pyfunc
    import mlflow.sklearn
    from mlflow.models import Model

    data = folder / packaging.DATA.name
    data.mkdir()
    fitted, options = _fitted(2)
    mlflow.sklearn.save_model(fitted, str(data / packaging.RAW), **options)
    packaging.write(data, spec)
    Model.log(
        artifact_path=None,
        name="model",
        flavor=mlflow.pyfunc,
        registered_model_name=name,
        loader_module=packaging.LOADER,
        data_path=str(data),
        pip_requirements=["scikit-learn"],
    )


def _publish(here: Served, footfall: dict[str, float]) -> None:
    """Bring features of machines online, as `publish_table` does."""
    columns = {"id": "string", "footfall": "double"}
    table = online.OnlineTable("store", "machines", "default.machines", ("id",), columns)
    rows = [{"id": key, "footfall": value} for key, value in footfall.items()]
    online.publish(here.folder, table, rows, replace=False)
