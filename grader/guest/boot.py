"""First code inside the wall: take limits, start the role, answer requests one at a time.

Requests come as JSON lines on one descriptor, replies go out on another; printed output is a
third matter. A reply is `{"id", "ok": true, "value"}` or `{"id", "ok": false, "error"}`.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import traceback
from typing import Any, Protocol

from grader.guest.encode import encode
from grader.guest.refusal import Refused, describe


class Role(Protocol):
    """What a role can do: one method for each request, found by its name."""

    def handle(self, op: str, fields: dict[str, Any]) -> Any:
        """Answer one request with a value that `encode` accepts."""
        ...


def main() -> None:
    """Serve requests until the host closes the line."""
    requests = os.fdopen(int(sys.argv[1]), "rb")
    replies = int(sys.argv[2])
    for fd in (requests.fileno(), replies):
        os.set_inheritable(fd, False)
    start = json.loads(requests.readline())
    try:
        _limit(start["limits"])
        role = _role(start)
    except BaseException as error:  # whatever it is, it goes to the host as a failed start
        traceback.print_exc()
        _send(replies, start["id"], error=_failure(error))
        return
    _send(replies, start["id"], value=None)
    for line in requests:
        request = json.loads(line)
        request_id, op = request.pop("id"), request.pop("op")
        try:
            value = encode(role.handle(op, request))
        except BaseException as error:  # sys.exit in student code ends the request, not the role
            _send(replies, request_id, error=_failure(error))
        else:
            _send(replies, request_id, value=value)


def _role(start: dict[str, Any]) -> Role:
    # One role a process: only its own imports are paid.
    if start["role"] == "runner":
        from grader.guest.runner import Runner

        return Runner(start)
    if start["role"] == "inspector":
        from grader.guest.inspector import Inspector

        return Inspector(start)
    if start["role"] == "migrator":
        from grader.guest.migrator import Migrator

        return Migrator(start)
    from grader.guest.scorer import Scorer

    return Scorer(start)


def _limit(limits: dict[str, int]) -> None:
    for what, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_NOFILE, limits["files"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_DATA, limits["memory_bytes"]),
    ):
        resource.setrlimit(what, (value, value))


def _failure(error: BaseException) -> dict[str, str]:
    if isinstance(error, Refused):
        return {"kind": error.kind, "message": str(error)}
    if isinstance(error, MemoryError):
        return {"kind": "memory", "message": "out of memory"}
    return {"kind": "raised", "message": describe(error)}


def _send(fd: int, request_id: str, **fields: Any) -> None:
    message = {"id": request_id, "ok": "error" not in fields, **fields}
    try:
        data = json.dumps(message, allow_nan=False).encode()
    except (ValueError, TypeError, RecursionError) as error:
        told = {"kind": "output", "message": f"the result cannot be sent: {error}"}
        data = json.dumps({"id": request_id, "ok": False, "error": told}).encode()
    view = memoryview(data + b"\n")
    while view:
        view = view[os.write(fd, view) :]
