"""Registry webhooks as Databricks has them, on the paths of both its clients."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, Response, jsonify

from grader.guest.services import events
from grader.guest.services.asked import fields, flag, text, whole
from grader.guest.services.context import Context, millis
from grader.guest.services.errors import ApiError, invalid, missing
from grader.guest.services.registry.deliveries import Deliveries, Outcome, loopback

#: The kind in the journal.
KIND = "webhook"
STATUSES = ("ACTIVE", "DISABLED", "TEST_MODE")
_PATHS = ("/api/2.0/mlflow/registry-webhooks", "/api/2.0/preview/mlflow/registry-webhooks")
#: What a test tells, where a real event would tell of a version.
_TESTED = {"version": "1", "from_stage": "None", "to_stage": "Staging"}


class Webhooks:
    """All webhooks of the registry, oldest first, with their secrets."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._deliveries = Deliveries(context)
        self._all: dict[str, dict[str, Any]] = {}
        context.listeners.append(self.told)

    def create(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A new one."""
        model = text(asked, "model_name") if asked.get("model_name") else None
        if model:
            self._context.registry.get_registered_model(model)  # raises for one that is not there
        now = millis()
        made: dict[str, Any] = {
            "id": uuid.uuid4().hex,
            "model_name": model,
            "events": events_in(asked.get("events"), model),
            "description": str(asked.get("description") or ""),
            "status": _status(asked.get("status", "ACTIVE")),
            "creation_timestamp": now,
            "last_updated_timestamp": now,
            **target_in(asked),
        }
        if not made.keys() & {"http_url_spec", "job_spec"}:
            raise invalid("give a webhook 'http_url_spec' or 'job_spec'")
        with self._context.lock:
            self._all[made["id"]] = made
        self._note(made)
        return public(made)

    def update(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Change what is given; the rest stays."""
        found = self._found(asked)
        changes = target_in(asked)
        if changes.keys() - found.keys():
            raise invalid("a webhook with a URL cannot become one with a job, nor the reverse")
        if asked.get("events"):
            changes["events"] = events_in(asked["events"], found["model_name"])
        if asked.get("status") is not None:
            changes["status"] = _status(asked["status"])
        if asked.get("description") is not None:
            changes["description"] = str(asked["description"])
        changes["last_updated_timestamp"] = millis()
        with self._context.lock:
            found.update(changes)
        self._note(found)
        return public(found)

    def list(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A page of them: those of a model, and of any of the events, if asked for."""
        model = asked.get("model_name")
        wanted = set(events_in(asked["events"], None)) if asked.get("events") else set()
        first = whole(asked, "page_token", 0)
        last = first + min(max(whole(asked, "max_results", 1000), 1), 1000)
        found = [
            public(hook)
            for hook in list(self._all.values())
            if (not model or hook["model_name"] == model)
            and (not wanted or wanted & set(hook["events"]))
        ]
        page: dict[str, Any] = {"webhooks": found[first:last]}
        return {**page, "next_page_token": str(last)} if len(found) > last else page

    def delete(self, asked: dict[str, Any]) -> None:
        """Remove one."""
        found = self._found(asked)
        with self._context.lock:
            del self._all[found["id"]]
        self._context.journal.drop(KIND, found["id"])

    def test(self, asked: dict[str, Any]) -> Outcome:
        """Send one an example of an event of its own, or of the one asked for."""
        found = self._found(asked)
        (event,) = events_in([asked.get("event") or found["events"][0]], None)
        if found["status"] == "DISABLED":
            raise ApiError(
                400, "INVALID_STATE", "a disabled webhook is not triggered, not even to test"
            )
        told = f"Test of the event {event}."
        model = found["model_name"] or "test-model"
        happening = events.Happening((event,), model, told, _TESTED)
        return self._deliveries.now(found, payload(found["id"], event, happening))

    def told(self, happening: events.Happening) -> None:
        """Queue what the webhooks that wait for this get."""
        with self._context.lock:
            hooks = [dict(hook) for hook in self._all.values() if hook["status"] == "ACTIVE"]
        for hook in hooks:
            if hook["model_name"] in (None, happening.model):
                for event in hook["events"]:
                    if event in happening.names:
                        self._deliveries.queue(hook, payload(hook["id"], event, happening))

    def _found(self, asked: dict[str, Any]) -> dict[str, Any]:
        key = text(asked, "id")
        if key not in self._all:
            raise missing(f"there is no registry webhook with the id {key!r}")
        return self._all[key]

    def _note(self, webhook: dict[str, Any]) -> None:
        self._context.journal.put(KIND, webhook["id"], public(webhook))


def payload(webhook: str, event: str, happening: events.Happening) -> dict[str, Any]:
    """What a webhook is told."""
    return {
        "event": event,
        "webhook_id": webhook,
        "event_timestamp": millis(),
        "model_name": happening.model,
        **happening.details,
        "text": happening.text,
    }


def public(webhook: Mapping[str, Any]) -> dict[str, Any]:
    """A webhook without its secrets, and without what it does not have."""
    shown = {key: value for key, value in webhook.items() if value is not None}
    for spec, kept in (
        ("http_url_spec", ("url", "enable_ssl_verification")),
        ("job_spec", ("job_id", "workspace_url")),
    ):
        if spec in shown:
            shown[spec] = {name: shown[spec][name] for name in kept}
    return shown


def events_in(asked: Any, model: str | None) -> list[str]:
    """The events asked for, each once.

    Raises:
        ApiError: there is none, one is unknown, or a webhook of one model waits for new models.
    """
    names = [asked] if isinstance(asked, str) else asked
    if not isinstance(names, Iterable) or not (found := list(dict.fromkeys(map(str, names)))):
        raise invalid("'events' must be a list of at least one event")
    for name in found:
        if name not in events.EVENTS:
            raise invalid(f"{name!r} is no event; the events are {', '.join(events.EVENTS)}")
    if model and "REGISTERED_MODEL_CREATED" in found:
        raise invalid("REGISTERED_MODEL_CREATED needs a webhook without 'model_name'")
    return found


def target_in(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The URL or the job asked for, complete with defaults; nothing if neither is.

    Raises:
        ApiError: both are, or the one cannot be right.
    """
    http, job = asked.get("http_url_spec"), asked.get("job_spec")
    if http and job:
        raise invalid("give a webhook 'http_url_spec' or 'job_spec', not both")
    for name, spec in (("http_url_spec", http), ("job_spec", job)):
        if spec is not None and not isinstance(spec, dict):
            raise invalid(f"{name!r} must be an object")
    if http:
        url = text(http, "url")
        if not (url.startswith("https://") or loopback(url)):
            raise invalid("'url' must begin with https://; http:// is for 127.0.0.1 only")
        return {
            "http_url_spec": {
                "url": url,
                "enable_ssl_verification": flag(http, "enable_ssl_verification", True),
                "secret": http.get("secret") or None,
                "authorization": http.get("authorization") or None,
            }
        }
    if job:
        return {
            "job_spec": {
                "job_id": str(whole(job, "job_id")),
                "access_token": text(job, "access_token"),
                "workspace_url": job.get("workspace_url") or "",
            }
        }
    return {}


def _status(value: Any) -> str:
    if value not in STATUSES:
        raise invalid(f"'status' must be one of {', '.join(STATUSES)} (got {value!r})")
    return str(value)


def blueprint(context: Context) -> Blueprint:
    """The paths, with `preview` and without."""
    part = Blueprint("webhooks", __name__)
    webhooks = Webhooks(context)

    def create() -> Response:
        return jsonify({"webhook": webhooks.create(fields())})

    def update() -> Response:
        return jsonify({"webhook": webhooks.update(fields())})

    def find() -> Response:
        return jsonify(webhooks.list(fields()))

    def delete() -> Response:
        webhooks.delete(fields())
        return jsonify({})

    def test() -> Response:
        outcome = webhooks.test(fields())
        status = outcome.status if outcome.status is not None else 0
        return jsonify({"status_code": status, "body": outcome.body or outcome.error})

    for number, path in enumerate(_PATHS):
        for name, method, view in (
            ("create", "POST", create),
            ("update", "PATCH", update),
            ("list", "GET", find),
            ("delete", "DELETE", delete),
            ("test", "POST", test),
        ):
            part.add_url_rule(f"{path}/{name}", f"{name}{number}", view, methods=[method])
    return part
