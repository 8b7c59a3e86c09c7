"""`grader.sandbox.guest_process`: talking to a lab that may say and do anything."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from grader.errors import SandboxFault, StudentError
from grader.sandbox import wire
from grader.sandbox.guest_process import GuestProcess
from grader.sandbox.interface import Limits
from tests.unit.peers import open_files

#: What a scripted lab begins with: hear a request, answer it, print.
LAB = """
import json, os, sys, time
requests, replies, output = map(int, sys.argv[1:])
lines = os.fdopen(requests, "rb")
def hear():
    return json.loads(lines.readline() or sys.exit())
def raw(data):
    while data:
        data = data[os.write(replies, data):]
def say(request, **fields):
    raw(json.dumps({"id": request["id"], "ok": True, **fields}).encode() + b"\\n")
def show(data):
    while data:
        data = data[os.write(output, data):]
"""
READY = "say(hear())\n"
LIMITS = Limits(start=5.0, output_bytes=1000)


class Household:
    """Takes note of what it is asked to do."""

    def __init__(self) -> None:
        self.told = ""
        self.refuses = False
        self.begun: list[Limits] = []
        self.released: list[bool] = []

    def begin(self, limits: Limits) -> None:
        """Take note, or refuse."""
        if self.refuses:
            raise SandboxFault("more is in use already")
        self.begun.append(limits)

    def ran_out(self) -> str:
        """What the test says."""
        return self.told

    def autopsy(self) -> str:
        """Always the same."""
        return "it is gone"

    def release(self, *, clean_end: bool) -> None:
        """Take note."""
        self.released.append(clean_end)


@pytest.fixture
def home() -> Household:
    """What the lab belongs to."""
    return Household()


Starts = Callable[..., GuestProcess]


@pytest.fixture
def lab(home: Household) -> Iterator[Starts]:
    """Start a scripted lab. What is open afterwards was open before."""
    before = open_files()
    running: list[subprocess.Popen[bytes]] = []
    made: list[GuestProcess] = []

    def start(script: str, **settings: Any) -> GuestProcess:
        to_r, to_w = os.pipe()
        back_r, back_w = os.pipe()
        out_r, out_w = os.pipe()
        theirs = (to_r, back_w, out_w)
        command = [sys.executable, "-I", "-S", "-c", LAB + script, *map(str, theirs)]
        running.append(subprocess.Popen(command, pass_fds=theirs))
        for fd in theirs:
            os.close(fd)
        made.append(GuestProcess(home, (to_w, back_r, out_r), settings, LIMITS))
        return made[-1]

    yield start
    for guest in made:
        guest.close()
    for process in running:
        process.kill()
        process.wait()
    assert open_files() == before


def test_each_request_gets_its_value(lab: Starts, home: Household) -> None:
    """The first begins the lab with its settings; what it uses counts once it is ready."""
    guest = lab(
        "start = hear()\nsay(start)\n"
        "for n in range(2):\n"
        "    request = hear()\n"
        "    say(request, value=[start['colour'], request['op'], request['x']])\n",
        colour="red",
    )
    guest.ready()
    assert home.begun == [LIMITS]
    assert guest.ask("run", 5, x=1) == ["red", "run", 1]
    assert guest.ask("call", 5, x=2) == ["red", "call", 2]
    assert home.begun == [LIMITS]


@pytest.mark.parametrize(
    ("error", "message", "kind"),
    [
        ({"kind": "missing", "message": "no \x1b[31mf\x1b[0m\x07"}, "no f", "missing"),
        ({"kind": ["x"], "message": {"a": 1}}, "{'a': 1}", "['x']"),
        ("nothing of the form", "failed", "raised"),
        (None, "failed", "raised"),
    ],
)
def test_a_failure_is_told_clean(lab: Starts, error: object, message: str, kind: str) -> None:
    """Whatever form it has, it is the student's; the lab goes on."""
    script = f"say(hear(), ok=False, error={error!r})\nsay(hear(), value=7)\n"
    guest = lab(READY + script)
    with pytest.raises(StudentError) as caught:
        guest.ask("run", 5)
    assert (str(caught.value), caught.value.kind) == (message, kind)
    assert guest.ask("run", 5) == 7


def test_a_lab_that_does_not_begin_is_a_fault(lab: Starts, home: Household) -> None:
    """No student's code ran yet: why, and what was printed."""
    guest = lab("show(b'from afar')\nsay(hear(), ok=False, error={'message': 'no engine'})\n")
    with pytest.raises(SandboxFault) as caught:
        guest.ready()
    assert str(caught.value) == "the lab did not start: no engine\nfrom afar"
    assert home.released == [False]


@pytest.mark.parametrize("script", ["hear()\nraw(b'hello\\n')\n", "sys.exit()\n"])
def test_nonsense_or_an_end_before_it_is_ready_is_a_fault(lab: Starts, script: str) -> None:
    """The same words are the student's once the lab runs."""
    with pytest.raises(SandboxFault, match="the lab did not start"):
        lab(script).ready()


def test_a_lab_that_may_use_less_than_it_does_already_is_a_fault(
    lab: Starts, home: Household
) -> None:
    """The lab's budget is at fault, which is not the student's."""
    home.refuses = True
    with pytest.raises(SandboxFault, match="more is in use already"):
        lab(READY).ready()
    assert home.released == [False]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("raw(b'nonsense\\n')", "the answer is not valid JSON"),
        ("raw(b'[1]\\n')", "the answer belongs to no request"),
        ("say({'id': 'mine'})", "the answer belongs to no request"),
        ("raw(b'{\"id\": NaN}\\n')", "the answer is not valid JSON"),
        ("raw(b'\\xff\\n')", "the answer is not valid JSON"),
        ("raw(b' ' * (9 << 20))", "the answer is larger than 8 MiB"),
    ],
)
def test_a_malformed_answer_ends_the_lab(
    lab: Starts, home: Household, script: str, message: str
) -> None:
    """It is the student's, as is everything that is asked afterwards; the wall goes, too."""
    guest = lab(f"{READY}hear()\n{script}\ntime.sleep(60)\n")
    for _ in range(2):
        with pytest.raises(StudentError, match=message) as caught:
            guest.ask("run", 5)
    assert home.released == [False]
    assert caught.value.kind == "ended"


def test_an_answer_in_advance_is_for_no_request(lab: Starts) -> None:
    """Who guesses an id guesses in vain."""
    guest = lab("say(hear())\nsay({'id': 'start'}, value=100)\nhear()\ntime.sleep(60)\n")
    with pytest.raises(StudentError, match="belongs to no request"):
        guest.ask("run", 5)


def test_who_does_not_answer_has_run_out_of_time(lab: Starts, home: Household) -> None:
    """The time is told, and the wall goes."""
    guest = lab(f"{READY}hear()\ntime.sleep(60)\n")
    with pytest.raises(StudentError, match=r"^time: more than 0\.2 s$") as caught:
        guest.ask("run", 0.2)
    assert caught.value.kind == "timeout"
    assert home.released == [False]


def test_who_closes_the_line_of_requests_has_run_out_of_time(lab: Starts) -> None:
    """A request that cannot be sent is one that is not answered."""
    guest = lab(f"{READY}lines.close()\ntime.sleep(60)\n")
    guest.ready()
    time.sleep(0.1)
    with pytest.raises(StudentError, match=r"^time: more than 0\.2 s$"):
        guest.ask("run", 0.2)


def test_a_limit_that_ended_it_is_told_rather_than_the_time(lab: Starts, home: Household) -> None:
    """When both come together, the limit is why nothing came."""
    guest = lab(f"{READY}hear()\ntime.sleep(60)\n")
    guest.ready()
    home.told = "memory: 1 GiB reached"
    with pytest.raises(StudentError, match=r"^memory: 1 GiB reached$"):
        guest.ask("run", 0.2)


def test_the_end_of_its_process_is_looked_into(lab: Starts, home: Household) -> None:
    """Also when it is gone before the request, and once it is known it is told again."""
    guest = lab(READY)
    guest.ready()
    time.sleep(0.1)
    for _ in range(2):
        with pytest.raises(StudentError, match=r"^it is gone$"):
            guest.ask("run", 5)
    assert home.released == [False]


def test_output_is_kept_up_to_the_limit(lab: Starts) -> None:
    """More is read and dropped, so that nobody waits, and how much is said."""
    guest = lab(f"{READY}request = hear()\nshow(b'x' * 300_000 + b'end')\nsay(request)\n")
    guest.ask("run", 5)
    assert guest.output == "x" * 1000 + "\n... (cut: 299003 more bytes)"


def test_output_need_not_be_text(lab: Starts) -> None:
    """What is no UTF-8 is shown as such."""
    guest = lab(f"{READY}request = hear()\nshow(b'a\\xffb')\nsay(request)\n")
    guest.ask("run", 5)
    assert guest.output == "a\ufffdb"


def test_who_prints_without_end_is_still_held_to_the_time(lab: Starts) -> None:
    """However quickly the pipe is filled again, the clock is looked at."""
    guest = lab(
        f"{READY}hear()\nimport fcntl\nfcntl.fcntl(output, 1031, 1 << 20)\nos.fork()\n"
        "end = time.monotonic() + 20\n"
        "while time.monotonic() < end:\n    show(bytes(1 << 20))\n"
    )
    guest.ready()
    begun = time.monotonic()
    with pytest.raises(StudentError, match="time: more than"):
        guest.ask("run", 0.5)
    assert time.monotonic() - begun < 5


def test_one_turn_of_reading_is_bounded(
    lab: Starts, home: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe that always has more must not keep the reader for ever."""
    guest = lab(f"{READY}hear()\n")
    guest.ready()
    out, read = guest._out, os.read
    monkeypatch.setattr(os, "read", lambda fd, n: b"x" * n if fd == out else read(fd, n))
    begun = time.monotonic()
    with pytest.raises(StudentError):
        guest.ask("run", 0.3)
    assert time.monotonic() - begun < 3


def test_a_large_request_passes_a_lab_that_prints_first(lab: Starts) -> None:
    """Neither waits for the other with a full pipe."""
    guest = lab(
        f"{READY}show(b'x' * 1_000_000)\nrequest = hear()\nsay(request, value=len(request['a']))\n"
    )
    assert guest.ask("call", 10, a="y" * 2_000_000) == 2_000_000


def test_it_is_let_go_once(lab: Starts, home: Household) -> None:
    """Closing again does nothing, and nothing can be asked any more."""
    guest = lab(f"{READY}for line in lines: pass\n")
    guest.ready()
    guest.close()
    guest.close()
    assert home.released == [True]
    with pytest.raises(StudentError, match="closed"):
        guest.ask("run", 5)


def test_a_lab_in_the_middle_of_a_request_does_not_end_well(
    lab: Starts, home: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an interrupt nobody waits for it to end by itself."""

    class Interrupted(selectors.DefaultSelector):
        """As if Ctrl-C had been pressed."""

        def select(self, timeout: float | None = None) -> Any:
            raise KeyboardInterrupt

    guest = lab(READY)
    guest.ready()
    monkeypatch.setattr(selectors, "DefaultSelector", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        guest.ask("run", 5)
    guest.close()
    assert home.released == [False]


def test_settings_that_are_no_data_take_no_pipe(home: Household) -> None:
    """Who made the pipes still has to close them."""
    one, other = os.pipe(), os.pipe()
    pipes = (one[1], one[0], other[0])
    with pytest.raises(TypeError):
        GuestProcess(home, pipes, {"data": object()}, LIMITS)
    assert all(os.get_blocking(fd) for fd in pipes)
    for fd in (*one, *other):
        os.close(fd)


def test_the_largest_answer_comes_through(lab: Starts) -> None:
    """One byte less than too much."""
    size = wire.MAX_REPLY - 100
    guest = lab(f"{READY}say(hear(), value='x' * {size})\n")
    assert len(guest.ask("run", 20)) == size
