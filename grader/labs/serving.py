"""Serving endpoints and their queries, as a lab's checks see them in `lab.workspace`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any


@dataclass(frozen=True, slots=True)
class ServedEntity:
    """A model version that an endpoint serves. `share` is its percentage of the requests,
    `message` what goes with its `deployment` state, such as `Scaled to zero`."""

    name: str
    model: str
    version: str
    workload_size: str
    scale_to_zero: bool
    share: int
    deployment: str
    message: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A serving endpoint. `entities` are those that serve, or are to serve if none does yet;
    `config_version` counts its configurations from 1."""

    name: str
    ready: bool
    config_update: str
    config_version: int
    entities: Sequence[ServedEntity]

    @property
    def shares(self) -> dict[str, int]:
        """The percentage of each served entity, by its name."""
        return {e.name: e.share for e in self.entities}


@dataclass(frozen=True, slots=True)
class Invocation:
    """A query of an endpoint. `served_entity` is empty if none answered; `cold` says that it had
    to be started for this query; `seconds` by the clock."""

    endpoint: str
    served_entity: str
    status: int
    cold: bool
    seconds: float


def endpoint_of(found: Mapping[str, Any]) -> Endpoint:
    """An endpoint from its description in the API's terms.

    Raises:
        TypeError, KeyError, AttributeError: it has another form than our own code gives it.
    """
    config = found.get("config") or found["pending_config"]
    routes = config["traffic_config"]["routes"]
    shares = {str(r["served_entity_name"]): index(r["traffic_percentage"]) for r in routes}
    return Endpoint(
        name=str(found["name"]),
        ready=found["state"]["ready"] == "READY",
        config_update=str(found["state"]["config_update"]),
        config_version=index(config["config_version"]),
        entities=[_entity(e, shares) for e in config["served_entities"]],
    )


def invocation_of(found: Mapping[str, Any]) -> Invocation:
    """A query, as the endpoints note it. Raises as `endpoint_of` does."""
    return Invocation(
        endpoint=str(found["endpoint"]),
        served_entity=str(found["served_entity"]),
        status=index(found["status"]),
        cold=found["cold"] is True,
        seconds=0.0 + found["seconds"],
    )


def _entity(found: Mapping[str, Any], shares: Mapping[str, int]) -> ServedEntity:
    return ServedEntity(
        name=str(found["name"]),
        model=str(found["entity_name"]),
        version=str(found["entity_version"]),
        workload_size=str(found["workload_size"]),
        scale_to_zero=found["scale_to_zero_enabled"] is True,
        share=shares[found["name"]],
        deployment=str(found["state"]["deployment"]),
        message=str(found["state"]["deployment_state_message"]),
    )
