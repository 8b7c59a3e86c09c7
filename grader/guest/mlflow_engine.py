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
from typing import Any

STORE = Path("/workspace/mlflow.db")
ARTIFACTS = "/workspace/mlruns"


def start(template: str | None) -> Any:
    """Import MLflow on a fresh store, copied from `template` (a migrated database) if given."""
    if template:
        shutil.copyfile(template, STORE)
        with sqlite3.connect(STORE) as db:
            db.execute(
                "UPDATE experiments SET artifact_location = ? || '/' || experiment_id", (ARTIFACTS,)
            )
        db.close()
    configure(f"sqlite:///{STORE}")
    import mlflow
    import mlflow.sklearn as flavor

    setattr(flavor, "_get_default_serialization_format", lambda: "cloudpickle")  # noqa: B010 - a private name of a lazily loaded module, unknown to its types
    return mlflow


def configure(uri: str) -> None:
    """Point MLflow at the store `uri` and keep it from phoning home or asking for a git."""
    os.environ["MLFLOW_TRACKING_URI"] = uri
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    os.environ["GIT_PYTHON_REFRESH"] = "quiet"
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
