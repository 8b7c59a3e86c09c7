"""`grader.sandbox.keeper`: labs in one wall, one after the other, and its end when in doubt."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.errors import SandboxFault, StudentError
from grader.sandbox import keeper as module
from grader.sandbox.interface import Limits, Mount
from grader.sandbox.keeper import Keeper
from tests.unit.peers import Bare, open_files, plan

READY = "say(start)\n"
LIMITS = Limits(start=5.0, cpu=7.0)
#: A lab that comes and goes, with nothing left.
ONE_LAB = f"{READY}shut(opened())\n"

Keeps = Callable[..., Keeper]


@pytest.fixture
def sandbox() -> Bare:
    """Our own keeper, outside of any wall."""
    return Bare()


@pytest.fixture
def keeps(tmp_path: Path) -> Iterator[Keeps]:
    """Start a keeper. What is open afterwards was open before."""
    before = open_files()
    made: list[Keeper] = []

    def start(
        sandbox: Bare, started: Callable[[str], None] = lambda _: None, **fields: Any
    ) -> Keeper:
        made.append(Keeper(sandbox, plan(tmp_path, **{"limits": LIMITS, **fields}), started))
        return made[-1]

    yield start
    for keeper in made:
        keeper.close()
    assert open_files() == before


def test_labs_follow_each_other_in_one_keeper(keeps: Keeps, sandbox: Bare, tmp_path: Path) -> None:
    """Each has a process of its own, and the keeper stays."""
    keeper = keeps(sandbox)
    for number in (1, 2, 3):
        assert keeper.usable
        (tmp_path / f"labs/one/file{number}").touch()
        (tmp_path / "tmp/left").touch()
        guest = keeper.open({}, LIMITS)
        assert not keeper.usable
        assert guest.ask("files", 5, pattern="*") == [f"file{n + 1}" for n in range(number)]
        guest.close()
        assert keeper.fresh is (number == 1)
    assert [made.closed for made in sandbox.made] == [0]


def test_what_a_lab_leaves_in_the_temporary_folder_goes(
    keeps: Keeps, sandbox: Bare, tmp_path: Path
) -> None:
    """The next finds it as the first did."""
    keeper = keeps(sandbox)
    keeper.ready()
    guest = keeper.open({}, LIMITS)
    guest.ready()
    (tmp_path / "tmp/deep/er").mkdir(parents=True)
    (tmp_path / "tmp/deep/er/file").touch()
    guest.close()
    assert keeper.usable
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_lab_has_its_own_limits_once_it_is_ready(keeps: Keeps, sandbox: Bare) -> None:
    """Until then the wall's hold, without any for the processor: engines start at their pace."""
    narrow = Limits(cpu=1.0, memory_bytes=1 << 30)
    guest = keeps(sandbox).open({}, narrow)
    guest.ready()
    guest.close()
    wide, own = sandbox.made[0].begun
    assert (wide.cpu, wide.memory_bytes, own) == (math.inf, LIMITS.memory_bytes, narrow)


def test_a_lab_that_ends_by_itself_costs_the_wall(keeps: Keeps) -> None:
    """How it ended is told, as the keeper saw it."""
    sandbox = Bare(
        f"{READY}shut(opened())\nrequest, _ = hear()\n"
        "say(request, value={'status': 3, 'damage': ''})\ntime.sleep(60)\n"
    )
    keeper = keeps(sandbox)
    guest = keeper.open({}, LIMITS)
    with pytest.raises(StudentError, match=r"ended by itself \(exit status 3\)"):
        guest.ask("run", 5)
    assert not keeper.usable
    assert sandbox.made[0].closed


def test_a_killed_lab_is_told_as_such(keeps: Keeps, sandbox: Bare) -> None:
    """The keeper's own child was killed from outside."""
    keeper = keeps(sandbox)
    guest = keeper.open({}, LIMITS)
    guest.ready()
    (zygote,) = children(sandbox.made[0].process.pid)
    (child,) = children(zygote)
    os.kill(child, 9)
    with pytest.raises(StudentError, match="was killed"):
        guest.ask("files", 5, pattern="*")
    assert not keeper.usable


def children(pid: int) -> list[int]:
    """The children of a process."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]


def test_a_limit_is_told_rather_than_the_end(keeps: Keeps, sandbox: Bare) -> None:
    """Why it was killed is known."""
    keeper = keeps(sandbox)
    guest = keeper.open({}, LIMITS)
    guest.ready()
    sandbox.made[0].told = "disk: 1 GiB reached"
    (zygote,) = children(sandbox.made[0].process.pid)
    (child,) = children(zygote)
    os.kill(child, 9)
    with pytest.raises(StudentError, match=r"^disk: 1 GiB reached$"):
        guest.ask("files", 5, pattern="*")
    assert not keeper.usable


@pytest.mark.parametrize(
    "answer",
    [
        "{'status': 0, 'damage': 'Java has ended'}",
        "{'status': 0}",
        "{'status': True, 'damage': ''}",
        "{'damage': ''}",
        "'all is well'",
        "None",
    ],
)
def test_damage_or_nonsense_after_a_lab_costs_the_wall(keeps: Keeps, answer: str) -> None:
    """What is not said to be as it was counts as broken."""
    sandbox = Bare(f"{ONE_LAB}request, _ = hear()\nsay(request, value={answer})\ntime.sleep(60)\n")
    keeper = keeps(sandbox)
    guest = keeper.open({}, LIMITS)
    guest.ready()
    guest.close()
    assert not keeper.usable
    assert sandbox.made[0].closed


@pytest.mark.parametrize(
    "script",
    [
        "time.sleep(60)",
        "sys.exit()",
        "control.send(b'x' * 60_000)\ntime.sleep(60)",
        "say({'id': 'guessed'}, value={'status': 0, 'damage': ''})\ntime.sleep(60)",
    ],
)
def test_silence_or_a_forgery_after_a_lab_costs_the_wall(
    keeps: Keeps, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """It is waited for with a clock, and what answers no request is no answer."""
    monkeypatch.setattr(module, "SETTLE", 0.3)
    sandbox = Bare(f"{ONE_LAB}{script}\n")
    keeper = keeps(sandbox)
    guest = keeper.open({}, LIMITS)
    guest.ready()
    begun = time.monotonic()
    guest.close()
    assert time.monotonic() - begun < 5
    assert sandbox.made[0].closed


def test_a_process_left_over_costs_the_wall(
    keeps: Keeps, sandbox: Bare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host looks for itself, whatever the keeper says."""
    monkeypatch.setattr(module, "VANISH", 0.1)
    keeper = keeps(sandbox)
    guest = keeper.open({}, LIMITS)
    guest.ready()
    sandbox.made[0].others = {1}
    guest.close()
    assert not keeper.usable
    assert keeper.damage == keeper.lost == "a process of its lab is left"
    assert sandbox.made[0].closed


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "print('who printed')\nsay(start, ok=False, error='no jars')",
            "the inspector did not start: no jars\nwho printed",
        ),
        ("sys.exit('lost')", "the inspector did not start: its first process has ended\nlost"),
        (
            "control.send(b'\\x00' * 60_000)",
            "the inspector did not start: no sensible answer: "
            "the answer is not valid JSON (JSONDecodeError)",
        ),
    ],
)
def test_a_keeper_that_does_not_start_is_a_fault(keeps: Keeps, script: str, message: str) -> None:
    """Why, and what it printed."""
    sandbox = Bare(script)
    keeper = keeps(sandbox)
    with pytest.raises(SandboxFault) as caught:
        keeper.ready()
    assert str(caught.value) == message
    assert sandbox.made[0].closed
    assert not keeper.usable


def test_a_limit_reached_by_engines_is_why_they_did_not_start(keeps: Keeps) -> None:
    """The lab's budget is too small for what it asks for."""
    sandbox = Bare("sys.exit()")
    keeper = keeps(sandbox)
    sandbox.made[0].told = "memory: 64 MiB reached"
    with pytest.raises(SandboxFault, match=r"did not start: memory: 64 MiB reached"):
        keeper.ready()


def test_a_slow_start_ends_with_its_time(keeps: Keeps, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time counts from when it was put up, however late it is asked for."""
    sandbox = Bare("time.sleep(60)")
    keeper = keeps(sandbox, limits=Limits(start=0.0))
    monkeypatch.setattr(sandbox.made[0], "printed", lambda: "")
    begun = time.monotonic()
    with pytest.raises(SandboxFault, match=r"no answer within 1 s"):
        keeper.ready()
    assert time.monotonic() - begun < 4


@pytest.mark.parametrize("script", ["time.sleep(60)", "sys.exit()", "say(hear()[0], ok=False)"])
def test_a_lab_that_cannot_be_begun_is_a_fault(
    keeps: Keeps, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """No descriptor is left open, and the wall goes."""
    monkeypatch.setattr(module, "OPEN", 0.3)
    sandbox = Bare(f"{READY}warmed()\n{script}\n")
    keeper = keeps(sandbox)
    with pytest.raises(SandboxFault, match="the inspector cannot begin a lab"):
        keeper.open({}, LIMITS)
    assert sandbox.made[0].closed


def test_a_failed_try_counts_as_a_lab(keeps: Keeps, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second lab that cannot be begun may be the first one's doing: it deserves another wall."""
    monkeypatch.setattr(module, "OPEN", 0.3)
    sandbox = Bare(
        f"{ONE_LAB}request, _ = hear()\nsay(request, value={{'status': 0, 'damage': ''}})\n"
        "warmed()\ntime.sleep(60)\n"
    )
    keeper = keeps(sandbox)
    guest = keeper.open({}, LIMITS)
    guest.ready()
    guest.close()
    assert keeper.usable
    assert keeper.fresh
    with pytest.raises(SandboxFault):
        keeper.open({}, LIMITS)
    assert not keeper.fresh


def test_what_a_lab_wants_is_started_first(keeps: Keeps) -> None:
    """Each thing that was started is told once, and makes the lab's start a cold one."""
    again = "request, _ = hear()\nsay(request, value={'status': 0, 'damage': ''})\n"
    sandbox = Bare(
        f"{READY}ahead, _ = hear()\nsay(ahead, value=['java'])\n"
        "assert ahead['lab'] == {'runtime': ['spark'], 'file': ''}, ahead\n"
        "wanted, _ = hear()\nsay(wanted, value=['imports: spark'])\n"
        "assert wanted['lab'] == {'runtime': ['spark'], 'file': 'labs/a.py'}, wanted\n"
        "request, fds = hear()\nassert request['lab'] == wanted['lab']\nsay(request)\n"
        'os.read(fds[0], 1 << 16)\nos.write(fds[1], b\'{"id": "start", "ok": true}\\n\')\n'
        f"shut(fds)\n{again}shut(opened())\n{again}time.sleep(60)\n"
    )
    started: list[str] = []
    keeper = keeps(sandbox, started.append)
    keeper.warm({"runtime": ["spark"], "file": ""})
    wanted = {"runtime": ["spark"], "file": "labs/a.py"}
    for cold in (True, False):
        guest = keeper.open(wanted, LIMITS)
        guest.ready()
        guest.close()
        assert keeper.usable
        assert (keeper.cold, started) == (cold, ["java", "imports: spark"])


@pytest.mark.parametrize("first", [True, False])
def test_what_cannot_be_started_is_told(keeps: Keeps, first: bool) -> None:
    """With what the wall has printed; of a later lab it is no failure to start."""
    again = "" if first else f"{ONE_LAB}say(hear()[0], value={{'status': 0, 'damage': ''}})\n"
    fails = "print('who printed')\nsay(hear()[0], ok=False, error='no jars')\n"
    sandbox = Bare(f"{READY if first else ''}{again}{fails}")
    keeper = keeps(sandbox)
    if not first:
        guest = keeper.open({}, LIMITS)
        guest.ready()
        guest.close()
    failure = "did not start" if first else "cannot begin a lab"
    with pytest.raises(SandboxFault) as caught:
        keeper.open({}, LIMITS)
    assert str(caught.value) == f"the inspector {failure}: no jars\nwho printed"
    assert keeper.lost == f"the inspector {failure}: no jars"
    assert sandbox.made[0].closed


def test_settings_that_are_no_data_leave_nothing_open(keeps: Keeps, sandbox: Bare) -> None:
    """The error is the caller's, and the wall that is in the middle of a lab goes."""
    keeper = keeps(sandbox)
    with pytest.raises(TypeError):
        keeper.open({"data": object()}, LIMITS)
    assert sandbox.made[0].closed


def test_a_keeper_learns_where_its_mounts_really_are(keeps: Keeps, tmp_path: Path) -> None:
    """Also within lists; other texts stay."""
    sandbox = Bare(
        "say(start, ok=False, error=json.dumps([start['jars'], start['x'], start['o']]))"
    )
    keeper = keeps(
        sandbox,
        mounts=[Mount(tmp_path / "a.jar", "/run/jars/a.jar")],
        settings={"jars": ["/run/jars/a.jar"], "x": "/run/jars/a.jar", "o": "/run/other"},
    )
    told = f'[["{tmp_path}/a.jar"], "{tmp_path}/a.jar", "/run/other"]'
    with pytest.raises(SandboxFault) as caught:
        keeper.ready()
    assert told in str(caught.value)


def test_a_keeper_may_end_in_its_own_time(keeps: Keeps) -> None:
    """It says so when it is done; one that does not is a fault."""
    keeper = keeps(Bare(f"{READY}say(hear()[0])\nhear()\ntime.sleep(60)\n"))
    keeper.ready()
    keeper.finish(5)
    with pytest.raises(SandboxFault, match=r"no answer within 0\.2 s"):
        keeper.finish(0.2)


def test_nothing_is_asked_of_an_ended_keeper(keeps: Keeps, sandbox: Bare) -> None:
    """Closing again does nothing; asking is a fault with a reason."""
    keeper = keeps(sandbox)
    keeper.ready()
    keeper.close()
    keeper.close()
    with pytest.raises(SandboxFault, match="it was ended"):
        keeper.finish(1)
    with pytest.raises(SandboxFault, match="cannot begin a lab"):
        keeper.open({}, LIMITS)


def test_a_wall_that_cannot_be_put_up_leaves_nothing_open(tmp_path: Path) -> None:
    """The control line is closed at both ends."""

    class Refuses(Bare):
        """No walls here."""

        def launch(self, *_: Any) -> Any:
            raise SandboxFault("no walls here")

    before = open_files()
    with pytest.raises(SandboxFault, match="no walls here"):
        Keeper(Refuses(), plan(tmp_path))
    assert open_files() == before


def test_who_waits_meets_the_end_of_what_another_thread_kills(keeps: Keeps) -> None:
    """At once, and as an end that is no time limit; what was open is closed by who works."""
    keeper = keeps(Bare(f"{READY}opened()\nimport time\ntime.sleep(60)\n"))
    guest = keeper.open({}, LIMITS)
    killer = threading.Timer(0.3, keeper.kill)
    begun = time.monotonic()
    killer.start()
    with pytest.raises(StudentError) as caught:
        guest.ask("run", 30)
    killer.join()
    assert caught.value.kind == "ended"
    assert time.monotonic() - begun < 10
    assert not keeper.usable
