"""Make an empty, migrated MLflow store, once per machine: a fresh one costs seconds each time."""

from __future__ import annotations

from typing import Any

from grader.guest import mlflow_engine
from grader.guest.house import House


class MigratorHouse(House):
    """Leaves `mlflow.db` behind in its workspace as it starts; there is no lab to open."""

    def __init__(self, start: dict[str, Any]) -> None:
        super().__init__(start)
        mlflow_engine.set_environment(self.places)
        import mlflow

        mlflow.search_experiments()
