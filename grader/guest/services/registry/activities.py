"""What Databricks' registry has beside MLflow's: comments, transition requests, its own paths.

There are no permissions: everybody may do everything, as one who can manage a model.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify

from grader.guest.services import events
from grader.guest.services.asked import fields, flag, text
from grader.guest.services.context import USER, Context, millis
from grader.guest.services.errors import missing
from grader.guest.services.registry.watching import stages_of

_API = "/api/2.0/mlflow"


class Activities:
    """Comments and open requests, by id and by what they ask for."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._ids = itertools.count(1)
        self._comments: dict[str, dict[str, Any]] = {}
        self._requests: dict[tuple[str, str, str], dict[str, Any]] = {}

    def comment(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Write a comment on a version."""
        version, said = self._version(asked), text(asked, "comment")
        made = self._note(comment=said, available_actions=["EDIT_COMMENT", "DELETE_COMMENT"])
        self._comments[made["id"]] = made
        name, number = text(asked, "name"), str(version.version)
        self._context.announce(events.commented(name, number, said))
        return made

    def edit(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Change a comment."""
        found = self._comment(asked)
        found.update(comment=text(asked, "comment"), last_updated_timestamp=millis())
        return found

    def delete(self, asked: dict[str, Any]) -> None:
        """Remove a comment."""
        del self._comments[self._comment(asked)["id"]]

    def ask_for(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Ask for a transition."""
        version = self._version(asked)
        key = self._key(asked)
        said = str(asked.get("comment") or "")
        made = self._note(
            activity_type="REQUESTED_TRANSITION",
            from_stage=version.current_stage,
            to_stage=key[2],
            comment=said,
            available_actions=[
                "APPROVE_TRANSITION_REQUEST",
                "REJECT_TRANSITION_REQUEST",
                "CANCEL_TRANSITION_REQUEST",
            ],
        )
        self._requests[key] = made
        self._context.announce(
            events.requested(key[0], key[1], version.current_stage, key[2], said)
        )
        return made

    def open_requests(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        """The requests for a version that nobody has answered."""
        version = self._version(asked)
        of = (text(asked, "name"), str(version.version))
        return [made for key, made in self._requests.items() if key[:2] == of]

    def close(self, asked: dict[str, Any], kind: str) -> dict[str, Any]:
        """Approve, reject or cancel a request: what is noted of that."""
        self._version(asked)
        key = self._key(asked)
        found = self._requests.pop(key, None)
        if found is None:
            raise missing(f"nobody asked for version {key[1]} of '{key[0]}' to go to {key[2]}")
        if kind == "APPROVED_REQUEST":
            self.move(asked)
        stages = {"from_stage": found["from_stage"], "to_stage": key[2]}
        return self._note(activity_type=kind, comment=str(asked.get("comment") or ""), **stages)

    def move(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Change a version's stage."""
        name = text(asked, "name")
        before = stages_of(self._context, name)
        version = self._context.registry.transition_model_version_stage(
            name,
            text(asked, "version"),
            text(asked, "stage"),
            flag(asked, "archive_existing_versions"),
        )
        now = _version(version)
        for happening in events.of_transition(asked, now, before):
            self._context.announce(happening)
        return now

    def model(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A registered model as Databricks tells it."""
        found = self._context.registry.get_registered_model(text(asked, "name"))
        return {
            "id": found.name,
            "name": found.name,
            "description": found.description or "",
            "creation_timestamp": found.creation_timestamp,
            "last_updated_timestamp": found.last_updated_timestamp,
            "user_id": USER,
            "permission_level": "CAN_MANAGE",
            "latest_versions": [_version(v) for v in found.latest_versions],
            "tags": _tags(found.tags),
        }

    def _version(self, asked: dict[str, Any]) -> Any:
        return self._context.registry.get_model_version(text(asked, "name"), text(asked, "version"))

    def _comment(self, asked: dict[str, Any]) -> dict[str, Any]:
        key = text(asked, "id")
        if key not in self._comments:
            raise missing(f"there is no comment {key!r}")
        return self._comments[key]

    def _key(self, asked: dict[str, Any]) -> tuple[str, str, str]:
        """Model, version and stage of a request. MLflow's registry says what is a stage."""
        from mlflow.entities.model_registry.model_version_stages import get_canonical_stage

        stage: str = get_canonical_stage(text(asked, "stage"))  # type: ignore[no-untyped-call]  # MLflow's own
        return text(asked, "name"), text(asked, "version"), stage

    def _note(self, **more: Any) -> dict[str, Any]:
        now = millis()
        base = {"creation_timestamp": now, "last_updated_timestamp": now, "user_id": USER}
        return {"id": f"{next(self._ids):032x}", **base, **more}


def blueprint(context: Context) -> Blueprint:
    """The paths."""
    part = Blueprint("activities", __name__)
    kept = Activities(context)

    @part.post(f"{_API}/comments/create")
    def create_comment() -> Response:
        return jsonify({"comment": kept.comment(fields())})

    @part.patch(f"{_API}/comments/update")
    def update_comment() -> Response:
        return jsonify({"comment": kept.edit(fields())})

    @part.delete(f"{_API}/comments/delete")
    def delete_comment() -> Response:
        kept.delete(fields())
        return jsonify({})

    @part.post(f"{_API}/transition-requests/create")
    def create_request() -> Response:
        return jsonify({"request": kept.ask_for(fields())})

    @part.get(f"{_API}/transition-requests/list")
    def list_requests() -> Response:
        return jsonify({"requests": kept.open_requests(fields())})

    @part.post(f"{_API}/transition-requests/approve")
    def approve() -> Response:
        return jsonify({"activity": kept.close(fields(), "APPROVED_REQUEST")})

    @part.post(f"{_API}/transition-requests/reject")
    def reject() -> Response:
        return jsonify({"activity": kept.close(fields(), "REJECTED_REQUEST")})

    @part.delete(f"{_API}/transition-requests/delete")
    def cancel() -> Response:
        return jsonify({"activity": kept.close(fields(), "CANCELLED_REQUEST")})

    @part.post(f"{_API}/databricks/model-versions/transition-stage")
    def transition() -> Response:
        return jsonify({"model_version_databricks": kept.move(fields())})

    @part.get(f"{_API}/databricks/registered-models/get")
    def get_model() -> Response:
        return jsonify({"registered_model_databricks": kept.model(fields())})

    return part


def _version(version: Any) -> dict[str, Any]:
    return {
        "name": version.name,
        "version": str(version.version),
        "current_stage": version.current_stage,
        "description": version.description or "",
        "creation_timestamp": version.creation_timestamp,
        "last_updated_timestamp": version.last_updated_timestamp,
        "run_id": version.run_id or "",
        "source": version.source,
        "status": str(version.status),
        "user_id": USER,
        "tags": _tags(version.tags),
    }


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]
