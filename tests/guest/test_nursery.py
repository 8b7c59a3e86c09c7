"""A nursery: processes on orders, which end with who asked for them."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys

import pytest

from tests.builders import ROOT

#: A process with a nursery whose forks tell of themselves, then wait for their end.
PROGRAM = """
import json, os, random, sys, time
import numpy.random
from grader.guest.nursery import Nursery

prepared = []

def be(order, fds):
    told = {**order, "prepared": prepared, "pid": os.getpid(), "parent": os.getppid(),
            "drawn": [random.random(), float(numpy.random.random())]}
    told["size"] = len(told.pop("long"))
    os.write(fds[0], json.dumps(told).encode() + b"\\n")
    if order["fails"]:
        raise RuntimeError("it failed")
    time.sleep(60)

nursery = Nursery(be, lambda: prepared.append(os.getpid()))
for fails in (False, True, False):
    read, write = os.pipe()
    nursery.order({"fails": fails, "long": "x" * 500_000}, [write])
    os.close(write)
    print(os.read(read, 4096).decode().strip(), flush=True)
    if fails:
        assert os.read(read, 1) == b""  # it ended, and nobody else holds its descriptor
sys.stdin.read()
"""


def lives(pid: int) -> bool:
    """Whether there is such a process that has not ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("how", [signal.SIGKILL, None])
def test_forks_tell_and_end_with_their_maker(how: signal.Signals | None) -> None:
    """Each is a fork of the one nursery, prepared once, with random numbers of its own; one that
    fails does not end it."""
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as program:
        assert program.stdin and program.stdout
        told = [json.loads(program.stdout.readline()) for _ in range(3)]
        (nursery,) = {one["parent"] for one in told}
        assert all(one["prepared"] == [nursery] and one["size"] == 500_000 for one in told)
        assert [one["fails"] for one in told] == [False, True, False]
        assert len({number for one in told for number in one["drawn"]}) == 6
        waiting = [os.pidfd_open(pid) for pid in (nursery, told[0]["pid"], told[2]["pid"])]
        assert not lives(told[1]["pid"])
        if how:
            program.send_signal(how)
        else:
            program.stdin.close()
        for fd in waiting:
            ended, _, _ = select.select([fd], [], [], 10)
            assert ended
            os.close(fd)
