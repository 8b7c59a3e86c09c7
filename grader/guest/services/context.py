"""What the parts of the services share: places, address, token, journal, and what is under way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.guest.places import Places
from grader.guest.services.events import Happening
from grader.guest.services.journal import Journal

#: Who does everything here.
USER = "student@example.com"


def millis() -> int:
    """The moment, in milliseconds since 1970, as every part tells it."""
    return int(time.time() * 1000)


class Pending:
    """Counts what goes on after the request that began it was answered."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def begin(self) -> None:
        """Something is under way. Begin it before the request that causes it is answered."""
        with self._changed:
            self._count += 1

    def end(self) -> None:
        """It is over, with all that it began."""
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Something is under way as long as the block is."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is under way; whether that came in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count == 0, seconds)


@dataclass(slots=True)
class Context:
    """One lab's services.

    `file` is the student's. `url` has no slash at its end, and `token` is the one that requests
    must bear. `lock` guards what several parts change.
    """

    places: Places
    file: Path
    url: str
    token: str
    journal: Journal
    pending: Pending = field(default_factory=Pending)
    lock: threading.RLock = field(default_factory=threading.RLock)
    listeners: list[Callable[[Happening], None]] = field(default_factory=list)

    @property
    def workspace(self) -> Path:
        """The lab's folder."""
        return self.places.workspace

    def environment(self) -> dict[str, str]:
        """What clients read to find the services."""
        return {
            "MLFLOW_TRACKING_URI": self.url,
            "MLFLOW_REGISTRY_URI": self.url,
            "DATABRICKS_HOST": self.url,
            "DATABRICKS_TOKEN": self.token,
        }

    def announce(self, happening: Happening) -> None:
        """Tell all listeners what happened in the registry; they must not make one wait."""
        for listener in self.listeners:
            listener(happening)

    @property
    def tracking(self) -> Any:
        """MLflow's tracking store, the one its handlers use."""
        from mlflow.server import handlers

        return handlers._get_tracking_store()

    @property
    def registry(self) -> Any:
        """MLflow's registry store, the one its handlers use."""
        from mlflow.server import handlers

        return handlers._get_model_registry_store()
