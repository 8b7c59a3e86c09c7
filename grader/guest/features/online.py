"""The online store: published features in one SQLite file, read by key without Spark.

All kinds of online stores that a student may name are rows of this file. Values are JSON: dates
and times are ISO texts, decimals are numbers. Functions take the lab's workspace; the file is
there from the first `publish` on.
"""

from __future__ import annotations

import datetime
import decimal
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.guest.features.sqlite_files import written

_TABLES = """
CREATE TABLE IF NOT EXISTS online_tables (
    store TEXT, name TEXT, source TEXT, keys TEXT, columns TEXT, mode TEXT,
    PRIMARY KEY (store, name));
CREATE TABLE IF NOT EXISTS online_rows (
    store TEXT, name TEXT, key TEXT, row TEXT, PRIMARY KEY (store, name, key));
CREATE TABLE IF NOT EXISTS online_stores (store TEXT PRIMARY KEY, capacity TEXT);
"""


class NoOnlineTable(LookupError):
    """A feature table is not published."""


@dataclass(frozen=True, slots=True)
class OnlineTable:
    """A published table: of which store, from which feature table, how it is kept up to date."""

    store: str
    name: str
    #: The feature table, `schema.table`.
    source: str
    #: Primary keys in their order.
    keys: tuple[str, ...]
    #: Every column with its Spark type in words.
    columns: Mapping[str, str]
    #: `merge`, `overwrite`, `TRIGGERED`, `CONTINUOUS`, `SNAPSHOT` or `streaming`
    mode: str = "merge"


def path(workspace: Path) -> Path:
    """The SQLite file."""
    return workspace / "feature_store" / "online.db"


def publish(
    workspace: Path, table: OnlineTable, rows: Iterable[Mapping[str, Any]], *, replace: bool
) -> None:
    """Bring `rows` online: into what is there under the same keys, or instead of all (`replace`).

    A row that is there keeps the columns that a new one lacks.
    """
    at = (table.store, table.name)
    with written(path(workspace), _TABLES) as db:
        old = _table(db, *at)
        columns = dict(table.columns)
        if replace:
            db.execute("DELETE FROM online_rows WHERE store = ? AND name = ?", at)
        elif old is not None:
            columns = {**old.columns, **columns}
        db.execute(
            "INSERT OR REPLACE INTO online_tables VALUES (?, ?, ?, ?, ?, ?)",
            (*at, table.source, json.dumps(table.keys), json.dumps(columns), table.mode),
        )
        for row in rows:
            key = _key(row[k] for k in table.keys)
            there = db.execute(
                "SELECT row FROM online_rows WHERE store = ? AND name = ? AND key = ?", (*at, key)
            ).fetchone()
            whole = {**(json.loads(there[0]) if there else {}), **plain(dict(row))}
            db.execute(
                "INSERT OR REPLACE INTO online_rows VALUES (?, ?, ?, ?)",
                (*at, key, json.dumps(whole)),
            )


def lookup(
    workspace: Path, feature_table: str, keys: Sequence[Sequence[Any]]
) -> list[dict[str, Any] | None]:
    """The online rows of `feature_table` (`schema.table`) for `keys`, None where there is none.

    Each key is the values of the primary keys in their order. If the table is published to
    several stores, the newest publication counts.

    Raises:
        NoOnlineTable: it is not published.
    """
    with _read(workspace) as db:
        table = (
            db
            and db.execute(
                "SELECT store, name FROM online_tables WHERE source = ? ORDER BY rowid DESC",
                (feature_table,),
            ).fetchone()
        )
        if not db or not table:
            told = f"the feature table {feature_table!r} is not published to an online store"
            raise NoOnlineTable(told)
        query = "SELECT row FROM online_rows WHERE store = ? AND name = ? AND key = ?"
        found = [db.execute(query, (*table, _key(key))).fetchone() for key in keys]
    return [json.loads(row[0]) if row else None for row in found]


def tables(workspace: Path) -> list[OnlineTable]:
    """All published tables, oldest publication first."""
    with _read(workspace) as db:
        return list(_tables(db)) if db else []


def rows(workspace: Path, table: OnlineTable) -> list[dict[str, Any]]:
    """All rows of a published table, in the order of their keys."""
    with _read(workspace) as db:
        found = db and db.execute(
            "SELECT row FROM online_rows WHERE store = ? AND name = ? ORDER BY key",
            (table.store, table.name),
        )
        return [json.loads(row[0]) for row in found or ()]


def drop(workspace: Path, store: str, name: str) -> bool:
    """Remove a published table; whether there was one."""
    with written(path(workspace), _TABLES) as db:
        at = (store, name)
        db.execute("DELETE FROM online_rows WHERE store = ? AND name = ?", at)
        gone = db.execute("DELETE FROM online_tables WHERE store = ? AND name = ?", at)
        return gone.rowcount > 0


def create_store(workspace: Path, store: str, capacity: str) -> bool:
    """Note a new store; False if there is one of this name."""
    with written(path(workspace), _TABLES) as db:
        made = db.execute("INSERT OR IGNORE INTO online_stores VALUES (?, ?)", (store, capacity))
        return made.rowcount > 0


def stores(workspace: Path) -> dict[str, str]:
    """The stores that were created, with their capacities."""
    with _read(workspace) as db:
        return dict(db.execute("SELECT store, capacity FROM online_stores")) if db else {}


def drop_store(workspace: Path, store: str) -> bool:
    """Remove a store and what is published to it; whether there was one."""
    with written(path(workspace), _TABLES) as db:
        db.execute("DELETE FROM online_rows WHERE store = ?", (store,))
        db.execute("DELETE FROM online_tables WHERE store = ?", (store,))
        return db.execute("DELETE FROM online_stores WHERE store = ?", (store,)).rowcount > 0


def plain(value: Any) -> Any:
    """A value of a Spark row, or of pandas or NumPy, as JSON."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, bytes | bytearray):
        return value.hex()
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return value


def _key(values: Iterable[Any]) -> str:
    """A key as text: 7 and 7.0 are the same."""
    found = (plain(v) for v in values)
    return json.dumps([int(v) if isinstance(v, float) and v.is_integer() else v for v in found])


def _table(db: sqlite3.Connection, store: str, name: str) -> OnlineTable | None:
    return next((t for t in _tables(db) if (t.store, t.name) == (store, name)), None)


def _tables(db: sqlite3.Connection) -> Iterator[OnlineTable]:
    query = "SELECT store, name, source, keys, columns, mode FROM online_tables ORDER BY rowid"
    for store, name, source, keys, columns, mode in db.execute(query):
        yield OnlineTable(store, name, source, tuple(json.loads(keys)), json.loads(columns), mode)


@contextmanager
def _read(workspace: Path) -> Iterator[sqlite3.Connection | None]:
    """The file, or None if there is none."""
    if not path(workspace).is_file():
        yield None
        return
    db = sqlite3.connect(f"{path(workspace).as_uri()}?mode=ro", uri=True, timeout=30)
    try:
        yield db
    finally:
        db.close()
