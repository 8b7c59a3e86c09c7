"""What a guest can and cannot do. No engine is started: these take milliseconds each."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import closing

import pytest

from grader.core.model import Budgets
from grader.errors import StudentError
from grader.labs.lab import Lab
from tests.engine.conftest import Runs

pytestmark = pytest.mark.engine

PROBE = """
import os, socket
from pathlib import Path

def attempt(action):
    try:
        return repr(action())
    except BaseException as error:
        return type(error).__name__

def read(path):
    return attempt(lambda: Path(path).read_text())

def write(path):
    return attempt(lambda: Path(path).write_text("x"))

def tcp(host, port):
    return attempt(lambda: socket.create_connection((host, port), 1) and "connected")

def interfaces():
    return [name for _, name in socket.if_nameindex()]

def own_loopback():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return tcp("127.0.0.1", server.getsockname()[1])

def ids():
    return list(os.getresuid() + os.getresgid()) + os.getgroups()

def status(name):
    return next(l.split(":")[1].strip() for l in open("/proc/self/status") if l.startswith(name))

def environment():
    return sorted(os.environ)

def processes():
    return sum(p.isdigit() for p in os.listdir("/proc"))
"""


@pytest.fixture(scope="module")
def lab(runs: Runs) -> Lab:
    """A lab that probes its surroundings."""
    session = runs(PROBE)
    assert session.stopped == ""
    return Lab(session, {})


def test_host_files_are_not_there(lab: Lab, tmp_path: os.PathLike[str]) -> None:
    """Neither secrets of the system nor of the user nor this test exist inside."""
    for path in ("/etc/shadow", "/root/.bashrc", os.fspath(tmp_path), __file__):
        assert lab.call("read", path, returns=str) in ("FileNotFoundError", "PermissionError")


def test_only_the_workspace_is_writable(lab: Lab) -> None:
    """The workspace and /tmp take files; the rest refuses."""
    assert lab.call("write", "/workspace/x", returns=str) == "1"
    assert lab.call("write", "/tmp/x", returns=str) == "1"
    for path in ("/submission/labs/probe.py", "/x", "/usr/x", "/dev/x", "/run/x", "/etc/passwd"):
        assert lab.call("write", path, returns=str) in ("OSError", "PermissionError"), path


def test_there_is_no_network_but_its_own_loopback(lab: Lab) -> None:
    """A listener on the host's loopback is out of reach; the guest's own loopback works."""
    with closing(socket.create_server(("127.0.0.1", 0))) as canary:
        port = canary.getsockname()[1]
        assert lab.call("tcp", "127.0.0.1", port, returns=str) == "ConnectionRefusedError"
        canary.settimeout(0.1)
        with pytest.raises(TimeoutError):
            canary.accept()
    assert lab.call("interfaces", returns=list[str]) == ["lo"]
    assert lab.call("own_loopback", returns=str) == "'connected'"


def test_no_privilege_is_left(lab: Lab) -> None:
    """Not root, no groups, no capabilities, none to be gained."""
    assert 0 not in lab.call("ids", returns=list[int])
    for name in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb"):
        if name == "CapBnd" and os.geteuid() != 0:
            continue  # a user namespace's bounding set grants nothing without new privileges
        assert int(lab.call("status", name, returns=str), 16) == 0, name
    assert lab.call("status", "NoNewPrivs", returns=str) == "1"


def test_the_environment_and_processes_are_its_own(lab: Lab) -> None:
    """No variable of the host's, no process of the host's."""
    assert set(lab.call("environment", returns=list[str])) <= {
        "HOME",
        "LANG",
        "PATH",
        "PWD",
        "TMPDIR",
        "LC_CTYPE",
    }
    assert lab.call("processes", returns=int) <= 3
    assert lab.call("read", f"/proc/{os.getpid()}/environ", returns=str) == "FileNotFoundError"
    first: str = lab.call("read", "/proc/1/environ", returns=str)
    assert first in ("PermissionError", "''") or "HOME" in first


def test_time_is_counted_outside(runs: Runs) -> None:
    """A call beyond its budget ends, whatever it does about signals and clocks."""
    text = (
        "import signal, time\n"
        "for s in range(1, 32):\n"
        "    try:\n        signal.signal(s, signal.SIG_IGN)\n    except OSError:\n        pass\n"
        "time.monotonic = time.time = lambda: 0\n"
        "def hang():\n    while True: time.sleep(1)\n"
    )
    session = runs(text, budgets=Budgets(run=20, call=1))
    begun = time.monotonic()
    with pytest.raises(StudentError, match="time: more than 1 s"):
        Lab(session, {}).call("hang", returns=object)
    assert time.monotonic() - begun < 15


def test_nothing_survives_a_session(runs: Runs) -> None:
    """A daemon dies with its lab."""
    tag = f"29.{os.getpid()}"
    text = (
        "import subprocess\n"
        f"subprocess.Popen(['sleep', '{tag}'], start_new_session=True)\n"
        "def ok():\n    return 1\n"
    )
    session = runs(text)
    assert Lab(session, {}).call("ok", returns=int) == 1
    assert _alive(tag)
    session.close()
    assert not _alive(tag)


def test_output_is_cut_not_waited_for(runs: Runs) -> None:
    """A flood of prints neither blocks the lab nor fills the grader."""
    text = "print('x' * 50_000_000)\ndef ok():\n    return 1\n"
    session = runs(text, budgets=Budgets(output=16))
    assert Lab(session, {}).call("ok", returns=int) == 1
    assert len(session.printed) < 20_000
    assert "cut:" in session.printed


def test_a_reply_that_is_too_large_is_an_error(runs: Runs) -> None:
    """A result of many MiB ends the request, not the grader."""
    session = runs("def big():\n    return 'x' * 30_000_000\n")
    with pytest.raises(StudentError, match="larger than"):
        Lab(session, {}).call("big", returns=str)


def test_the_inspector_sees_links_as_nothing(runs: Runs) -> None:
    """A link in the workspace leads nowhere outside the wall."""
    session = runs(
        "import os\n"
        "os.symlink('/etc/hostname', '/workspace/a.txt')\n"
        "os.mkfifo('/workspace/b.txt')\n"
        "open('/workspace/c.txt', 'w').write('plain')\n"
    )
    lab = Lab(session, {})
    assert lab.text("c.txt") == "plain"
    for name in ("a.txt", "b.txt", "../etc/passwd/x"):
        with pytest.raises(StudentError):
            assert lab.text(name) == "", name


def _alive(tag: str) -> bool:
    done = subprocess.run(["pgrep", "-f", f"sleep {tag}"], capture_output=True, check=False)
    return done.returncode == 0
