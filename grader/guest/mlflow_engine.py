"""A real MLflow on a SQLite store of the lab's own, behaving as it does on Databricks.

One default differs outside Databricks since MLflow 3.14: scikit-learn models are saved as
`skops`, which refuses a random forest. On Databricks they are still saved with cloudpickle, so
that is what an omitted `serialization_format` means here too. Nothing else is changed.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

from grader.guest.places import Places, private_copy

#: What MLflow imports when a store is first used: a second, which a keeper pays for its labs.
STORE = (
    "mlflow.store.tracking.sqlalchemy_workspace_store",
    "mlflow.store.model_registry.sqlalchemy_workspace_store",
    "mlflow.store.db.utils",
    "mlflow.store.db.trace_analytics_backfill_75868b020152",
    "alembic.command",
    "alembic.config",
    "sqlalchemy.dialects.sqlite",
)


def store(places: Places) -> Path:
    """The lab's tracking database."""
    return places.workspace / "mlflow.db"


def artifacts(places: Places) -> Path:
    """Where the lab's runs and models keep their files."""
    return places.workspace / "mlruns"


def copied_store(places: Places) -> Path | None:
    """A private copy of the lab's store; None without one."""
    return private_copy(store(places), places.tmp / "mlflow.db")


def set_environment(places: Places) -> None:
    """Point MLflow at the lab's store, and keep it from phoning home or asking for a git."""
    configure(f"sqlite:///{store(places)}")


def configure(uri: str) -> None:
    """Point MLflow at the store `uri`."""
    os.environ["MLFLOW_TRACKING_URI"] = uri
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    os.environ["GIT_PYTHON_REFRESH"] = "quiet"
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"


def be_databricks() -> None:
    """Let scikit-learn models be saved as on Databricks where a student does not say how."""
    import mlflow.sklearn as flavor

    setattr(flavor, "_get_default_serialization_format", lambda: "cloudpickle")  # noqa: B010 - a private name of a lazily loaded module, unknown to its types


def start(template: str | None, places: Places) -> None:
    """Begin a lab with a fresh store, copied from `template` (a migrated database) if given."""
    if template:
        shutil.copyfile(template, store(places))
        with sqlite3.connect(store(places)) as db:
            db.execute(
                "UPDATE experiments SET artifact_location = ? || '/' || experiment_id",
                (str(artifacts(places)),),
            )
        db.close()
