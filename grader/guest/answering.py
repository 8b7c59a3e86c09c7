"""Answer the host's requests for one lab, one at a time, in the lab's own process.

Requests come as JSON lines on one descriptor, replies go out on another. A reply is
`{"id", "ok": true, "value"}` or `{"id", "ok": false, "error"}`. The first request begins the lab.
"""

from __future__ import annotations

import json
import os
import resource
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from grader.guest.encode import encode
from grader.guest.refusal import Refused, describe


class Role(Protocol):
    """What a role can do for a lab."""

    def handle(self, op: str, fields: dict[str, Any]) -> Any:
        """Answer one request with a value that `encode` accepts."""
        ...

    def end(self) -> None:
        """The lab is over; there are no more requests."""
        ...


def serve(begin: Callable[[dict[str, Any]], Role], requests_fd: int, replies: int) -> None:
    """Begin a lab with the first request and answer the others, until the host ends them."""
    requests = os.fdopen(requests_fd, "rb")
    for fd in (requests_fd, replies):
        os.set_inheritable(fd, False)
    start = json.loads(requests.readline())
    try:
        data = start["data_bytes"]
        with suppress(ValueError):  # the whole sandbox has less
            resource.setrlimit(resource.RLIMIT_DATA, (data, data))
        role = begin(start)
    except BaseException as error:  # whatever it is, it goes to the host as a failed start
        traceback.print_exc()
        _send(replies, start["id"], error=_failure(error))
        return
    _send(replies, start["id"], value=None)
    for line in requests:
        request = json.loads(line, object_hook=_number)
        request_id, op = request.pop("id"), request.pop("op")
        try:
            value = encode(role.handle(op, request))
        except BaseException as error:  # sys.exit in student code ends the request, not the role
            _send(replies, request_id, error=_failure(error))
        else:
            _send(replies, request_id, value=value)
    role.end()


def _number(value: dict[str, Any]) -> Any:
    """A number that JSON lacks, as `encode` writes it, or whatever else it is."""
    return float(value["$float"]) if value.keys() == {"$float"} else value


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
