"""Serving endpoints as data: what a request may ask for, who answers next, what the API tells."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from grader.guest.services.endpoint_views import endpoint_json, summary_json
from grader.guest.services.endpoints import (
    Endpoint,
    Splitter,
    endpoint_name,
    parse_config,
    parse_tags,
)
from grader.guest.services.errors import ApiError


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
