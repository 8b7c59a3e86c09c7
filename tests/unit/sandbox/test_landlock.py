"""`grader.sandbox.landlock`: what a restricted process may still do."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from grader.sandbox import landlock

pytestmark = pytest.mark.skipif(landlock.abi() == 0, reason="this kernel has no Landlock")

#: Restricts itself, then tries what it is told to, and prints what became of it.
PROBES = r"""
import errno, json, os, signal, socket, stat, sys
sys.path.append(sys.argv[1])
import landlock
told, rules, attempts = {}, json.loads(sys.argv[2]), json.loads(sys.argv[3])
def connect(port, family=socket.AF_INET, host="127.0.0.1"):
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.connect((host, port))
def listen(port):
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(("127.0.0.1", port))
        one.listen()
def abstract(name):
    with socket.socket(socket.AF_UNIX) as one:
        one.connect("\0" + name)
def write(path):
    with open(path, "w") as file:
        file.write("x")
def read(path):
    with open(path) as file:
        file.read()
does = {
    "connect": connect, "listen": listen, "abstract": abstract, "write": write, "read": read,
    "list": os.listdir, "make": os.mkdir, "remove": os.unlink, "truncate":
    lambda path: os.truncate(path, 0), "move": lambda pair: os.rename(*pair),
    "device": lambda path: os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3)),
    "signal": lambda pid: os.kill(pid, 0), "run": lambda path: os.waitpid(
        os.posix_spawn(path, [path], {}), 0),
}
landlock.restrict(rules["read"], rules["write"], tcp=rules.get("tcp"))
for what, argument in attempts:
    try:
        does[what](argument)
        told = "done"
    except OSError as error:
        told = errno.errorcode[error.errno]
    print(told)
"""
SYSTEM = ["/usr", "/lib", "/lib64", "/bin", sys.base_prefix, sys.prefix, "/nowhere/at/all"]


def attempt(rules: dict[str, Any], *attempts: tuple[str, object]) -> list[str]:
    """What becomes of each attempt in a process that has restricted itself."""
    done = restricted(rules, *attempts)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def restricted(
    rules: dict[str, Any], *attempts: tuple[str, object]
) -> subprocess.CompletedProcess[str]:
    """Such a process, at its end."""
    rules = {"write": [], **rules, "read": [*SYSTEM, *rules.get("read", [])]}
    folder = str(Path(landlock.__file__).parent)
    return subprocess.run(
        [sys.executable, "-I", "-c", PROBES, folder, json.dumps(rules), json.dumps(attempts)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_only_what_is_listed_can_be_read(tmp_path: Path) -> None:
    """A canary beside the listed folder stays closed, also through a link."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "file").write_text("fine")
    canary = tmp_path / "canary"
    canary.write_text("secret")
    (tmp_path / "open" / "link").symlink_to(canary)
    assert attempt(
        {"read": [str(tmp_path / "open")]},
        ("list", str(tmp_path / "open")),
        ("read", str(tmp_path / "open" / "file")),
        ("read", str(canary)),
        ("read", str(tmp_path / "open" / "link")),
        ("read", "/etc/passwd"),
        ("list", str(tmp_path)),
        ("write", str(tmp_path / "open" / "file")),
        ("make", str(tmp_path / "open" / "new")),
        ("run", "/bin/true"),
    ) == ["done", "done", *["EACCES"] * 6, "done"]
    assert canary.read_text() == "secret"


@pytest.mark.skipif(landlock.abi() < 3, reason="this kernel's Landlock cannot move or truncate")
def test_everything_but_devices_goes_where_writing_is_allowed(tmp_path: Path) -> None:
    """Files are made, cut, moved and removed beneath a listed folder, and nowhere else."""
    inside = tmp_path / "inside"
    (inside / "a").mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.write_text("kept")
    assert attempt(
        {"write": [str(inside), "/dev/null"]},
        ("write", str(inside / "file")),
        ("truncate", str(inside / "file")),
        ("read", str(inside / "file")),
        ("move", [str(inside / "file"), str(inside / "a" / "file")]),
        ("remove", str(inside / "a" / "file")),
        ("write", "/dev/null"),
        ("device", str(inside / "device")),
        ("write", str(outside)),
        ("truncate", str(outside)),
        ("remove", str(outside)),
        ("write", str(tmp_path / "new")),
    ) == [*["done"] * 6, *["EACCES"] * 5]
    assert outside.read_text() == "kept"


@pytest.mark.skipif(landlock.abi() < 4, reason="this kernel's Landlock knows no ports")
def test_tcp_reaches_ephemeral_ports_only() -> None:
    """A service on a low port cannot be reached, nor one be made; a port of nobody's can."""
    first, last = landlock.ephemeral_ports()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert first <= port <= last
        assert (
            attempt(
                {"tcp": [first, last]},
                ("connect", port),
                ("listen", 0),
                ("listen", first + 1),
                ("connect", 53),
                ("connect", 80),
                ("connect", 443),
                ("connect", 5432),
                ("listen", 8080),
            )
            == ["done"] * 3 + ["EACCES"] * 5
        )
        # A range that the open port is not in: refused by rule, although somebody listens.
        assert attempt({"tcp": [1, 2]}, ("connect", port), ("listen", 0)) == ["EACCES", "done"]
        assert attempt({"tcp": None}, ("connect", port)) == ["done"]


@pytest.mark.skipif(landlock.abi() < landlock.SCOPE_ABI, reason="this kernel has no scopes")
def test_signals_and_abstract_sockets_stay_within() -> None:
    """Neither reaches a process that is not restricted with this one."""
    with (
        socket.socket(socket.AF_UNIX) as server,
        subprocess.Popen([sys.executable, "-I", "-S", "-c", "input()"], stdin=-1) as other,
    ):
        server.bind("\0grader-test-abstract")
        server.listen()
        assert attempt({}, ("signal", other.pid), ("abstract", "grader-test-abstract")) == [
            "EPERM",
            "EPERM",
        ]
        other.kill()


def test_a_path_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    """A missing path is skipped; whatever else is wrong with one is an error that names it."""
    (tmp_path / "file").touch()
    done = restricted({"read": [str(tmp_path / "file" / "beneath")]})
    assert done.stderr.splitlines()[-1].endswith(
        "Not a directory: " + repr(f"{tmp_path}/file/beneath")
    )


def test_the_ports_of_this_machine() -> None:
    """They are two numbers in order, whatever this machine's settings."""
    first, last = landlock.ephemeral_ports()
    assert 0 < first <= last < 65_536
