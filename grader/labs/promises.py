"""What each tier of the sandbox promises: one table for the doctor, the tests and the docs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.sandbox.interface import TIERS, Tier

#: In the order of `TIERS`: kept by all, by all but `none`, by those with a view of their own.
_ALL: tuple[Tier, ...] = TIERS
_WALLED: tuple[Tier, ...] = ("full", "bwrap", "landlock")
_OWN_VIEW: tuple[Tier, ...] = ("full", "bwrap")


@dataclass(frozen=True, slots=True)
class Promise:
    """`text` holds for the student's code on `tiers`; `instead` says what holds on others."""

    text: str
    tiers: tuple[Tier, ...]
    instead: Mapping[Tier, str] = field(default_factory=dict)

    def holds(self, tier: Tier) -> bool:
        """Whether there is something on a tier to hold to: the promise, or what is said instead."""
        return tier in self.tiers or tier in self.instead

    def told(self, tier: Tier) -> str:
        """What the docs say of a tier: `yes`, `no`, or what holds instead."""
        return "yes" if tier in self.tiers else self.instead.get(tier, "no")


PROMISES: dict[str, Promise] = {
    "files": Promise("cannot read files of the machine that a lab does not need", _WALLED),
    "others": Promise("cannot read other submissions, nor their labs' folders", _WALLED),
    "names": Promise("cannot tell which files exist", _OWN_VIEW),
    "readonly": Promise("can write in its folders, and nowhere else", _WALLED),
    "modes": Promise("cannot change modes or owners of the machine's files", _WALLED),
    "environment": Promise("cannot read the environment of the grader or of others", _WALLED),
    "processes": Promise("cannot see processes of the machine", _OWN_VIEW),
    "services": Promise(
        "cannot connect by TCP to a service of the machine, or beyond it",
        _OWN_VIEW,
        {"landlock": "only to temporary ports"},
    ),
    "packets": Promise("cannot send UDP, so cannot ask for names", _WALLED),
    "local sockets": Promise("cannot connect to UNIX sockets of the machine", _WALLED),
    "loopback": Promise("can use its own loopback", _ALL),
    "rights": Promise("is not root, has no capabilities and gets none", _WALLED),
    "namespaces": Promise("cannot make namespaces or mounts", _WALLED),
    "tracing": Promise("cannot trace, or look into the memory of, other processes", _WALLED),
    "signals": Promise("cannot send signals to the grader or to others", _WALLED),
    "kernel": Promise("cannot use keyrings, io_uring, BPF, performance counters", _WALLED),
    "shared memory": Promise("shares no memory or queues with others", _WALLED),
    "devices": Promise("finds no device but null, zero, full and random numbers", _WALLED),
    "end": Promise("leaves no process behind, daemons included", _ALL),
    "memory": Promise("has limited memory, of all processes together", _ALL),
    "tasks": Promise("has a limited number of processes and threads", _ALL),
    "cpu": Promise("has limited processor time, of all processes together", _ALL),
    "disk": Promise("has limited room on disk, temporary files included", _ALL),
    "entries": Promise("has a limited number of files", _ALL),
    "time": Promise("has limited time by the clock", _ALL),
    "output": Promise("has its printed output cut", _ALL),
    "killed": Promise("ends with the grader, also when that is killed", _ALL),
}


def table() -> list[str]:
    """The table of `docs/security.md`, as lines of Markdown."""
    lines = [f"| the student's code | {' | '.join(f'`{t}`' for t in TIERS)} |"]
    lines.append(f"|---|{'---|' * len(TIERS)}")
    for promise in PROMISES.values():
        lines.append(f"| {promise.text} | {' | '.join(promise.told(t) for t in TIERS)} |")
    return lines
