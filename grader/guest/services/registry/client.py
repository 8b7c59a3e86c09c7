"""What `import databricks_registry_webhooks` gives: its client and its values.

The package itself cannot be imported beside MLflow, since both bring the same protocol buffers.
This one has its names and signatures, and speaks to the same paths.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import requests

from grader.guest.services.events import EVENTS
from grader.guest.services.registry.webhooks import STATUSES

__all__ = [
    "HttpUrlSpec",
    "JobSpec",
    "RegistryWebhook",
    "RegistryWebhookEvent",
    "RegistryWebhookStatus",
    "RegistryWebhooksClient",
    "RegistryWebhooksException",
    "RestException",
    "TestWebhookResponse",
]
_PATH = "/api/2.0/preview/mlflow/registry-webhooks"
_PAGE = 1000
_TIMEOUT = 120.0


class RegistryWebhooksException(Exception):
    """A request that cannot be made."""

    def __init__(self, message: str, error_code: str = "INVALID_PARAMETER_VALUE") -> None:
        super().__init__(message)
        self.message = message
        self.error_code = error_code


class RestException(RegistryWebhooksException):
    """A request that the workspace refused."""


class _Value:
    """Attributes that print as what they were made from."""

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"<{type(self).__name__}: {shown}>"


class HttpUrlSpec(_Value):
    """Where a webhook sends, and with what."""

    def __init__(
        self,
        url: str,
        secret: str | None = None,
        authorization: str | None = None,
        enable_ssl_verification: bool = True,
    ) -> None:
        self.url = url
        self.secret = secret
        self.authorization = authorization
        self.enable_ssl_verification = enable_ssl_verification


class JobSpec(_Value):
    """The job that a webhook runs, and the token to do so."""

    def __init__(
        self, job_id: str | int, access_token: str, workspace_url: str | None = None
    ) -> None:
        self.job_id = str(job_id)
        self.access_token = access_token
        self.workspace_url = workspace_url


class TestWebhookResponse(_Value):
    """What the other side answered to a test."""

    __test__ = False  # its name begins as those of test classes do

    def __init__(self, status_code: int, body: str) -> None:
        self.status_code = status_code
        self.body = body


class RegistryWebhook(_Value):
    """A webhook as the registry tells it: without its secrets."""

    def __init__(
        self,
        id: str,  # noqa: A002 - the name is Databricks'
        events: Sequence[str],
        creation_timestamp: int,
        last_updated_timestamp: int,
        description: str | None,
        status: str,
        http_url_spec: HttpUrlSpec | None,
        job_spec: JobSpec | None,
        model_name: str | None,
    ) -> None:
        self.id = id
        self.events = list(events)
        self.creation_timestamp = creation_timestamp
        self.last_updated_timestamp = last_updated_timestamp
        self.description = description
        self.status = status
        self.http_url_spec = http_url_spec
        self.job_spec = job_spec
        self.model_name = model_name


class _Names:
    """Constants whose values are their names."""

    ALL: tuple[str, ...] = ()

    @classmethod
    def is_valid(cls, name: str) -> bool:
        """Whether there is such a one."""
        return name in cls.ALL


class RegistryWebhookEvent(_Names):
    """The twelve events."""

    ALL = EVENTS

    @classmethod
    def all_events(cls) -> list[str]:
        """Their names."""
        return list(cls.ALL)


class RegistryWebhookStatus(_Names):
    """The three statuses."""

    ALL = STATUSES

    @classmethod
    def all_statuses(cls) -> list[str]:
        """Their names."""
        return list(cls.ALL)


for _kind in (RegistryWebhookEvent, RegistryWebhookStatus):
    for _name in _kind.ALL:
        setattr(_kind, _name, _name)


class RegistryWebhooksClient:
    """Creates, lists, changes, tests and deletes webhooks of the workspace's registry."""

    def __init__(self, registry_uri: str = "databricks") -> None:
        self.registry_uri = registry_uri

    def create_webhook(
        self,
        events: Sequence[str],
        http_url_spec: HttpUrlSpec | None = None,
        job_spec: JobSpec | None = None,
        model_name: str | None = None,
        description: str | None = None,
        status: str = "ACTIVE",
    ) -> RegistryWebhook:
        """A new webhook. Raises as `_ask` does."""
        asked = {
            "events": _events(events),
            "http_url_spec": _spec(http_url_spec),
            "job_spec": _spec(job_spec),
            "model_name": model_name,
            "description": description,
            "status": _status(status),
        }
        return _webhook(self._ask("POST", "create", asked)["webhook"])

    def list_webhooks(
        self,
        model_name: str | None = None,
        events: Sequence[str] | None = None,
        max_results: int = 10000,
    ) -> list[RegistryWebhook]:
        """The webhooks, of a model or of any of some events if asked for."""
        found: list[RegistryWebhook] = []
        asked: dict[str, Any] = {"model_name": model_name, "max_results": min(_PAGE, max_results)}
        if events is not None:
            asked["events"] = _events(events)
        while True:
            page = self._ask("GET", "list", asked)
            found += [_webhook(w) for w in page.get("webhooks", [])]
            asked["page_token"] = page.get("next_page_token")
            if len(found) >= max_results or not asked["page_token"]:
                return found[:max_results]

    def update_webhook(
        self,
        id: str,  # noqa: A002 - the name is Databricks'
        events: Sequence[str] | None = None,
        http_url_spec: HttpUrlSpec | None = None,
        job_spec: JobSpec | None = None,
        description: str | None = None,
        status: str = "ACTIVE",
    ) -> RegistryWebhook:
        """Change a webhook; what is not given stays, but for the status."""
        asked = {
            "id": id,
            "events": None if events is None else _events(events),
            "http_url_spec": _spec(http_url_spec),
            "job_spec": _spec(job_spec),
            "description": description,
            "status": _status(status),
        }
        return _webhook(self._ask("PATCH", "update", asked)["webhook"])

    def delete_webhook(self, id: str | None = None) -> None:  # noqa: A002 - the name is Databricks'
        """Remove a webhook."""
        self._ask("DELETE", "delete", {"id": id})

    def test_webhook(
        self,
        id: str | None = None,  # noqa: A002 - the name is Databricks'
        event: str | None = None,
    ) -> TestWebhookResponse:
        """Have a webhook send an example; what the other side answered."""
        told = None if event is None else _events([event])[0]
        answer = self._ask("POST", "test", {"id": id, "event": told})
        return TestWebhookResponse(answer["status_code"], answer["body"])

    def _ask(self, method: str, path: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """One request.

        Raises:
            RestException: the workspace refused it.
            RegistryWebhooksException: there is no workspace to ask.
        """
        if "DATABRICKS_HOST" not in os.environ:
            raise RegistryWebhooksException("DATABRICKS_HOST is not set", "INVALID_STATE")
        given = {key: value for key, value in asked.items() if value is not None}
        answer = requests.request(
            method,
            f"{os.environ['DATABRICKS_HOST'].rstrip('/')}{_PATH}/{path}",
            headers={"Authorization": f"Bearer {os.environ.get('DATABRICKS_TOKEN', '')}"},
            params=given if method == "GET" else None,
            json=None if method == "GET" else given,
            timeout=_TIMEOUT,
        )
        body: dict[str, Any] = answer.json()
        if answer.status_code != 200:
            code = body.get("error_code", "INTERNAL_ERROR")
            raise RestException(f"{code}: {body.get('message', '')}", code)
        return body


def _events(names: Sequence[str]) -> list[str]:
    for name in names:
        if name not in EVENTS:
            told = f"{name!r} is no event of a registry; the events are {', '.join(EVENTS)}"
            raise RegistryWebhooksException(told)
    return list(names)


def _status(name: str) -> str:
    if name not in STATUSES:
        told = f"{name!r} is no status of a webhook; the statuses are {', '.join(STATUSES)}"
        raise RegistryWebhooksException(told)
    return name


def _spec(spec: HttpUrlSpec | JobSpec | None) -> dict[str, Any] | None:
    return None if spec is None else {k: v for k, v in vars(spec).items() if v is not None}


def _webhook(told: Mapping[str, Any]) -> RegistryWebhook:
    http, job = told.get("http_url_spec"), told.get("job_spec")
    return RegistryWebhook(
        told["id"],
        told["events"],
        told["creation_timestamp"],
        told["last_updated_timestamp"],
        told.get("description") or None,
        told["status"],
        HttpUrlSpec(**http) if http else None,
        JobSpec(job["job_id"], "", job.get("workspace_url") or None) if job else None,
        told.get("model_name"),
    )
