"""What is known of feature tables beyond Delta: keys, time keys, description, tags.

One SQLite file in the lab's workspace. Columns and rows are the Delta table's own matter.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.guest.features.sqlite_files import written

_TABLES = """
CREATE TABLE IF NOT EXISTS feature_tables (
    name TEXT PRIMARY KEY, primary_keys TEXT, timestamp_keys TEXT,
    description TEXT, created INTEGER);
CREATE TABLE IF NOT EXISTS tags (name TEXT, key TEXT, value TEXT, PRIMARY KEY (name, key));
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A feature table: its name is `schema.table`, `created` is in milliseconds since 1970."""

    name: str
    #: Without the time key.
    primary_keys: tuple[str, ...]
    timestamp_keys: tuple[str, ...]
    description: str
    created: int
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that tell rows apart."""
        return (*self.primary_keys, *self.timestamp_keys)


def path(workspace: Path) -> Path:
    """The SQLite file."""
    return workspace / "feature_store" / "catalog.db"


def put(
    workspace: Path,
    name: str,
    primary_keys: Sequence[str],
    timestamp_keys: Sequence[str],
    description: str | None,
    tags: Mapping[str, str] | None,
) -> None:
    """Note a feature table, instead of what may be there of the same name."""
    with written(path(workspace), _TABLES) as db:
        _forget(db, name)
        keys, times = json.dumps(list(primary_keys)), json.dumps(list(timestamp_keys))
        row = (name, keys, times, description or "", int(time.time() * 1000))
        db.execute("INSERT INTO feature_tables VALUES (?, ?, ?, ?, ?)", row)
        db.executemany(
            "INSERT INTO tags VALUES (?, ?, ?)", [(name, k, v) for k, v in (tags or {}).items()]
        )


def get(workspace: Path, name: str) -> Entry | None:
    """The feature table `name`, if it is noted."""
    return next((entry for entry in entries(workspace) if entry.name == name), None)


def entries(workspace: Path) -> list[Entry]:
    """All that is noted, by name."""
    if not path(workspace).is_file():
        return []
    with written(path(workspace), _TABLES) as db:
        return read(db)


def read(db: sqlite3.Connection) -> list[Entry]:
    """As `entries`, from an open file.

    Raises:
        sqlite3.Error, TypeError, ValueError: it is no such file.
    """
    tags: dict[str, dict[str, str]] = {}
    for name, key, value in db.execute("SELECT name, key, value FROM tags ORDER BY key"):
        tags.setdefault(name, {})[key] = value
    found = db.execute(
        "SELECT name, primary_keys, timestamp_keys, description, created"
        " FROM feature_tables ORDER BY name"
    )
    return [
        Entry(n, tuple(json.loads(k)), tuple(json.loads(t)), d, c, tags.get(n, {}))
        for n, k, t, d, c in found
    ]


def forget(workspace: Path, name: str) -> None:
    """Remove a feature table and its tags."""
    with written(path(workspace), _TABLES) as db:
        _forget(db, name)


def set_tag(workspace: Path, name: str, key: str, value: str) -> None:
    """Give a table a tag, or another value to one that it has."""
    with written(path(workspace), _TABLES) as db:
        db.execute("INSERT OR REPLACE INTO tags VALUES (?, ?, ?)", (name, key, value))


def delete_tag(workspace: Path, name: str, key: str) -> bool:
    """Take a tag away; whether it was there."""
    with written(path(workspace), _TABLES) as db:
        return db.execute("DELETE FROM tags WHERE name = ? AND key = ?", (name, key)).rowcount > 0


def _forget(db: sqlite3.Connection, name: str) -> None:
    db.execute("DELETE FROM tags WHERE name = ?", (name,))
    db.execute("DELETE FROM feature_tables WHERE name = ?", (name,))
