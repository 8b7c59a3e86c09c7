"""Checks of the real-time-serving lab."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from grader.labs import Lab, points

COLUMNS = ["footfall", "avg_cans", "temp_c"]
SETTLED = {"ready": "READY", "config_update": "NOT_UPDATING"}
#: Cans. Versions and stale features are apart by several; rounding is by less.
NEAR = 0.02


@points(2, hint="The answer to the request that creates an endpoint comes before it is ready.")
def test_deploy_waits_until_the_endpoint_is_ready(lab: Lab) -> None:
    """What comes back is the description of an endpoint that can be queried."""
    found: dict[str, Any] = lab.call("deploy", "rehearsal", "cans", "2", False, returns=dict)
    assert found.get("name") == "rehearsal", (
        "deploy must return the endpoint's description, with its 'name'"
    )
    _assert_settled(found, "deploy")


@points(1, hint="Version, workload size and scale_to_zero_enabled belong to the served entity.")
def test_endpoints_serve_what_was_asked_for(lab: Lab) -> None:
    """Version, size and scaling are those of the call, whatever they are."""
    lab.call("deploy", "evening", "cans", "1", True, returns=object)
    endpoints = lab.workspace
    for name, version, scale_to_zero in (("evening", "1", True), ("rehearsal", "2", False)):
        endpoint = endpoints.endpoint(name)
        assert endpoint is not None, f"deploy({name!r}, ...) made no endpoint {name!r}"
        assert len(endpoint.entities) == 1, f"{name!r} must serve one entity"
        (entity,) = endpoint.entities
        served = f"{entity.model}, version {entity.version}"
        assert (entity.model, entity.version) == ("cans", version), (
            f"{name!r} must serve cans, version {version} (got {served})"
        )
        assert entity.workload_size == "Small", (
            f"{name!r} must have the workload size Small (got {entity.workload_size})"
        )
        assert entity.scale_to_zero is scale_to_zero, (
            f"scale to zero must be {scale_to_zero} for {name!r} (got {entity.scale_to_zero})"
        )


@points(2, hint="A record says by name which value is which; one request may have many records.")
def test_ask_gives_a_prediction_for_each_record(lab: Lab) -> None:
    """Records come with their columns in any order, and answers in the order of the records."""
    records = [_turned(record, i) for i, record in enumerate(lab.data["unseen"])]
    found: dict[str, Any] = lab.call("ask", "pilot", records, returns=dict)
    assert found.get("error") is None, "the error must be None where there are predictions"
    _assert_near(found.get("predictions"), _by_version(lab, "1", records), "ask")
    assert found.get("served_by") == "cans-1", (
        f"'cans-1' must be told as 'served_by' (got {found.get('served_by')!r})"
    )


@points(1, hint="Look at the status of the answer; what went wrong stands in its body.")
def test_ask_tells_why_there_is_no_answer(lab: Lab) -> None:
    """A column that is missing, and an endpoint that is not there."""
    lacking = [{c: record[c] for c in COLUMNS[:2]} for record in lab.data["unseen"]]
    cases = (
        ("pilot", lacking, "temp_c", "names the missing column"),
        ("nowhere", lab.data["unseen"], "nowhere", "names the endpoint that is not there"),
    )
    for endpoint, records, word, told in cases:
        found: dict[str, Any] = lab.call("ask", endpoint, records, returns=dict)
        assert found.get("predictions") is None, f"there are no predictions from {endpoint!r}"
        error = found.get("error")
        assert isinstance(error, str), "the error must be a text where there are no predictions"
        assert word in error, f"the error must have the workspace's message, which {told}"


@points(2, hint="Two served entities, a route to each, and an update takes a while, too.")
def test_split_sends_each_version_its_share(lab: Lab) -> None:
    """The endpoint has both versions and both percentages when the call is over."""
    found: dict[str, Any] = lab.call("split", "pilot", "cans", {"2": 30, "1": 70}, returns=dict)
    _assert_settled(found, "split")
    endpoint = lab.workspace.endpoint("pilot")
    assert endpoint is not None, "the endpoint 'pilot' is gone"
    served = {e.name: (e.version, e.share) for e in endpoint.entities if e.share}
    due = {"cans-1": ("1", 70), "cans-2": ("2", 30)}
    assert served == due, f"'pilot' must serve {_told(due)} (got {_told(served)})"


@points(1, hint="One request with all records; keep the predictions only.")
def test_first_answers_are_those_of_version_1(lab: Lab) -> None:
    """The predictions for all records of requests.json."""
    due = _by_version(lab, "1", lab.data["requests"])
    _assert_near(_json(lab, "first.json"), due, "first.json")


@points(2, hint="The share is one of requests, however many records each has.")
def test_canary_gets_a_quarter_of_the_requests(lab: Lab) -> None:
    """The endpoint's percentages, and what the script counted."""
    workspace = lab.workspace
    endpoint = workspace.endpoint("cans")
    assert endpoint is not None, "there is no endpoint 'cans'"
    due = {"cans-1": 75, "cans-2": 25}
    assert endpoint.shares == due, f"'cans' must split its requests {due} (got {endpoint.shares})"
    counted = _json(lab, "canary.json")
    due = {"cans-1": 15, "cans-2": 5}
    assert counted == due, f"canary.json must hold {due} for 20 requests (got {counted})"
    answered = Counter(i.served_entity for i in workspace.invocations_of("cans") if i.status == 200)
    assert all(answered[name] >= count for name, count in due.items()), (
        "canary.json counts more requests than the endpoint has answered"
    )


@points(2, hint="Only a model that was logged with its training set knows where features are.")
def test_keys_are_enough_for_the_model_by_key(lab: Lab) -> None:
    """Machines that the script has not asked for; only key and temperature are sent."""
    keys = lab.data["unseen_keys"]
    found: dict[str, Any] = lab.call("ask", "cans-by-key", keys, returns=dict)
    _assert_near(found.get("predictions"), _by_key(lab, keys, changed=False), "'cans-by-key'")


@points(1, hint="The features have to be online when the endpoint is asked.")
def test_answers_by_key_are_written(lab: Lab) -> None:
    """The predictions for keys.json, as the machines were before anything was rebuilt."""
    due = _by_key(lab, lab.data["keys"], changed=False)
    _assert_near(_json(lab, "by_key.json"), due, "by_key.json")


@points(1, hint="Merge into the table by its key; what is not in the new rows stays.")
def test_feature_table_has_the_changes(lab: Lab) -> None:
    """All machines are there, three of them as they were rebuilt."""
    rows = {str(r.get("machine_id")): r for r in lab.delta("machine_features").rows()}
    due = _features(lab, changed=True)
    assert rows.keys() == due.keys(), (
        f"machine_features must have the {len(due)} machines (got {len(rows)})"
    )
    for machine, features in due.items():
        for name, value in features.items():
            got: Any = rows[machine].get(name)
            assert _number(got) and abs(got - value) < NEAR, (
                f"{name} of {machine} must be {value} in machine_features (got {got!r})"
            )


@points(2, hint="The endpoint reads the online store, which is not the feature table.")
def test_changed_features_reach_the_endpoint(lab: Lab) -> None:
    """It answers with them, without another configuration."""
    due = _by_key(lab, lab.data["keys"], changed=True)
    _assert_near(_json(lab, "by_key_after.json"), due, "by_key_after.json")
    keys = lab.data["changed_keys"]
    found: dict[str, Any] = lab.call("ask", "cans-by-key", keys, returns=dict)
    due = _by_key(lab, keys, changed=True)
    _assert_near(found.get("predictions"), due, "'cans-by-key', asked for rebuilt machines,")
    endpoint = lab.workspace.endpoint("cans-by-key")
    version = endpoint.config_version if endpoint else 0
    assert version == 1, f"'cans-by-key' must have had one configuration (got {version})"


def _assert_settled(found: Mapping[str, Any], function: str) -> None:
    state = found.get("state")
    for name, due in SETTLED.items():
        got = state.get(name) if isinstance(state, dict) else None
        assert got == due, f"{function} must return when state.{name} is {due} (it is {got})"


def _assert_near(found: Any, due: Sequence[float], what: str) -> None:
    """One number for each of `due`, and close to it."""
    assert isinstance(found, list), f"{what} must give a list of predictions (got {_kind(found)})"
    assert len(found) == len(due), f"{what} must give {len(due)} predictions (got {len(found)})"
    for i, (got, value) in enumerate(zip(found, due, strict=True), start=1):
        assert _number(got), f"prediction {i} of {what} must be a number (got {_kind(got)})"
        assert abs(got - value) < NEAR, (
            f"prediction {i} of {what} must be {value:.2f} (got {got:.2f})"
        )


def _json(lab: Lab, name: str) -> Any:
    """What a file holds."""
    try:
        return json.loads(lab.text(name))
    except (ValueError, RecursionError) as error:
        raise AssertionError(f"{name} must hold JSON") from error


def _turned(record: Mapping[str, float], by: int) -> dict[str, float]:
    """The same record with its columns in another order."""
    names = list(record)
    names = names[by % len(names) :] + names[: by % len(names)]
    return {name: record[name] for name in names}


def _by_version(lab: Lab, version: str, records: Sequence[Mapping[str, float]]) -> list[float]:
    """What a version of `cans` predicts."""
    return _fitted(lab.data["versions"][version], records)


def _by_key(lab: Lab, keys: Sequence[Mapping[str, Any]], *, changed: bool) -> list[float]:
    """What the model by key predicts, with the features before or after the change.

    It was fitted before it, whatever the features are when it is asked.
    """
    before, now = _features(lab, changed=False), _features(lab, changed=changed)
    sales = [{**sale, **before[sale["machine_id"]]} for sale in lab.data["sales"]]
    return _fitted(sales, [{**key, **now[key["machine_id"]]} for key in keys])


def _features(lab: Lab, *, changed: bool) -> dict[str, dict[str, float]]:
    """Features by machine."""
    rows = [*lab.data["machines"], *(lab.data["changes"] if changed else [])]
    return {r["machine_id"]: {name: r[name] for name in COLUMNS[:2]} for r in rows}


def _fitted(days: Sequence[Mapping[str, Any]], records: Sequence[Mapping[str, Any]]) -> list[float]:
    """Predictions of the least-squares line through `days`."""
    import numpy as np

    def design(rows: Sequence[Mapping[str, Any]]) -> Any:
        return np.array([[1.0, *(float(r[c]) for c in COLUMNS)] for r in rows])

    weights = np.linalg.lstsq(design(days), np.array([d["cans_sold"] for d in days]), rcond=None)[0]
    return [float(v) for v in design(records) @ weights]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: Any) -> str:
    return "nothing" if value is None else type(value).__name__


def _told(served: Mapping[str, tuple[str, int]]) -> str:
    return ", ".join(f"version {v} with {share} %" for v, share in sorted(served.values()))
