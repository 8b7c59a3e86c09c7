"""Prove a wall: a lab tries what must fail, and does what must work.

Each probe is a pair: something that must be possible, without which a refusal means nothing, and
something that must be refused. The doctor runs them on the machine's best tier, the tests on all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

from grader.core.model import LabSpec
from grader.errors import SandboxFault
from grader.labs import canary
from grader.labs.canary import Canaries
from grader.labs.lab import Lab
from grader.labs.load import LoadedLab
from grader.labs.promises import PROMISES
from grader.labs.session import LabSession
from grader.labs.station import Engines, Station
from grader.sandbox.enclosure import guest_environment
from grader.sandbox.interface import Limits, Sandbox, Tier

#: What the lab that probes defines. It is never imported here: it runs inside.
ATTEMPTS = Path(str(files("grader"))) / "guest" / "attempts.py"
#: Variables and devices that a lab may find.
VARIABLES = {*guest_environment(""), "LC_CTYPE", "PWD", "TMPDIR"}
VARIABLES |= {"PYSPARK_DRIVER_PYTHON", "PYSPARK_PYTHON", "PYTHONSAFEPATH"}
DEVICES = {"null", "zero", "full", "random", "urandom", "tty", "ptmx"}


@dataclass(frozen=True, slots=True)
class Ground:
    """Where probes are made: the lab inside, and what lies outside for it to reach."""

    tier: Tier
    lab: Lab
    canaries: Canaries
    #: The lab's own file and folder, as it finds them.
    own: str
    workspace: str

    def tries(self, attempt: str, *args: object) -> str:
        """What came of an attempt inside: `ok`, or the error's name."""
        plain = [str(a) if isinstance(a, Path) else a for a in args]
        return self.lab.call(attempt, *plain, returns=str)


@contextmanager
def ground(sandbox: Sandbox) -> Iterator[Ground]:
    """Put up a wall with the probing lab inside, and canaries outside.

    Raises:
        SandboxFault: the lab could not be begun, or stopped.
    """
    engines = Engines(Path("/nowhere"), (), None)
    spec = LabSpec("probe", "Probe", "", ("",), Fraction(1), "", ())
    with ExitStack() as stack:
        other = Station(sandbox, engines, ["probe"], [], Limits())
        stack.callback(other.close)
        canaries = stack.enter_context(canary.laid_out(other))
        mine = Station(sandbox, engines, ["probe"], [], Limits())
        stack.callback(mine.close)
        file = mine.home / "submission" / "probe.py"
        file.write_bytes(ATTEMPTS.read_bytes())
        file.chmod(0o644)
        session = LabSession(LoadedLab(spec, file.parent, {}, None), file.name, mine, "")
        stack.callback(session.close)
        session.run()
        if session.stopped:
            raise SandboxFault(f"the probe stopped: {session.stopped}")
        lab = Lab(session, {})
        place: dict[str, str] = {
            name: lab.value(name, returns=str) for name in ("FILE", "WORKSPACE")
        }
        yield Ground(sandbox.tier, lab, canaries, place["FILE"], place["WORKSPACE"])


def holes(sandbox: Sandbox) -> dict[str, str]:
    """What the tier of `sandbox` promises and does not keep here: promises to complaints.

    Raises:
        SandboxFault: no lab could be begun.
    """
    with ground(sandbox) as found:
        told = {
            name: probe(found)
            for name, probe in PROBES.items()
            if PROMISES[name].holds(sandbox.tier)
        }
    return {name: complaint for name, complaint in told.items() if complaint}


def _pairs(*, allowed: dict[str, str], refused: dict[str, str]) -> str:
    """What of the attempts did not come out as it should, or nothing."""
    wrong = [f"{what} does not work ({got})" for what, got in allowed.items() if got != "ok"]
    wrong += [f"{what} works" for what, got in refused.items() if got == "ok"]
    return "; ".join(wrong)


def _files(at: Ground) -> str:
    secret = at.canaries.file
    return _pairs(
        allowed={"reading its own file": at.tries("read", at.own)},
        refused={
            "reading a file of the machine": at.tries("read", secret),
            "listing a folder of the machine": at.tries("listed", secret.parent),
            "reading /etc/shadow": at.tries("read", "/etc/shadow"),
            "reading the grader": at.tries("read", __file__),
        },
    )


def _others(at: Ground) -> str:
    return _pairs(
        allowed={"reading its own file": at.tries("read", at.own)},
        refused={f"reading {p.name} of another": at.tries("read", p) for p in at.canaries.theirs},
    )


def _names(at: Ground) -> str:
    return _pairs(
        allowed={"asking about its own file": at.tries("told", at.own)},
        refused={"asking about a file": at.tries("told", at.canaries.file)},
    )


def _readonly(at: Ground) -> str:
    drop = at.canaries.drop / "here"
    home, python = Path.home() / "here", Path(sys.prefix) / "here"
    places = (at.own, "/here", "/usr/here", "/etc/here", "/dev/here", drop, home, python)
    mine = (f"{at.workspace}/here", f"{at.workspace}/inputs/here")
    return _pairs(
        allowed={f"writing {p}": at.tries("write", p) for p in mine},
        refused={
            **{f"writing {p}": at.tries("write", p) for p in places},
            "changing a file of the machine": at.tries("change", at.canaries.file),
            "changing /dev/shm of the machine": at.tries("change", at.canaries.shared),
            "removing a file of the machine": at.tries("remove", at.canaries.file),
        },
    )


def _modes(at: Ground) -> str:
    file = at.canaries.kept
    before = file.stat().st_mode
    return _pairs(
        allowed={"trying it": at.tries("open_up", file)},
        refused={"changing a mode": "ok" if file.stat().st_mode != before else ""},
    )


def _environment(at: Ground) -> str:
    found: set[str] = set(at.lab.call("variables", returns=list[str])) - VARIABLES
    return _pairs(
        allowed={"reading its own": at.tries("read", "/proc/self/environ")},
        refused={
            "finding another's": at.tries("environment_of", at.canaries.word),
            f"seeing {', '.join(sorted(found))}": "ok" if found else "",
        },
    )


def _processes(at: Ground) -> str:
    return _pairs(
        allowed={"starting one": at.tries("own_child")},
        refused={"finding another's": at.tries("command_of", at.canaries.word)},
    )


def _services(at: Ground) -> str:
    if at.tier == "landlock":
        return _pairs(allowed={}, refused={"a fixed port": at.tries("tcp", at.canaries.fixed)})
    ports = (at.canaries.fixed, at.canaries.temporary)
    return _pairs(allowed={}, refused={f"port {p}": at.tries("tcp", p) for p in ports})


def _packets(at: Ground) -> str:
    return _pairs(allowed={}, refused={"sending one": at.tries("udp", at.canaries.udp)})


def _local_sockets(at: Ground) -> str:
    names = at.canaries.sockets
    return _pairs(allowed={}, refused={f"connecting to {n}": at.tries("unix", n) for n in names})


def _loopback(at: Ground) -> str:
    return _pairs(allowed={"connecting to itself": at.tries("loopback")}, refused={})


def _rights(at: Ground) -> str:
    def line(name: str) -> str:
        return at.lab.call("status", name, returns=str)

    sets = ("CapInh", "CapPrm", "CapEff", "CapAmb")
    return _pairs(
        allowed={"giving up new rights": "ok" if line("NoNewPrivs") == "1" else "not so"},
        refused={
            "being root": "ok" if 0 in at.lab.call("identities", returns=list[int]) else "",
            "becoming root": at.tries("become_root"),
            **{f"having {name}": "ok" if int(line(name), 16) else "" for name in sets},
        },
    )


def _namespaces(at: Ground) -> str:
    return _pairs(
        allowed={},
        refused={"a namespace": at.tries("namespace"), "a mount": at.tries("mount")},
    )


def _tracing(at: Ground) -> str:
    other, word = at.canaries.pid, at.canaries.word
    keeper: int = at.lab.call("parent", returns=int)
    return _pairs(
        allowed={},
        refused={
            "tracing another": at.tries("trace", other, word),
            "reading another's memory": at.tries("peek", other, word),
            "tracing its keeper": at.tries("trace", keeper, ""),
            "reading its keeper's memory": at.tries("peek", keeper, ""),
        },
    )


def _signals(at: Ground) -> str:
    return _pairs(
        allowed={"killing its own": at.tries("own_child")},
        refused={"reaching another": at.tries("send_signal", at.canaries.pid, at.canaries.word)},
    )


def _kernel(at: Ground) -> str:
    names = ("keyctl", "add_key", "bpf", "perf_event_open", "io_uring_setup", "userfaultfd")
    return _pairs(
        allowed={"asking for its id": at.tries("rare_call", "getpid")},
        refused={name: at.tries("rare_call", name) for name in names},
    )


def _shared_memory(at: Ground) -> str:
    return _pairs(
        allowed={},
        refused={
            "System V memory": at.tries("shared_memory", at.canaries.key),
            "a file in /dev/shm": at.tries("read", at.canaries.shared),
        },
    )


def _devices(at: Ground) -> str:
    found: set[str] = set(at.lab.call("devices", returns=list[str]))
    more = found - DEVICES
    return _pairs(
        allowed={"opening null": "ok" if "null" in found else "not there"},
        refused={f"opening {', '.join(sorted(more))}": "ok" if more else ""},
    )


#: Promises that attempts can prove, and how; an empty answer is a promise kept.
PROBES: dict[str, Callable[[Ground], str]] = {
    "files": _files,
    "others": _others,
    "names": _names,
    "readonly": _readonly,
    "modes": _modes,
    "environment": _environment,
    "processes": _processes,
    "services": _services,
    "packets": _packets,
    "local sockets": _local_sockets,
    "loopback": _loopback,
    "rights": _rights,
    "namespaces": _namespaces,
    "tracing": _tracing,
    "signals": _signals,
    "kernel": _kernel,
    "shared memory": _shared_memory,
    "devices": _devices,
}
