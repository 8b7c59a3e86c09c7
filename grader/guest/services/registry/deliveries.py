"""Send what a webhook is to be told: by HTTP to its URL, or by running its job.

Each webhook has a queue of its own, so that it is told in order, and a slow one delays no other.
Only this machine's loopback is written to: behind the wall there is nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from grader.guest.services.context import Context

#: The kind in the journal.
KIND = "delivery"
SIGNATURE = "X-Databricks-Signature"
#: Seconds for one attempt, seconds before each further one, and characters kept of an answer.
TIMEOUT = 5.0
PAUSES = (0.1, 0.5)
MAX_BODY = 4000
#: Answers after which it is tried again.
_TRANSIENT = frozenset({429, 500, 502, 503, 504})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Post:
    """One request to be sent, and what the journal calls its target."""

    target: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    verify: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: the last answer, or why there is none."""

    status: int | None
    body: str
    attempts: int
    error: str


def loopback(url: str) -> bool:
    """Whether a URL leads to this machine's loopback."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and parts.hostname in _LOOPBACK


def signature(secret: str, body: bytes) -> str:
    """The hexadecimal HMAC-SHA256 of a body."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def post(webhook: Mapping[str, Any], payload: Mapping[str, Any], home: str) -> Post:
    """How a webhook, secrets included, is told `payload`. `home` is the URL of this workspace."""
    body = json.dumps(payload).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"}
    http, job = webhook.get("http_url_spec"), webhook.get("job_spec")
    if http:
        if http.get("authorization"):
            headers["Authorization"] = http["authorization"]
        if http.get("secret"):
            headers[SIGNATURE] = signature(http["secret"], body)
        return Post(http["url"], http["url"], headers, body, http["enable_ssl_verification"])
    assert job  # a webhook has one or the other
    headers["Authorization"] = f"Bearer {job['access_token']}"
    asked = {"job_id": int(job["job_id"]), "notebook_params": {"event_message": body.decode()}}
    url = f"{(job.get('workspace_url') or home).rstrip('/')}/api/2.1/jobs/run-now"
    return Post(f"job {job['job_id']}", url, headers, json.dumps(asked).encode())


def send(what: Post) -> Outcome:
    """Send it, again if that may help; never raises for what the other side does."""
    if not loopback(what.url):
        return Outcome(None, "", 0, "only URLs of 127.0.0.1 and localhost can be reached from here")
    status, body, error, attempts = None, "", "", 0
    with requests.Session() as session:
        session.trust_env = False  # no proxy, no netrc
        for pause in (0.0, *PAUSES):
            time.sleep(pause)
            attempts += 1
            try:
                answer = session.post(
                    what.url,
                    data=what.body,
                    headers=dict(what.headers),
                    timeout=TIMEOUT,
                    verify=what.verify,
                    allow_redirects=False,
                )
            except requests.RequestException as failure:
                status, body, error = None, "", type(failure).__name__
                continue
            status, body, error = answer.status_code, answer.text[:MAX_BODY], ""
            if status not in _TRANSIENT:
                break
    return Outcome(status, body, attempts, error)


class Deliveries:
    """Sends one after the other, for each webhook."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._queues: dict[str, ThreadPoolExecutor] = {}

    def queue(self, webhook: Mapping[str, Any], payload: Mapping[str, Any]) -> None:
        """Send it soon. To be called before what caused it is answered."""
        self._context.pending.begin()
        with self._context.lock:
            if webhook["id"] not in self._queues:
                self._queues[webhook["id"]] = ThreadPoolExecutor(1)
            self._queues[webhook["id"]].submit(self._deliver, dict(webhook), payload)

    def now(self, webhook: Mapping[str, Any], payload: Mapping[str, Any]) -> Outcome:
        """Send it as a test, and wait for the answer."""
        with self._context.pending.one():
            return self._send(webhook, payload, test=True)

    def _deliver(self, webhook: Mapping[str, Any], payload: Mapping[str, Any]) -> None:
        try:
            self._send(webhook, payload, test=False)
        finally:
            self._context.pending.end()

    def _send(
        self, webhook: Mapping[str, Any], payload: Mapping[str, Any], *, test: bool
    ) -> Outcome:
        what = post(webhook, payload, self._context.url)
        outcome = send(what)
        self._context.journal.add(
            KIND,
            {
                "webhook": webhook["id"],
                "event": payload["event"],
                "target": what.target,
                "payload": dict(payload),
                "test": test,
                "status": outcome.status,
                "attempts": outcome.attempts,
                "error": outcome.error,
            },
        )
        return outcome
