"""Read a lab's tracking store and registry into plain values.

The store is copied first: SQLite may want to write beside its file, and the original belongs to
the runner. Artefact locations are taken from the layout, not from the store's own columns.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import mlflow
import yaml
from mlflow.entities import ViewType

from grader.guest import mlflow_engine
from grader.guest.places import Places
from grader.guest.refusal import Refused


def view(places: Places) -> dict[str, Any]:
    """Experiments, runs (oldest first), logged models and registered models."""
    copy = mlflow_engine.copied_store(places)
    if copy is None:
        raise Refused("the tracking store is gone", "missing")
    artifacts = mlflow_engine.artifacts(places)
    mlflow_engine.configure(f"sqlite:///{copy}")
    client = mlflow.MlflowClient()
    experiments = {e.experiment_id: e.name for e in client.search_experiments(ViewType.ALL)}
    if not experiments:
        return {"experiments": [], "runs": [], "registered": []}
    runs = client.search_runs(
        list(experiments), run_view_type=ViewType.ACTIVE_ONLY, order_by=["start_time ASC"]
    )
    models: dict[str, list[dict[str, Any]]] = {}
    for m in client.search_logged_models(list(experiments)):
        folder = artifacts / m.experiment_id / "models" / m.model_id / "artifacts"
        entry = {"name": m.name, "id": m.model_id, **_mlmodel(folder)}
        models.setdefault(m.source_run_id or "", []).append(entry)
    return {
        "experiments": sorted(experiments.values()),
        "runs": [
            _run(
                r,
                artifacts,
                experiments,
                sorted(models.get(r.info.run_id, []), key=lambda m: m["name"]),
            )
            for r in runs
        ],
        "registered": [_registered(client, m) for m in client.search_registered_models()],
    }


def _run(
    run: Any, artifacts: Path, experiments: dict[str, str], models: list[dict[str, Any]]
) -> dict[str, Any]:
    tags = {str(k): str(v) for k, v in run.data.tags.items()}
    folder = artifacts / run.info.experiment_id / run.info.run_id / "artifacts"
    found = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    return {
        "id": run.info.run_id,
        "name": str(run.info.run_name),
        "status": str(run.info.status),
        "experiment": experiments[run.info.experiment_id],
        # SQLite keeps whatever is put in, and the store is the student's to write.
        "params": {str(k): str(v) for k, v in run.data.params.items()},
        "metrics": {str(k): float(v) for k, v in run.data.metrics.items()},
        "tags": {k: v for k, v in tags.items() if not k.startswith("mlflow.")},
        "parent": tags.get("mlflow.parentRunId"),
        "artifacts": found[:500],
        "models": models,
    }


def _mlmodel(folder: Path) -> dict[str, Any]:
    """What a model's own MLmodel file says: flavors, signature, whether there is an example.

    The file is the student's to write; whatever in it has another form than MLflow's counts as
    absent.
    """
    path = folder / "MLmodel"
    raw: Any = None
    if path.is_file() and not path.is_symlink() and path.stat().st_size <= 1 << 20:
        with suppress(yaml.YAMLError, ValueError, RecursionError):
            raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    raw = raw if isinstance(raw, dict) else {}
    flavors, signature = raw.get("flavors"), raw.get("signature")
    signature = signature if isinstance(signature, dict) else {}
    return {
        "flavors": sorted(map(str, flavors)) if isinstance(flavors, dict) else [],
        "inputs": _columns(signature.get("inputs")),
        "outputs": _columns(signature.get("outputs")),
        "example": bool(raw.get("saved_input_example_info")),
    }


def _columns(text: Any) -> list[dict[str, Any]]:
    """One side of a signature: MLflow keeps it as JSON in a text."""
    columns: Any = None
    with suppress(TypeError, ValueError, RecursionError):
        columns = json.loads(text)
    sound = isinstance(columns, list) and all(isinstance(c, dict) for c in columns)
    return columns if sound else []


def _registered(client: Any, model: Any) -> dict[str, Any]:
    versions = client.search_model_versions(f"name = '{model.name}'")
    return {
        "name": model.name,
        "description": model.description or "",
        "tags": dict(model.tags),
        "aliases": {k: int(v) for k, v in model.aliases.items()},
        "versions": [
            {
                "version": int(v.version),
                "stage": v.current_stage,
                "description": v.description or "",
                "tags": dict(v.tags),
                "run": v.run_id,
            }
            for v in sorted(versions, key=lambda v: int(v.version))
        ],
    }
