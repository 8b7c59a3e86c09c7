"""Read what a lab's services noted in their journal: what there is, by kind, oldest first.

The journal lies in the workspace, which the student's code can write in: whatever in it has not
the form that the services give it makes the whole of it unreadable.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from grader.guest.places import Places
from grader.guest.refusal import Refused
from grader.guest.services.journal import FULL, MAX_BYTES, PLACE

#: Things that are told of one kind, the newest.
MAX_THINGS = 500


def view(places: Places) -> dict[str, list[dict[str, Any]]]:
    """What there is of each kind.

    Raises:
        Refused: there is no journal, or it is not as the services write it.
    """
    things: dict[str, dict[str, dict[str, Any]]] = {}
    for number, line in enumerate(_text(places.workspace / PLACE).splitlines(), start=1):
        try:
            entry = json.loads(line)
            kind, key, data = entry["kind"], entry["id"], entry.get("data")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise _strange(f"line {number}") from None
        if not isinstance(kind, str) or not isinstance(key, str):
            raise _strange(f"line {number}")
        if kind == FULL:
            told = (
                f"the workspace's services did too much: their journal of {MAX_BYTES >> 20} MiB is"
            )
            raise Refused(f"{told} full", "output")
        if data is None:
            things.get(kind, {}).pop(key, None)
        elif isinstance(data, dict):
            things.setdefault(kind, {})[key] = data
        else:
            raise _strange(f"line {number}")
    return {kind: list(found.values())[-MAX_THINGS:] for kind, found in things.items()}


def _text(path: Path) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Refused("the journal of the workspace's services is gone", "missing") from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise _strange("what is there is no file")
    with os.fdopen(fd, "rb") as file:
        text = file.read(2 * MAX_BYTES + 1)
    if len(text) > 2 * MAX_BYTES:
        raise _strange("it is too long")
    return text


def _strange(why: str) -> Refused:
    told = f"the journal of the workspace's services is not as they write it: {why}"
    return Refused(told, "output")
