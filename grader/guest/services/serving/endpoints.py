"""Serving endpoints as data: what was asked for, what serves now, and who gets the next request.

Requests are checked here; nothing is started and no time is read.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.guest.services.errors import invalid

#: Entities that one endpoint may serve.
MAX_SERVED = 4
WORKLOAD_SIZES = ("Small", "Medium", "Large")

_NAME = re.compile(r"[A-Za-z0-9](?:[\w-]{0,61}[A-Za-z0-9])?", re.ASCII)
_ENTITY_NAME = re.compile(r"[\w.-]{1,80}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entity:
    """A model version to be served. `created` is in milliseconds since 1970."""

    name: str
    model: str
    version: str
    workload_size: str
    scale_to_zero: bool
    environment: Mapping[str, str]
    created: int


@dataclass(frozen=True, slots=True)
class Config:
    """What an endpoint serves: entities, and the percentage of requests that goes to each."""

    version: int
    entities: Sequence[Entity]
    routes: Mapping[str, int]


class Splitter:
    """Whose turn it is: of any 100 requests in a row each entity gets just its percentage.

    Requests of one entity are spread as evenly as they can be (smooth weighted round robin), and
    the same requests are split in the same way every time.
    """

    def __init__(self, routes: Mapping[str, int]) -> None:
        self._routes = {name: share for name, share in routes.items() if share}
        self._credit = dict.fromkeys(self._routes, 0)
        self._lock = threading.Lock()

    def next(self) -> str:
        """The name of the entity that answers next."""
        with self._lock:
            for name, share in self._routes.items():
                self._credit[name] += share
            best = max(self._credit, key=self._credit.__getitem__)
            self._credit[best] -= 100
            return best


@dataclass(slots=True)
class Endpoint:
    """An endpoint. `config` serves, `pending` is being deployed; times in milliseconds."""

    name: str
    id: str
    created: int
    updated: int
    tags: list[dict[str, str]] = field(default_factory=list)
    config: Config | None = None
    pending: Config | None = None
    update: str = "NOT_UPDATING"
    #: Whether somebody has asked for its state since its update began.
    asked: bool = False
    splitter: Splitter = field(default_factory=lambda: Splitter({}))

    @property
    def versions(self) -> int:
        """How many configurations it has had, the pending one included."""
        latest = self.pending or self.config
        return latest.version if latest else 0

    def apply(self) -> None:
        """The pending configuration serves from now on."""
        assert self.pending is not None  # whoever deploys it has set it
        self.config, self.pending = self.pending, None
        self.splitter = Splitter(self.config.routes)
        self.update = "NOT_UPDATING"


def endpoint_name(value: Any) -> str:
    """The name for a new endpoint.

    Raises:
        ApiError: it is missing, or no name.
    """
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise invalid(
            "'name' must be 1 to 63 letters, digits, '-' and '_', "
            f"with a letter or digit at both ends (got {value!r})"
        )
    return value


def parse_config(body: Any, version: int, created: int) -> Config:
    """The configuration that a request asks for.

    Raises:
        ApiError: it asks for something that cannot be served.
    """
    if not isinstance(body, dict):
        raise invalid("'config' must be an object with 'served_entities'")
    old, new = body.get("served_models"), body.get("served_entities")
    if old and new:
        raise invalid("give 'served_entities' or 'served_models', not both")
    asked = new or old
    if not isinstance(asked, list) or not asked:
        raise invalid("'served_entities' must be a list with at least one entry")
    if len(asked) > MAX_SERVED:
        raise invalid(f"an endpoint serves at most {MAX_SERVED} entities here (got {len(asked)})")
    prefix = "entity" if new else "model"
    entities = [_entity(entry, prefix, created) for entry in asked]
    names = [e.name for e in entities]
    for name in names:
        if names.count(name) > 1:
            raise invalid(f"two served entities are named {name!r}")
    return Config(version, entities, _routes(body.get("traffic_config"), names))


def _entity(entry: Any, prefix: str, created: int) -> Entity:
    if not isinstance(entry, dict):
        raise invalid(f"a served entity must be an object (got {entry!r})")
    if entry.get("external_model"):
        raise invalid("external models are not served here, only versions of registered models")
    model, version = entry.get(f"{prefix}_name"), entry.get(f"{prefix}_version")
    if not isinstance(model, str) or not model:
        raise invalid(f"a served entity needs '{prefix}_name', the name of a registered model")
    if isinstance(version, bool) or not re.fullmatch(r"[1-9]\d*", str(version)):
        raise invalid(f"'{prefix}_version' of {model!r} must be a version number, such as \"1\"")
    name = entry.get("name") or f"{model}-{version}"
    if not isinstance(name, str) or not _ENTITY_NAME.fullmatch(name):
        raise invalid(f"{name!r} cannot be the name of a served entity")
    size = entry.get("workload_size", WORKLOAD_SIZES[0])
    if size not in WORKLOAD_SIZES:
        raise invalid(f"'workload_size' must be one of {', '.join(WORKLOAD_SIZES)} (got {size!r})")
    environment = entry.get("environment_vars") or {}
    if not isinstance(environment, dict) or not all(
        isinstance(v, str) for v in environment.values()
    ):
        raise invalid("'environment_vars' must be an object of texts")
    return Entity(
        name=name,
        model=model,
        version=str(version),
        workload_size=size,
        scale_to_zero=_flag(entry.get("scale_to_zero_enabled", False)),
        environment=environment,
        created=created,
    )


def _flag(value: Any) -> bool:
    """A boolean; older examples of the API write it as a text."""
    known = {True: True, False: False, "true": True, "false": False}
    if not isinstance(value, bool | str) or value not in known:
        raise invalid(f"'scale_to_zero_enabled' must be true or false (got {value!r})")
    return known[value]


def _routes(body: Any, names: Sequence[str]) -> dict[str, int]:
    """The percentage of requests for each of `names`."""
    if not body:
        if len(names) > 1:
            raise invalid("several served entities need a 'traffic_config' that splits requests")
        return {names[0]: 100}
    routes = body.get("routes") if isinstance(body, dict) else None
    if not isinstance(routes, list) or not all(isinstance(r, dict) for r in routes):
        raise invalid("'traffic_config' must have a list 'routes' of objects")
    shares = dict.fromkeys(names, 0)
    seen = set()
    for route in routes:
        name = route.get("served_entity_name") or route.get("served_model_name")
        if name not in shares:
            raise invalid(
                f"a route leads to {name!r}, but the served entities are {', '.join(names)}"
            )
        if name in seen:
            raise invalid(f"two routes lead to {name!r}")
        seen.add(name)
        share = route.get("traffic_percentage")
        if type(share) is not int or not 0 <= share <= 100:
            raise invalid(f"'traffic_percentage' of {name!r} must be a whole number from 0 to 100")
        shares[name] = share
    if sum(shares.values()) != 100:
        raise invalid(f"the traffic percentages must add up to 100 (got {sum(shares.values())})")
    return shares


def parse_tags(value: Any) -> list[dict[str, str]]:
    """Tags of an endpoint, as `[{"key", "value"}]`.

    Raises:
        ApiError: they are none.
    """
    value = value or []
    if not isinstance(value, list) or not all(
        isinstance(t, dict) and isinstance(t.get("key"), str) for t in value
    ):
        raise invalid("tags must be a list of objects with 'key' and 'value'")
    return [{"key": t["key"], "value": str(t.get("value", ""))} for t in value]
