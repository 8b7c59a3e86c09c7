"""Read a lab's Feature Store into plain values: feature tables, online tables, models' lineage.

All of it is the student's to write, so it is read from private copies, by our own code alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from grader.guest import mlflow_engine
from grader.guest.encode import MAX_ROWS
from grader.guest.features import catalog, online, packaging
from grader.guest.places import Places, private_copy
from grader.guest.refusal import Refused


def view(places: Places, schema: Callable[[str], dict[str, str]]) -> dict[str, Any]:
    """Feature tables by name, online tables and models (oldest first).

    `schema` gives the columns of a Delta table by its name.

    Raises:
        Refused: the Feature Store's own files cannot be read.
    """
    copy = places.tmp / "features"
    for path in (catalog.path, online.path):
        path(copy).parent.mkdir(parents=True, exist_ok=True)
        private_copy(path(places.workspace), path(copy))
    try:
        return {
            "tables": list(_tables(copy, schema)),
            "online_tables": list(_online(copy)),
            "models": list(_models(places)),
        }
    except (sqlite3.Error, ValueError, TypeError, AttributeError) as error:
        raise Refused(f"the feature store cannot be read: {error}") from error


def _tables(copy: Path, schema: Callable[[str], dict[str, str]]) -> Iterator[dict[str, Any]]:
    for entry in catalog.entries(copy):
        try:
            columns = schema(entry.name)
        except Refused as refused:
            if refused.kind != "missing":
                raise
            continue  # dropped by Spark itself
        yield {
            "name": entry.name,
            "primary_keys": list(entry.primary_keys),
            "timestamp_keys": list(entry.timestamp_keys),
            "description": entry.description,
            "tags": dict(entry.tags),
            "columns": columns,
        }


def _online(copy: Path) -> Iterator[dict[str, Any]]:
    for table in online.tables(copy):
        rows = online.rows(copy, table)
        if len(rows) > MAX_ROWS:
            raise ValueError(f"{table.name!r} has {len(rows)} rows; at most {MAX_ROWS} are read")
        yield {
            "store": table.store,
            "name": table.name,
            "source": table.source,
            "keys": list(table.keys),
            "columns": dict(table.columns),
            "mode": table.mode,
            "rows": rows,
        }


def _models(places: Places) -> Iterator[dict[str, Any]]:
    store = mlflow_engine.copied_store(places)
    if store is None:
        return
    with closing(sqlite3.connect(store)) as db:
        logged = db.execute(
            "SELECT model_id, name, source_run_id, experiment_id FROM logged_models"
            " ORDER BY creation_timestamp_ms, model_id"
        ).fetchall()
        versions = db.execute(
            "SELECT source, name, version FROM model_versions ORDER BY name, version"
        ).fetchall()
    for model, name, run, experiment in logged:
        folder = mlflow_engine.artifacts(places) / str(experiment) / "models" / str(model)
        spec = packaging.feature_spec(folder / "artifacts")
        if spec is not None:
            yield {
                "id": model,
                "name": name,
                "run": run or "",
                "registered": [f"{n}/{v}" for source, n, v in versions if _is(source, model)],
                **spec.to_dict(),
            }


def _is(source: Any, model: str) -> bool:
    """Whether a registered version was made of a logged model: of it, or of its files."""
    return model in str(source).split("/")
