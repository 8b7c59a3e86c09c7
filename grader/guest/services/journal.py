"""What the services have and did, as JSON lines that a reader of the workspace can follow.

A line is `{"kind", "id", "data"}`: the newest line of a kind and id is what holds, and one without
`data` says that it is gone. `grader.guest.workspace_view` reads it. It lies in the lab's workspace,
so like all that a lab leaves it is the student's word.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

#: Where it is, relative to the lab's folder.
PLACE = ".services/journal.jsonl"
#: Bytes that are written at most; what would go beyond is lost, and the last line says so.
MAX_BYTES = 8 << 20
#: The kind of that last line.
FULL = "full"


class Journal:
    """The journal below a lab's folder; any thread may write."""

    def __init__(self, workspace: Path) -> None:
        self._path = workspace / PLACE
        self._path.parent.mkdir(exist_ok=True)
        self._lock = threading.Lock()
        self._size = 0
        self._count = 0

    def put(self, kind: str, key: str, data: dict[str, Any]) -> None:
        """The thing `key` of a kind is now `data`, JSON values."""
        with self._lock:
            self._write({"kind": kind, "id": key, "data": data})

    def add(self, kind: str, data: dict[str, Any]) -> str:
        """Something happened; the key it got."""
        with self._lock:
            self._count += 1
            key = f"{kind}-{self._count}"
            self._write({"kind": kind, "id": key, "data": data})
        return key

    def drop(self, kind: str, key: str) -> None:
        """The thing `key` of a kind is gone."""
        with self._lock:
            self._write({"kind": kind, "id": key})

    def _write(self, line: dict[str, Any]) -> None:
        if self._size > MAX_BYTES:
            return
        text = json.dumps(line).encode() + b"\n"
        self._size += len(text)
        if self._size > MAX_BYTES:
            text = json.dumps({"kind": FULL, "id": ""}).encode() + b"\n"
        # No descriptor is kept: the services let go of all that they find open as they start.
        with self._path.open("ab", buffering=0) as file:
            file.write(text)
