"""Make an empty, migrated MLflow store, once per machine: a fresh one costs seconds each time."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, NoReturn

from grader.guest import mlflow_engine
from grader.guest.places import Places


class MigratorHouse:
    """Leaves `mlflow.db` behind in its workspace as it starts; there is no lab to open."""

    @property
    def pids(self) -> Set[int]:
        """None."""
        return frozenset()

    def __init__(self, start: dict[str, Any]) -> None:
        mlflow_engine.set_environment(Places.of(start))
        import mlflow

        mlflow.search_experiments()

    def lab(self, start: dict[str, Any]) -> NoReturn:
        """Nothing to ask for."""
        raise ValueError("the migrator has no labs")

    def finish(self) -> None:
        """Nothing to wait for."""

    def settle(self) -> str:
        """Nothing to put back."""
        return ""
