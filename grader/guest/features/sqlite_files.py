"""Write the SQLite files that the Feature Store keeps beside its tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written(file: Path, tables: str) -> Iterator[sqlite3.Connection]:
    """A file, made with its `tables` if need be; all that is done with it is kept, or nothing."""
    file.parent.mkdir(exist_ok=True)
    db = sqlite3.connect(file, timeout=30)
    try:
        db.executescript(tables)
        with db:
            yield db
    finally:
        db.close()
