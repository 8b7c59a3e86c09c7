"""The inspector: our code only, in a fresh process, reads what a lab left behind.

The workspace is read-only here and whatever it holds is data: Delta logs are read by delta-rs,
the tracking store from a private copy. Places that the store names are never followed; artefacts
are looked for where this project's own layout puts them.
"""

from __future__ import annotations

import importlib
import os
import re
import stat
from pathlib import Path
from typing import Any

from grader.guest import mlflow_engine
from grader.guest.encode import MAX_ROWS
from grader.guest.house import House
from grader.guest.places import NAME, Places
from grader.guest.refusal import Refused


class InspectorHouse(House):
    """Its imports, made while the runner works."""

    def load(self, imports: str) -> None:
        """What reads tables, and MLflow's store."""
        if imports:
            import deltalake  # noqa: F401 - paid for once
        if imports == "mlflow":
            mlflow_engine.configure("sqlite://")  # MLflow reads this as it is imported
            for name in ("grader.guest.mlflow_view", *mlflow_engine.STORE):
                importlib.import_module(name)

    def lab(self, start: dict[str, Any]) -> Inspector:
        """Look at a lab, in a process of its own: what a crafted file breaks, it breaks there."""
        return Inspector(self.places)


class Inspector:
    """One lab's artefacts."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def handle(self, op: str, fields: dict[str, Any]) -> Any:
        """`delta`, `rows`, `mlflow`, `features`, `workspace`, `files` or `text`."""
        return self._places.shown(self._answer(op, fields))

    def _answer(self, op: str, fields: dict[str, Any]) -> Any:
        workspace = self._places.workspace
        if op == "delta":
            return delta(_table(workspace, fields["table"]))
        if op == "rows":
            return rows(_table(workspace, fields["table"]), fields["version"])
        if op == "mlflow":
            from grader.guest.mlflow_view import view

            return view(self._places)
        if op == "workspace":
            from grader.guest import workspace_view

            return workspace_view.view(self._places)
        if op == "features":
            from grader.guest import features_view

            return features_view.view(
                self._places, lambda name: schema(_open(_table(workspace, name)))
            )
        if op == "files":
            return files(workspace, fields["pattern"])
        return text(workspace, fields["path"])

    def end(self) -> None:
        """Nothing to put back."""


def _table(workspace: Path, name: str) -> Path:
    """The folder of a table, named as `t`, `db.t`, or by a path in the workspace."""
    plain = re.sub(r"^(dbfs|file):(//)?", "", name)
    if plain.startswith("/dbfs/"):
        return workspace / "dbfs" / plain.removeprefix("/dbfs/")
    if "/" in plain:
        for root in (NAME, os.path.realpath(workspace)):
            plain = plain.removeprefix(f"{root}/")
        return workspace / plain.lstrip("/")
    parts = plain.split(".")
    warehouse = workspace / "warehouse"
    if len(parts) == 2 and parts[0] != "default":
        return warehouse / f"{parts[0].lower()}.db" / parts[1].lower()
    return warehouse / parts[-1].lower()


def _open(path: Path, version: int | None = None) -> Any:
    from deltalake import DeltaTable

    if not (path / "_delta_log").is_dir():
        raise Refused(f"there is no Delta table {path.name!r}", "missing")
    try:
        return DeltaTable(str(path), version=version)
    except Exception as error:  # whatever delta-rs has against it, the student wrote it
        which = "" if version is None else f" version {version} of"
        raise Refused(f"{which} the table {path.name!r} cannot be read: {error}".strip()) from error


def delta(path: Path) -> dict[str, Any]:
    """History (oldest first), schema, partition columns, and files of a table."""
    table = _open(path)
    history = [
        {
            "version": h["version"],
            "operation": h.get("operation", ""),
            "parameters": {k: str(v) for k, v in h.get("operationParameters", {}).items()},
            "metrics": {k: str(v) for k, v in h.get("operationMetrics", {}).items()},
            "timestamp": h.get("timestamp", 0),
        }
        for h in reversed(table.history())
    ]
    return {
        "version": table.version(),
        "history": history,
        "schema": schema(table),
        "partitions": list(table.metadata().partition_columns),
        "active_files": len(table.file_uris()),
        "files_on_disk": sum(1 for _ in path.rglob("*.parquet") if "_delta_log" not in _.parts),
    }


def schema(table: Any) -> dict[str, str]:
    """The columns of a table and their types, as Delta calls them."""
    return {f.name: _type(f.type) for f in table.schema().fields}


def _type(kind: Any) -> str:
    return str(getattr(kind, "type", kind))


def rows(path: Path, version: int | None) -> list[dict[str, Any]]:
    """All rows of a table, now or at a version."""
    table = _open(path, version)
    try:
        frame = table.to_pyarrow_table()
    except Exception as error:  # a file that VACUUM removed, or one that is not Parquet
        which = "" if version is None else f" at version {version}"
        raise Refused(f"{path.name!r} cannot be read{which}: {error}") from error
    if frame.num_rows > MAX_ROWS:
        raise Refused(f"{path.name!r} has {frame.num_rows} rows; at most {MAX_ROWS} are read")
    result: list[dict[str, Any]] = frame.to_pylist()
    return result


def files(workspace: Path, pattern: str) -> list[str]:
    """Files of the workspace that match a glob pattern, relative to it."""
    found = (p for p in workspace.glob(pattern) if p.is_file())
    return sorted(str(p.relative_to(workspace)) for p in found)[:1000]


def text(workspace: Path, path: str) -> str:
    """A text file of the workspace."""
    target = workspace / path
    try:
        fd = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as handle:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise Refused(f"{path} is not a regular file", "missing")
            return handle.read(1 << 20).decode("utf-8", "replace")
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}", "missing") from error
