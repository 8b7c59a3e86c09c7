"""Serving endpoints as the API tells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.guest.services.serving.endpoints import Config, Endpoint

CREATOR = "student@example.com"
#: Of an entity: its deployment state, and a message with it.
State = tuple[str, str]


def config_json(config: Config, states: Mapping[str, State]) -> dict[str, Any]:
    """A configuration as the API tells it; `states` has deployment and message by entity."""
    entities = []
    for e in config.entities:
        deployment, message = states.get(e.name, ("DEPLOYMENT_CREATING", ""))
        entities.append(
            {
                "name": e.name,
                "entity_name": e.model,
                "entity_version": e.version,
                "workload_size": e.workload_size,
                "workload_type": "CPU",
                "scale_to_zero_enabled": e.scale_to_zero,
                "environment_vars": dict(e.environment),
                "state": {"deployment": deployment, "deployment_state_message": message},
                "creator": CREATOR,
                "creation_timestamp": e.created,
            }
        )
    return {
        "served_entities": entities,
        "served_models": [_as_served_model(e) for e in entities],
        "traffic_config": {
            "routes": [
                {
                    "served_model_name": name,
                    "served_entity_name": name,
                    "traffic_percentage": share,
                }
                for name, share in config.routes.items()
            ]
        },
        "config_version": config.version,
    }


def _as_served_model(entity: Mapping[str, Any]) -> dict[str, Any]:
    """The older form of a served entity."""
    names = {"entity_name": "model_name", "entity_version": "model_version"}
    return {names.get(key, key): value for key, value in entity.items()}


def endpoint_json(endpoint: Endpoint, states: Mapping[str, Mapping[str, State]]) -> dict[str, Any]:
    """An endpoint as the API tells it; `states` is for `config` and `pending`."""
    told = {
        "name": endpoint.name,
        "id": endpoint.id,
        "creator": CREATOR,
        "creation_timestamp": endpoint.created,
        "last_updated_timestamp": endpoint.updated,
        "state": {
            "ready": "READY" if endpoint.config else "NOT_READY",
            "config_update": endpoint.update,
        },
        "permission_level": "CAN_MANAGE",
        "route_optimized": False,
        "tags": endpoint.tags,
    }
    if endpoint.config:
        told["config"] = config_json(endpoint.config, states["config"])
    if endpoint.pending:
        told["pending_config"] = config_json(endpoint.pending, states["pending"])
    return told


def summary_json(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint in the list of all, with less of its configuration."""
    told = endpoint_json(endpoint, {"config": {}, "pending": {}})
    told.pop("pending_config", None)
    kept = {
        "served_entities": ("name", "entity_name", "entity_version"),
        "served_models": ("name", "model_name", "model_version"),
    }
    if "config" in told:
        told["config"] = {
            key: [{k: e[k] for k in keys} for e in told["config"][key]]
            for key, keys in kept.items()
        }
    return told
