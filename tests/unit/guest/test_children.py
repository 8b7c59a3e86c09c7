"""`grader.guest.children`: the end of a lab's process, and of whatever it left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from grader.guest import children
from tests.builders import ROOT


def started(code: str) -> subprocess.Popen[bytes]:
    """A child of ours that runs `code`."""
    return subprocess.Popen([sys.executable, "-I", "-S", "-c", code])


@pytest.mark.parametrize(
    ("code", "status"),
    [("", 0), ("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 15)", -15)],
)
def test_the_exit_status_is_told(code: str, status: int) -> None:
    """A signal's is negative."""
    process = started(code)
    assert children.end(process.pid, 10) == status
    process.wait()  # it learns that it is buried


def test_who_does_not_end_is_killed() -> None:
    """After some patience, and not before; being stopped does not help."""
    process = started("import time; time.sleep(60)")
    os.kill(process.pid, signal.SIGSTOP)
    begun = time.monotonic()
    assert children.end(process.pid, 0.2) == -signal.SIGKILL
    assert 0.2 <= time.monotonic() - begun < 5
    process.wait()


def test_who_is_buried_already_has_ended() -> None:
    """The clearing before may have met it."""
    process = started("")
    process.wait()
    assert children.end(process.pid, 1) == 0


def test_descendants_are_found_at_any_depth() -> None:
    """Children of children too; not the process itself, nor its siblings."""
    code = "import os\nos.fork() or os.fork()\nimport time\ntime.sleep(60)"
    process, sibling = started(code), started("import time; time.sleep(60)")
    try:
        end = time.monotonic() + 10
        while len(children.descendants(process.pid)) < 2 and time.monotonic() < end:
            time.sleep(0.01)
        found = children.descendants(process.pid)
        assert len(found) == 2
        assert not found & {process.pid, sibling.pid, os.getpid()}
    finally:
        for pid in (*children.descendants(process.pid), process.pid, sibling.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait()
        sibling.wait()


#: A keeper that keeps one child, and whose lab left a daemon, one that is stopped, one that ends
#: while it is looked for, and one that goes on to fork, at most 200 times.
KEEPER = """
import ctypes, json, os, signal, sys, time
sys.path.insert(0, sys.argv[1])
from grader.guest import children
ctypes.CDLL(None).prctl(36, 1)
def child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    return pid
def daemon():
    os.setsid()
    child(lambda: time.sleep(60))
def restless():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for _ in range(200):
        if child(lambda: time.sleep(0.001)) and os.fork():
            os._exit(0)
kept = child(lambda: time.sleep(60))
child(daemon)
os.kill(child(lambda: time.sleep(60)), signal.SIGSTOP)
child(lambda: None)
child(restless)
time.sleep(0.05)
left = children.clear({kept})
below = children.descendants(os.getpid())
alive = os.waitpid(kept, os.WNOHANG) == (0, 0)
again = children.clear(set())
nobody = not children.descendants(os.getpid())
print(json.dumps([left, list(below) == [kept], alive, again, nobody]))
"""


def test_everything_but_what_is_kept_is_cleared_away() -> None:
    """Daemons, the stopped, and who forks faster than one reads; then the kept one, too."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", KEEPER, str(ROOT)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert json.loads(done.stdout) == [0, True, True, 0, True]


def test_what_cannot_be_cleared_away_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """After some seconds, in which it is tried again and again."""
    monkeypatch.setattr(children, "SECONDS", 0.1)
    monkeypatch.setattr(children, "descendants", lambda _: {1 << 22, 5})
    monkeypatch.setattr(children, "_bury", lambda _: None)
    tried: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, _: tried.append(pid))
    assert children.clear({5}) == 1
    assert set(tried) == {1 << 22}
    assert len(tried) > 2
