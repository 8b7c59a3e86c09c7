"""Serving endpoints: what a request may ask for, who answers next, what is deployed and told."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from grader.guest.services.context import Pending
from grader.guest.services.errors import ApiError
from grader.guest.services.journal import PLACE, Journal
from grader.guest.services.serving.deployment import MAX_RUNNING, Deployments, Pace
from grader.guest.services.serving.endpoints import (
    Endpoint,
    Splitter,
    endpoint_name,
    parse_config,
    parse_tags,
)
from grader.guest.services.serving.hosting import Hosting
from grader.guest.services.serving.scoring import Answer, Scorers, ScoringError
from grader.guest.services.serving.views import endpoint_json, summary_json
from grader.labs.serving import endpoint_of, invocation_of


def _entity(version: Any = "1", **more: Any) -> dict[str, Any]:
    return {"entity_name": "cans", "entity_version": version, "workload_size": "Small", **more}


def _split(*shares: Any, names: tuple[str, ...] = ("cans-1", "cans-2")) -> dict[str, Any]:
    routes = [
        {"served_entity_name": n, "traffic_percentage": s}
        for n, s in zip(names, shares, strict=True)
    ]
    return {"served_entities": [_entity("1"), _entity("2")], "traffic_config": {"routes": routes}}


def _refusal(body: Any) -> str:
    with pytest.raises(ApiError) as refused:
        parse_config(body, 1, 0)
    assert refused.value.status == 400
    assert refused.value.code == "INVALID_PARAMETER_VALUE"
    return refused.value.message


def test_one_entity_gets_all_requests_and_a_name_of_its_own() -> None:
    """Without a name it is model and version; without a split everything goes to it."""
    config = parse_config({"served_entities": [_entity("3", scale_to_zero_enabled=True)]}, 1, 5)
    (entity,) = config.entities
    assert (entity.name, entity.version, entity.scale_to_zero) == ("cans-3", "3", True)
    assert config.routes == {"cans-3": 100}


def test_the_older_form_means_the_same() -> None:
    """`served_models` has other names for model and version, and texts for booleans."""
    old = {
        "model_name": "cans",
        "model_version": 2,
        "workload_size": "Small",
        "scale_to_zero_enabled": "true",
    }
    new = _entity("2", scale_to_zero_enabled=True)
    assert parse_config({"served_models": [old]}, 1, 0) == parse_config(
        {"served_entities": [new]}, 1, 0
    )


def test_a_split_is_read_by_either_name() -> None:
    """Routes name the served entity, in the newer or the older word."""
    body = _split(80, 20)
    older = {
        "routes": [
            {"served_model_name": r["served_entity_name"], "traffic_percentage": 50}
            for r in body["traffic_config"]["routes"]
        ]
    }
    assert parse_config(body, 1, 0).routes == {"cans-1": 80, "cans-2": 20}
    assert parse_config({**body, "traffic_config": older}, 1, 0).routes == {
        "cans-1": 50,
        "cans-2": 50,
    }


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (None, "must be an object"),
        ({}, "at least one entry"),
        ({"served_entities": []}, "at least one entry"),
        ({"served_entities": ["cans"]}, "must be an object"),
        ({"served_entities": [_entity()], "served_models": [_entity()]}, "not both"),
        ({"served_entities": [_entity()] * 2}, "two served entities are named 'cans-1'"),
        ({"served_entities": [_entity(str(v)) for v in range(1, 6)]}, "at most 4"),
        ({"served_entities": [{"entity_version": "1"}]}, "'entity_name'"),
        ({"served_models": [{"model_version": "1"}]}, "'model_name'"),
        ({"served_entities": [_entity("latest")]}, "version number"),
        ({"served_entities": [_entity(True)]}, "version number"),
        ({"served_entities": [_entity(workload_size="Tiny")]}, "Small, Medium, Large"),
        ({"served_entities": [_entity(scale_to_zero_enabled=1)]}, "true or false"),
        ({"served_entities": [_entity(scale_to_zero_enabled="yes")]}, "true or false"),
        ({"served_entities": [_entity(name="a b")]}, "cannot be the name"),
        ({"served_entities": [_entity(environment_vars={"A": 1})]}, "object of texts"),
        ({"served_entities": [_entity(external_model={"name": "x"})]}, "external models"),
        ({"served_entities": [_entity("1"), _entity("2")]}, "need a 'traffic_config'"),
        ({"served_entities": [_entity()], "traffic_config": {"routes": 1}}, "list 'routes'"),
        (_split(80, 30), "add up to 100 (got 110)"),
        (_split(80, 19), "add up to 100 (got 99)"),
        (_split(80.0, 20), "whole number from 0 to 100"),
        (_split(120, -20), "whole number from 0 to 100"),
        (_split(50, 50, names=("cans-1", "cans-9")), "'cans-9'"),
        (_split(50, 50, names=("cans-1", "cans-1")), "two routes"),
    ],
)
def test_what_cannot_be_served_is_refused_in_words(body: Any, told: str) -> None:
    """Each flaw is a 400 that names what is wrong."""
    assert told in _refusal(body)


@pytest.mark.parametrize("name", [None, "", "a b", "-a", "a-", "a/b", "x" * 64, 3])
def test_names_are_letters_digits_dashes_and_underscores(name: Any) -> None:
    """Anything else is refused."""
    assert endpoint_name("cans_v2-eu") == "cans_v2-eu"
    with pytest.raises(ApiError):
        endpoint_name(name)


@pytest.mark.parametrize("shares", [{"a": 80, "b": 20}, {"a": 33, "b": 33, "c": 34}, {"a": 100}])
def test_a_hundred_requests_are_split_exactly(shares: dict[str, int]) -> None:
    """Of any hundred in a row each entity gets its percentage, and always the same ones."""
    first, second = Splitter(shares), Splitter(shares)
    turns = [first.next() for _ in range(300)]
    assert turns == [second.next() for _ in range(300)]
    for begin in (0, 100, 157):
        assert Counter(turns[begin : begin + 100]) == shares


def test_a_small_share_is_spread_over_the_requests() -> None:
    """Twenty percent is one request of any five, not twenty in a row."""
    split = Splitter({"a": 80, "b": 20})
    turns = [split.next() for _ in range(50)]
    assert all(turns[i : i + 5].count("b") == 1 for i in range(0, 50, 5))


def test_an_entity_without_a_share_gets_nothing() -> None:
    """Zero percent means never."""
    split = Splitter({"a": 0, "b": 100})
    assert {split.next() for _ in range(10)} == {"b"}


def test_an_endpoint_is_ready_when_its_first_configuration_serves() -> None:
    """Before that it has a pending one alone; a later update leaves it ready."""
    found = Endpoint("cans", "id", 1, 1, pending=parse_config(_split(80, 20), 1, 1))
    found.update = "IN_PROGRESS"
    states = {"config": {}, "pending": {"cans-1": ("DEPLOYMENT_READY", "")}}
    told = endpoint_json(found, states)
    assert told["state"] == {"ready": "NOT_READY", "config_update": "IN_PROGRESS"}
    assert "config" not in told
    first, second = told["pending_config"]["served_entities"]
    assert first["state"]["deployment"] == "DEPLOYMENT_READY"
    assert second["state"]["deployment"] == "DEPLOYMENT_CREATING"
    found.apply()
    told = endpoint_json(found, {"config": {}, "pending": {}})
    assert told["state"] == {"ready": "READY", "config_update": "NOT_UPDATING"}
    assert "pending_config" not in told
    assert told["config"]["config_version"] == 1
    assert [m["model_version"] for m in told["config"]["served_models"]] == ["1", "2"]
    assert [r["traffic_percentage"] for r in told["config"]["traffic_config"]["routes"]] == [80, 20]


def test_the_list_of_endpoints_tells_less() -> None:
    """Names and versions of what is served, and nothing of its resources."""
    found = Endpoint("cans", "id", 1, 1, pending=parse_config(_split(80, 20), 1, 1))
    assert "config" not in summary_json(found)
    found.apply()
    assert summary_json(found)["config"]["served_entities"] == [
        {"name": f"cans-{v}", "entity_name": "cans", "entity_version": v} for v in ("1", "2")
    ]


def test_tags_are_keys_and_values() -> None:
    """A value may be missing; anything but a list of objects with keys is refused."""
    assert parse_tags([{"key": "team", "value": "x"}, {"key": "new"}]) == [
        {"key": "team", "value": "x"},
        {"key": "new", "value": ""},
    ]
    assert parse_tags(None) == []
    for wrong in ({"key": "team"}, ["team"], [{"value": "x"}]):
        with pytest.raises(ApiError):
            parse_tags(wrong)


class _Scorer:
    """A scoring process that is none."""

    def __init__(self) -> None:
        self.alive = True

    def ask(self, body: bytes, content_type: str) -> Answer:
        """It answers what it is asked, while it is there."""
        time.sleep(0.002)
        if not self.alive:
            raise ScoringError("it has ended")
        return Answer(200, content_type, body)

    def stop(self) -> None:
        """It ends."""
        self.alive = False


class _Scorers:
    """Starts scorers; one for the model `broken` cannot be."""

    def __init__(self) -> None:
        self.started: list[_Scorer] = []

    def start(self, model: Path, environment: Mapping[str, str], log: Path) -> _Scorer:
        """The next one."""
        if model.parent.name == "broken":
            raise ScoringError("it is broken")
        self.started.append(_Scorer())
        return self.started[-1]


def _resolve(model: str, version: str) -> Path:
    if model == "gone":
        raise LookupError(model)
    return Path(model, version)


class _Placed:
    """Hosting on a folder, with nothing real behind it."""

    def __init__(self, folder: Path, pace: Pace) -> None:
        self.scorers = _Scorers()
        deployments = Deployments(
            cast("Scorers", self.scorers), _resolve, folder / "logs", lambda: pace
        )
        self.pending = Pending()
        self.hosting = Hosting(deployments, Journal(folder), self.pending)
        self.folder = folder

    def settle(self) -> None:
        """Wait until nothing is deployed any more."""
        assert self.pending.wait(10)

    def journal(self, kind: str) -> list[dict[str, Any]]:
        """What is noted of a kind, oldest first."""
        lines = (self.folder / PLACE).read_text("utf-8").splitlines()
        return [e for e in map(json.loads, lines) if e["kind"] == kind]

    @property
    def running(self) -> int:
        """How many scorers have not been stopped."""
        return sum(s.alive for s in self.scorers.started)


@pytest.fixture
def placed(tmp_path: Path) -> _Placed:
    """Hosting that is quick."""
    return _Placed(tmp_path, Pace(deploy=0.05, idle=0.05))


def _create(placed: _Placed, *entities: dict[str, Any], name: str = "e") -> None:
    placed.hosting.create({"name": name, "config": {"served_entities": list(entities)}})
    placed.settle()


def test_an_endpoint_answers_from_when_it_is_ready(placed: _Placed) -> None:
    """Before that a query is refused; the first question for its state is answered at once."""
    told = placed.hosting.create({"name": "e", "config": {"served_entities": [_entity()]}})
    assert told["state"] == {"ready": "NOT_READY", "config_update": "IN_PROGRESS"}
    with pytest.raises(ApiError) as refused:
        placed.hosting.invoke("e", None, b"{}", "application/json")
    assert (refused.value.status, refused.value.code) == (400, "INVALID_STATE")
    assert placed.hosting.get("e")["state"]["config_update"] == "IN_PROGRESS"
    assert placed.hosting.get("e")["state"]["config_update"] == "NOT_UPDATING"
    answer, by = placed.hosting.invoke("e", None, b"{}", "application/json")
    assert (answer.body, by) == (b"{}", "cans-1")
    first, second = (e["data"] for e in placed.journal("invocation"))
    assert (first["status"], first["served_entity"]) == (400, "")
    assert (second["status"], second["served_entity"], second["cold"]) == (200, "cans-1", False)


def test_an_update_keeps_what_both_configurations_serve(placed: _Placed) -> None:
    """The process of a version that stays is not started again; one that goes is ended."""
    _create(placed, _entity("1"))
    placed.hosting.update("e", _split(50, 50))
    placed.settle()
    assert (len(placed.scorers.started), placed.running) == (2, 2)
    placed.hosting.update("e", {"served_entities": [_entity("2")]})
    placed.settle()
    assert (len(placed.scorers.started), placed.running) == (2, 1)
    assert placed.hosting.get("e")["config"]["config_version"] == 3


def test_no_query_is_lost_by_an_update(placed: _Placed) -> None:
    """While versions come and go, every query gets an answer from one that serves."""
    _create(placed, _entity("1"))
    answered = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            answered.append(placed.hosting.invoke("e", None, b"{}", "application/json")[0].status)

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for thread in asking:
        thread.start()
    try:
        for version in ("2", "1", "2"):
            placed.hosting.update("e", {"served_entities": [_entity(version)]})
            placed.settle()
    finally:
        over.set()
        for thread in asking:
            thread.join()
    assert set(answered) == {200}
    assert placed.running == 1


def test_an_update_that_fails_leaves_what_serves(placed: _Placed) -> None:
    """The pending configuration tells why, and the next update may come."""
    _create(placed, _entity("1"))
    broken = {"entity_name": "broken", "entity_version": "1"}
    both = {
        "served_entities": [_entity("1"), broken],
        "traffic_config": {"routes": [{"served_entity_name": "cans-1", "traffic_percentage": 100}]},
    }
    placed.hosting.update("e", both)
    placed.settle()
    found = placed.hosting.get("e")
    assert found["state"] == {"ready": "READY", "config_update": "UPDATE_FAILED"}
    states = [e["state"] for e in found["pending_config"]["served_entities"]]
    assert states[1] == {
        "deployment": "DEPLOYMENT_FAILED",
        "deployment_state_message": "it is broken",
    }
    assert placed.hosting.invoke("e", None, b"{}", "application/json")[1] == "cans-1"
    placed.hosting.update("e", {"served_entities": [_entity("2")]})
    placed.settle()
    assert placed.hosting.get("e")["state"]["config_update"] == "NOT_UPDATING"


def test_what_is_idle_and_may_scales_to_zero(placed: _Placed) -> None:
    """Its process ends; the next query starts another and is noted as cold."""
    _create(placed, _entity("1", scale_to_zero_enabled=True), name="may")
    _create(placed, _entity("1"), name="stays")
    end = time.monotonic() + 10
    while placed.running > 1 and time.monotonic() < end:
        time.sleep(0.02)
    assert placed.running == 1
    (entity,) = placed.hosting.get("may")["config"]["served_entities"]
    assert entity["state"]["deployment_state_message"] == "Scaled to zero"
    for name in ("may", "stays"):
        placed.hosting.invoke(name, None, b"{}", "application/json")
    assert [e["data"]["cold"] for e in placed.journal("invocation")] == [True, False]


def test_a_scorer_that_ended_is_replaced(placed: _Placed) -> None:
    """Whatever ended it: the next query starts another."""
    _create(placed, _entity("1"))
    placed.scorers.started[0].alive = False
    answer, _ = placed.hosting.invoke("e", None, b"[]", "application/json")
    assert answer.body == b"[]"
    assert placed.running == 1


def test_there_is_one_endpoint_of_a_name_and_one_update_at_a_time(placed: _Placed) -> None:
    """Otherwise 409; and 404 for what is not there."""
    body = {"name": "e", "config": {"served_entities": [_entity()]}}
    placed.hosting.create(body)
    with pytest.raises(ApiError) as twice:
        placed.hosting.create(body)
    with pytest.raises(ApiError) as early:
        placed.hosting.update("e", {"served_entities": [_entity("2")]})
    assert (twice.value.status, early.value.status) == (409, 409)
    gone = {"served_entities": [{"entity_name": "gone", "entity_version": "1"}]}
    placed.settle()
    for wrong in (
        lambda: placed.hosting.update("e", gone),
        lambda: placed.hosting.get("f"),
        lambda: placed.hosting.delete("f"),
        lambda: placed.hosting.invoke("f", None, b"", ""),
        lambda: placed.hosting.invoke("e", "cans-9", b"", ""),
        lambda: placed.hosting.log("e", "cans-9"),
    ):
        with pytest.raises(ApiError) as missing:
            wrong()
        assert missing.value.status == 404


def test_a_deleted_endpoint_leaves_nothing_running(tmp_path: Path) -> None:
    """Neither when it was ready, nor in the middle of its deployment."""
    slow = _Placed(tmp_path, Pace(deploy=0.3, idle=60))
    slow.hosting.create({"name": "e", "config": {"served_entities": [_entity()]}})
    slow.hosting.delete("e")
    slow.settle()
    _create(slow, _entity())
    assert slow.running == 1
    slow.hosting.delete("e")
    assert slow.running == 0
    assert slow.hosting.all() == []
    assert "data" not in slow.journal("endpoint")[-1]


def test_no_more_processes_are_started_than_a_lab_can_bear(placed: _Placed) -> None:
    """What would be one too many fails, with a sentence that says what to do."""
    for i in range(MAX_RUNNING + 1):
        _create(placed, _entity("1"), name=f"e{i}")
    last = placed.hosting.get(f"e{MAX_RUNNING}")
    assert last["state"] == {"ready": "NOT_READY", "config_update": "UPDATE_FAILED"}
    (entity,) = last["pending_config"]["served_entities"]
    assert "delete an endpoint" in entity["state"]["deployment_state_message"]
    assert placed.running == MAX_RUNNING


def test_checks_see_endpoints_and_queries(placed: _Placed) -> None:
    """What the journal has of them, in the words of checks."""
    _create(placed, _entity("1", scale_to_zero_enabled=True))
    placed.hosting.invoke("e", None, b"{}", "application/json")
    found = endpoint_of(placed.journal("endpoint")[-1]["data"])
    assert (found.name, found.ready, found.config_update) == ("e", True, "NOT_UPDATING")
    assert found.shares == {"cans-1": 100}
    (entity,) = found.entities
    assert (entity.model, entity.version, entity.scale_to_zero) == ("cans", "1", True)
    query = invocation_of(placed.journal("invocation")[-1]["data"])
    assert (query.endpoint, query.served_entity, query.status) == ("e", "cans-1", 200)
