"""The serving endpoints of a lab: what the API does with them, and what the journal notes of it."""

from __future__ import annotations

import threading
import time
import uuid
from contextlib import suppress
from typing import Any

from grader.guest.services.context import Pending, millis
from grader.guest.services.errors import ApiError, invalid, missing
from grader.guest.services.journal import Journal
from grader.guest.services.serving import endpoints as ends
from grader.guest.services.serving import views
from grader.guest.services.serving.deployment import Deployments, Gone, Served
from grader.guest.services.serving.endpoints import Config, Endpoint
from grader.guest.services.serving.scoring import Answer, ScoringError

#: Seconds that a repeated question for an endpoint's state waits for an update to end. Whoever
#: polls sleeps for seconds between two questions, and is spared some of them.
PATIENCE = 10.0
#: Seconds between two looks for what has been idle.
LOOK = 0.2
#: Kinds in the journal: an endpoint as it is now, by name, and each query.
ENDPOINT = "endpoint"
INVOCATION = "invocation"


class Hosting:
    """All endpoints of a lab; any thread may use it."""

    def __init__(self, deployments: Deployments, journal: Journal, pending: Pending) -> None:
        self._deployments = deployments
        self._journal = journal
        self._pending = pending
        self._endpoints: dict[str, Endpoint] = {}
        self._settled: dict[str, threading.Event] = {}
        self._lock = threading.RLock()
        self._watched = False

    def create(self, body: Any) -> dict[str, Any]:
        """A new endpoint, which is not ready yet.

        Raises:
            ApiError: the request is not sound, or there is one of this name.
        """
        body = _object(body)
        name, now = ends.endpoint_name(body.get("name")), millis()
        config = ends.parse_config(body.get("config"), 1, now)
        tags = ends.parse_tags(body.get("tags"))
        with self._lock:
            if name in self._endpoints:
                told = f"Endpoint with name {name!r} already exists."
                raise ApiError(409, "RESOURCE_ALREADY_EXISTS", told)
            self._deployments.check(config)
            self._watch()
            found = self._endpoints[name] = Endpoint(name, uuid.uuid4().hex, now, now, tags)
            return self._deploy(found, config)

    def update(self, name: str, body: Any) -> dict[str, Any]:
        """An endpoint that is about to serve another configuration.

        Raises:
            ApiError: the request is not sound, or another update is not over.
        """
        body = _object(body)
        with self._lock:
            found = self._find(name)
            if found.update == "IN_PROGRESS":
                told = f"Endpoint {name!r} is being updated; wait until that is over."
                raise ApiError(409, "RESOURCE_CONFLICT", told)
            config = ends.parse_config(body, found.versions + 1, millis())
            self._deployments.check(config)
            found.updated = millis()
            return self._deploy(found, config)

    def get(self, name: str) -> dict[str, Any]:
        """An endpoint. Asked again while it is being updated, it waits for the end of that.

        Raises:
            ApiError: there is none of this name.
        """
        with self._lock:
            found = self._find(name)
            again, found.asked = found.asked, True
            settled = self._settled[name]
            if not again:
                return self._told(found)
        settled.wait(PATIENCE)
        with self._lock:
            return self._told(self._find(name))

    def all(self) -> list[dict[str, Any]]:
        """All endpoints, by name."""
        with self._lock:
            return [views.summary_json(self._endpoints[name]) for name in sorted(self._endpoints)]

    def delete(self, name: str) -> None:
        """End an endpoint.

        Raises:
            ApiError: there is none of this name.
        """
        with self._lock:
            self._find(name)
            del self._endpoints[name]
            self._settled.pop(name).set()
            self._journal.drop(ENDPOINT, name)
        self._deployments.remove(name)

    def tag(self, name: str, body: Any) -> list[dict[str, str]]:
        """Add and remove tags; all that are left.

        Raises:
            ApiError: there is no such endpoint, or these are no tags.
        """
        body = _object(body)
        added, removed = ends.parse_tags(body.get("add_tags")), body.get("delete_tags") or []
        with self._lock:
            found = self._find(name)
            kept = {t["key"]: t for t in [*found.tags, *added] if t["key"] not in removed}
            found.tags = list(kept.values())
            self._write(found)
            return found.tags

    def log(self, name: str, entity: str) -> str:
        """The end of what the model of an entity printed.

        Raises:
            ApiError: there is no such endpoint, or no such entity in it.
        """
        with self._lock:
            found = self._find(name)
            config = found.config or found.pending
        for served in config.entities if config else ():
            if served.name == entity:
                with suppress(OSError):
                    return self._deployments.log(served).read_text("utf-8", "replace")[-20_000:]
                return ""
        raise _no_entity(name, entity)

    def invoke(self, name: str, entity: str | None, body: bytes, kind: str) -> tuple[Answer, str]:
        """The answer to a query, and which entity gave it: `entity`, or the one whose turn it is.

        Raises:
            ApiError: the endpoint cannot answer.
        """
        with self._lock:
            found = self._find(name)
            chosen = entity or (found.splitter.next() if found.config else "")
            served = self._deployments.served(name, chosen)
            ready = found.config is not None
        if not ready:
            self._query(name, "", 400, False, 0.0)
            told = f"Endpoint {name!r} is not ready: wait until its state.ready is READY."
            raise ApiError(400, "INVALID_STATE", told)
        if served is None:
            raise _no_entity(name, chosen)
        try:
            return self._answer(name, served, body, kind), chosen
        except Gone:  # just now, and something else is there instead, or nothing
            return self.invoke(name, entity, body, kind)

    def _answer(self, name: str, served: Served, body: bytes, kind: str) -> Answer:
        begun = time.monotonic()
        cold = not served.running
        try:
            answer, cold = served.ask(body, kind)
        except Gone:
            raise
        except ScoringError as error:
            self._query(name, served.entity.name, 500, cold, time.monotonic() - begun)
            raise ApiError(500, "INTERNAL_ERROR", str(error)) from error
        self._query(name, served.entity.name, answer.status, cold, time.monotonic() - begun)
        if cold:
            with self._lock, suppress(ApiError):  # it may have been deleted meanwhile
                self._write(self._find(name))
        return answer

    def _deploy(self, found: Endpoint, config: Config) -> dict[str, Any]:
        """Begin to deploy; to be called with the lock held."""
        found.pending, found.update, found.asked = config, "IN_PROGRESS", False
        self._deployments.prepare(found.name, config)
        settled = self._settled[found.name] = threading.Event()
        self._write(found)
        self._pending.begin()
        threading.Thread(target=self._finish, args=(found, settled), daemon=True).start()
        return self._told(found)

    def _finish(self, found: Endpoint, settled: threading.Event) -> None:
        try:
            self._deployments.deploy(found, self._lock)
            with self._lock:
                if self._endpoints.get(found.name) is found:
                    self._write(found)
        finally:
            settled.set()
            self._pending.end()

    def _watch(self) -> None:
        """Look after idle entities from now on."""
        if not self._watched:
            self._watched = True
            threading.Thread(target=self._rest, daemon=True).start()

    def _rest(self) -> None:
        while True:
            time.sleep(LOOK)
            for name in self._deployments.rest():
                with self._lock:
                    if name in self._endpoints:
                        self._write(self._endpoints[name])

    def _find(self, name: str) -> Endpoint:
        try:
            return self._endpoints[name]
        except KeyError:
            raise missing(f"Endpoint with name {name!r} does not exist.") from None

    def _told(self, found: Endpoint) -> dict[str, Any]:
        return views.endpoint_json(found, self._deployments.states(found.name))

    def _write(self, found: Endpoint) -> None:
        """Note what an endpoint is now."""
        self._journal.put(ENDPOINT, found.name, self._told(found))

    def _query(self, name: str, entity: str, status: int, cold: bool, seconds: float) -> None:
        told = {"endpoint": name, "served_entity": entity, "status": status, "cold": cold}
        self._journal.add(INVOCATION, {**told, "seconds": round(seconds, 4)})


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise invalid("the body must be a JSON object")
    return body


def _no_entity(endpoint: str, entity: str) -> ApiError:
    return missing(f"Endpoint {endpoint!r} serves no entity {entity!r}.")
