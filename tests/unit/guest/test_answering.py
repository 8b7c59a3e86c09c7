"""`grader.guest.answering`: requests of one lab, answered in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.builders import ROOT

#: A lab whose requests are Python expressions, with what it was begun with as `start`.
LAB = """
import os, resource, sys
sys.path.insert(0, sys.argv[3])
from grader.guest.refusal import Refused
from grader.guest.answering import serve
def fail(error):
    raise error
class Lab:
    def __init__(self, start):
        if start.get("fails"):
            raise ValueError("no such file")
        self.names = {**globals(), "start": start}
    def handle(self, op, fields):
        return eval(op, {**self.names, "fields": fields})
    def end(self):
        print("the end", flush=True)
serve(Lab, int(sys.argv[1]), int(sys.argv[2]))
"""


class Served:
    """A lab to ask."""

    def __init__(self, **start: Any) -> None:
        their_requests, requests = os.pipe()
        replies, their_replies = os.pipe()
        theirs = (their_requests, their_replies)
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", LAB, *map(str, theirs), str(ROOT)],
            pass_fds=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for fd in theirs:
            os.close(fd)
        self.requests = os.fdopen(requests, "wb", buffering=0)
        self.replies = os.fdopen(replies, "rb")
        self.began = self.sent(id="start", data_bytes=1 << 32, **start)

    def sent(self, **message: Any) -> dict[str, Any]:
        """The reply to a message."""
        self.requests.write(json.dumps(message).encode() + b"\n")
        reply: dict[str, Any] = json.loads(self.replies.readline())
        return reply

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """The reply to a request, without its id, which must be the request's."""
        reply = self.sent(id="7", op=op, **fields)
        assert reply.pop("id") == "7"
        return reply

    def ended(self) -> str:
        """End the requests; what the lab printed to its end."""
        self.requests.close()
        printed, _ = self.process.communicate(timeout=10)
        return printed.decode()


@pytest.fixture
def lab() -> Iterator[Served]:
    """A lab that has begun."""
    served = Served(colour="red")
    yield served
    served.ended()
    served.replies.close()


def test_a_lab_begins_with_its_settings_and_ends_with_its_requests(lab: Served) -> None:
    """The first message begins it; the end of the requests ends it well."""
    assert lab.began == {"id": "start", "ok": True, "value": None}
    assert lab.ask("start['colour'] + fields['x']", x="!") == {"ok": True, "value": "red!"}
    assert lab.ended() == "the end\n"
    assert lab.process.returncode == 0


def test_a_lab_that_cannot_begin_says_why() -> None:
    """Then it is over."""
    served = Served(fails=True)
    error = {"kind": "raised", "message": "ValueError: no such file"}
    assert served.began == {"id": "start", "ok": False, "error": error}
    assert served.ended() == ""
    served.replies.close()


@pytest.mark.parametrize(
    ("op", "kind", "message"),
    [
        ("fail(ValueError('no'))", "raised", "ValueError: no"),
        ("fail(Refused('not there', 'missing'))", "missing", "not there"),
        ("fail(MemoryError())", "memory", "out of memory"),
        ("sys.exit(3)", "raised", "SystemExit: 3"),
        ("fail(KeyboardInterrupt())", "raised", "KeyboardInterrupt: "),
        ("object()", "raised", "Unencodable: a object is not data that can be checked"),
    ],
)
def test_a_failure_ends_the_request_not_the_lab(
    lab: Served, op: str, kind: str, message: str
) -> None:
    """Whatever a student's code raises."""
    assert lab.ask(op) == {"ok": False, "error": {"kind": kind, "message": message}}
    assert lab.ask("1 + 1") == {"ok": True, "value": 2}


def test_a_value_that_cannot_be_sent_is_told(lab: Served) -> None:
    """An integer with more digits than Python writes."""
    reply = lab.ask("10 ** 5000")
    assert (reply["ok"], reply["error"]["kind"]) == (False, "output")
    assert "cannot be sent" in reply["error"]["message"]


def test_numbers_that_json_lacks_go_both_ways(lab: Served) -> None:
    """NaN and the infinities have a form of their own."""
    answer = lab.ask(
        "[fields['x'], -fields['y'], str(fields)]", x={"$float": "nan"}, y={"$float": "inf"}
    )
    assert answer["value"] == [{"$float": "nan"}, {"$float": "-inf"}, "{'x': nan, 'y': inf}"]


def test_a_long_answer_arrives_whole(lab: Served) -> None:
    """However often the pipe takes only a part."""
    assert len(lab.ask("'x' * 1_000_000")["value"]) == 1_000_000


def test_a_lab_has_no_more_memory_than_it_may(lab: Served) -> None:
    """As far as the kernel counts it for a process."""
    assert lab.ask("resource.getrlimit(resource.RLIMIT_DATA)[0]")["value"] == 1 << 32
    assert lab.ask("len(bytes(6 << 30))")["error"]["kind"] == "memory"


def test_children_inherit_neither_line(lab: Served) -> None:
    """What a student's code starts cannot keep the lines open."""
    answer = lab.ask("[os.get_inheritable(int(n)) for n in sys.argv[1:3]]")
    assert answer["value"] == [False, False]
