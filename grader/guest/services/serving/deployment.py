"""Put configurations into service: start what they serve, swap, scale to zero and back.

An update is deployed beside the configuration that serves, in a thread of its own, and takes its
place when everything in it has started. What both serve is kept running.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.guest.services.errors import missing
from grader.guest.services.serving.endpoints import Config, Endpoint, Entity
from grader.guest.services.serving.scoring import Answer, Scorer, Scorers, ScoringError
from grader.guest.services.serving.views import State

#: Seconds that an entity which is no longer in service goes on with queries that it has.
FAREWELL = 10.0
SCALED_TO_ZERO = "Scaled to zero"
#: Scoring processes of all endpoints together, those of a pending update included.
MAX_RUNNING = 8
#: Where the files of a model version (its model, its version) are. Raises LookupError.
Resolve = Callable[[str, str], Path]


class Gone(ScoringError):
    """An entity is not in service any more: its endpoint was updated or deleted."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: `deploy` is the least that a deployment takes, so that whoever does not wait for
    it fails on a fast machine, too; after `idle` without a request an entity that may scale to
    zero does."""

    deploy: float = 0.5
    idle: float = 5.0


class Served:
    """One entity in service: a scoring process, or none where it has scaled to zero."""

    def __init__(self, entity: Entity, start: Callable[[Entity], Scorer], idle: float) -> None:
        self.entity = entity
        self._start = start
        self._idle = idle
        self._scorer: Scorer | None = None
        self._gone = False
        self._lock = threading.Lock()
        self._asking = 0
        self._last = time.monotonic()
        self._state = ("DEPLOYMENT_CREATING", "")

    @property
    def state(self) -> State:
        """Deployment state, and a message with it."""
        return self._state

    @property
    def running(self) -> bool:
        """Whether it has a process."""
        return self._scorer is not None

    def up(self) -> bool:
        """Start it where it does not run; whether that was necessary.

        Raises:
            Gone: it is not in service any more.
            ScoringError: it cannot be started.
        """
        with self._lock:
            if self._gone:
                raise Gone(self.entity.name)
            if self._scorer and self._scorer.alive:
                return False
            self._close()
            if self._state[1] == SCALED_TO_ZERO:
                self._state = ("DEPLOYMENT_READY", "Scaling up")
            try:
                self._scorer = self._start(self.entity)
            except ScoringError as error:
                self._state = ("DEPLOYMENT_FAILED", str(error))
                raise
            self._state = ("DEPLOYMENT_READY", "")
            self._last = time.monotonic()
            return True

    def ask(self, body: bytes, content_type: str) -> tuple[Answer, bool]:
        """The answer to a request, and whether a process had to be started for it.

        Raises:
            Gone: it is not in service any more.
            ScoringError: there is no answer.
        """
        with self._lock:
            self._asking += 1
        try:
            cold = self.up()
            scorer = self._scorer
            if scorer is None:
                raise Gone(self.entity.name)
            return scorer.ask(body, content_type), cold
        finally:
            with self._lock:
                self._last = time.monotonic()
                self._asking -= 1

    def rest(self) -> bool:
        """Scale to zero, if it may and has been idle for long enough; whether it did."""
        with self._lock:
            idle = time.monotonic() - self._last > self._idle and not self._asking
            if not (self.entity.scale_to_zero and self._scorer and idle):
                return False
            self._close()
            self._state = ("DEPLOYMENT_READY", SCALED_TO_ZERO)
            return True

    def close(self) -> None:
        """End it for good, when those who ask it have their answer or have waited for long."""
        self._gone = True  # a start that is under way is undone below, when it has the lock
        end = time.monotonic() + FAREWELL
        while self._asking and time.monotonic() < end:
            time.sleep(0.01)
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._scorer:
            self._scorer.stop()
            self._scorer = None


class Deployments:
    """The entities of all endpoints that are in service or on their way to it."""

    def __init__(
        self, scorers: Scorers, resolve: Resolve, logs: Path, pace: Callable[[], Pace]
    ) -> None:
        self._scorers = scorers
        self._resolve = resolve
        self._logs = logs
        self._pace = pace
        self._lock = threading.Lock()
        self._active: dict[str, dict[str, Served]] = {}
        self._pending: dict[str, dict[str, Served]] = {}

    def check(self, config: Config) -> None:
        """See that there are the model versions that `config` asks for.

        Raises:
            ApiError: one of them is not registered.
        """
        for entity in config.entities:
            try:
                self._resolve(entity.model, entity.version)
            except LookupError as error:
                told = f"There is no version {entity.version} of a registered model"
                raise missing(f"{told} {entity.model!r}.") from error

    def states(self, endpoint: str) -> Mapping[str, Mapping[str, State]]:
        """Deployment state and message of each entity, of `config` and `pending`."""
        with self._lock:
            found = {"config": self._active, "pending": self._pending}
            return {
                which: {name: s.state for name, s in served.get(endpoint, {}).items()}
                for which, served in found.items()
            }

    def served(self, endpoint: str, entity: str) -> Served | None:
        """The entity in service under this name."""
        with self._lock:
            return self._active.get(endpoint, {}).get(entity)

    def prepare(self, endpoint: str, config: Config) -> None:
        """Take note of what is to be deployed; what serves already is not started again."""
        idle = self._pace().idle
        with self._lock:
            old = {_same(s.entity): s for s in self._active.get(endpoint, {}).values()}
            self._pending[endpoint] = {
                e.name: old.get(_same(e)) or Served(e, self._start, idle) for e in config.entities
            }

    def deploy(self, endpoint: Endpoint, guard: threading.RLock) -> None:
        """Start what is pending and put it into service, while nobody else has `guard`."""
        begun = time.monotonic()
        with self._lock:
            pending = dict(self._pending.get(endpoint.name, {}))
        ok = True
        for served in pending.values():
            try:
                if served.state[0] != "DEPLOYMENT_READY":
                    served.up()
            except ScoringError:
                ok = False
        time.sleep(max(0.0, self._pace().deploy - (time.monotonic() - begun)))
        with guard, self._lock:
            active = self._active.get(endpoint.name, {})
            if self._pending.get(endpoint.name) != pending:  # deleted meanwhile
                unused = [*pending.values()]
            elif not ok:
                unused = [s for s in pending.values() if s not in active.values()]
                endpoint.update = "UPDATE_FAILED"
            else:
                unused = [s for s in active.values() if s not in pending.values()]
                self._active[endpoint.name] = pending
                del self._pending[endpoint.name]
                endpoint.apply()
        for served in unused:
            served.close()

    def remove(self, endpoint: str) -> None:
        """End all that an endpoint serves."""
        with self._lock:
            gone = [self._active.pop(endpoint, {}), self._pending.pop(endpoint, {})]
        for served in (s for found in gone for s in found.values()):
            served.close()

    def rest(self) -> list[str]:
        """Scale to zero what is idle; the endpoint of each that did."""
        with self._lock:
            found = [(e, s) for e, all_ in self._active.items() for s in all_.values()]
        return [endpoint for endpoint, served in found if served.rest()]

    def log(self, entity: Entity) -> Path:
        """The file that has what the model printed."""
        return self._logs / f"{entity.model.replace('/', '-')}-{entity.version}.log"

    def _start(self, entity: Entity) -> Scorer:
        with self._lock:
            everyone = [*self._active.values(), *self._pending.values()]
            running = {id(s) for served in everyone for s in served.values() if s.running}
        if len(running) >= MAX_RUNNING:
            raise ScoringError(
                f"more than {MAX_RUNNING} models would run at a time, which is the limit here; "
                "delete an endpoint, or let some scale to zero"
            )
        self._logs.mkdir(parents=True, exist_ok=True)
        try:
            folder = self._resolve(entity.model, entity.version)
        except LookupError as error:
            raise ScoringError(f"the model version is gone: {error}") from error
        return self._scorers.start(folder, entity.environment, self.log(entity))


def _same(entity: Entity) -> tuple[object, ...]:
    """What makes another process necessary when it changes."""
    environment = tuple(sorted(entity.environment.items()))
    return entity.name, entity.model, entity.version, entity.scale_to_zero, environment
