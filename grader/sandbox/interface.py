"""What a sandbox is to the rest of the grader.

- Sandbox: a tier, a way to put up a wall on this machine
- Enclosure: one wall with the processes inside, and what they may use
- Keeper: our own first process inside, which forks a guest for each lab (`keeper.py`)
- Guest: a lab's process inside, to talk to
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

#: `runner` executes the student's file, `inspector` reads what it left behind, `scorer` loads
#: a student's model; `migrator` makes the empty store that labs begin with. Each has a wall of
#: its own with its own view of the file system.
RoleName = Literal["runner", "inspector", "scorer", "migrator"]
#: What separates a guest from the machine, the strongest first.
Tier = Literal["full", "bwrap", "landlock", "none"]
TIERS: tuple[Tier, ...] = ("full", "bwrap", "landlock", "none")
#: Beside the labs' workspaces, a link to that of the lab that runs. No lab has such an id.
CURRENT = ".current"


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be used behind one wall. Seconds are counted by the host, outside of it.

    `cpu` are seconds of processor time of a lab, from when it is ready. `processes` counts
    threads: Spark's cached pools grow to some 500 over a lab's work. `memory_bytes` is that of
    all processes together, `disk_bytes` and `disk_files` what they leave in their workspace.
    """

    start: float = 180.0
    cpu: float = 300.0
    processes: int = 1536
    files: int = 4096
    disk_bytes: int = 1 << 30
    disk_files: int = 20_000
    output_bytes: int = 256 << 10
    memory_bytes: int = 4096 << 20


def most_processes(limits: Limits) -> int:
    """Processes at which a user id can make no more: whoever limits the whole wall speaks first."""
    return limits.processes * 2 + 256


def most_data(limits: Limits) -> int:
    """Bytes at which one process gets no more. The stacks of threads count, used or not."""
    return limits.memory_bytes * 2 + (512 << 20)


@dataclass(frozen=True, slots=True)
class Mount:
    """A host folder or file that is seen at `inside`."""

    outside: Path
    inside: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """Folders of one submission on the host. See `grader.labs.station`."""

    submission: Path
    labs: Path
    lab_ids: tuple[str, ...]
    owner: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is needed to put up a wall. `mounts` are files and folders beside the
    layout's that are read, such as jars; `workspace_writable` is for the runner."""

    role: RoleName
    layout: Layout
    workspace_writable: bool = False
    mounts: Sequence[Mount] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)


class Enclosure(Protocol):
    """One wall that is up. Closing it ends everything inside."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Where the processes inside find things: `workspace`, `submission`, `tmp`. If their
        user is not theirs alone, also how many `others` it has."""
        ...

    @property
    def pids(self) -> set[int]:
        """All processes inside, as the host numbers them."""
        ...

    def path_of(self, mount: Mount) -> str:
        """Where the processes inside find `mount`."""
        ...

    def begin(self, limits: Limits) -> None:
        """From now on `limits` hold, and processor time counts.

        Raises:
            SandboxFault: more is in use already.
        """
        ...

    def ran_out(self) -> str:
        """The limit that ended it, `memory: 1.5 GiB reached`, or nothing."""
        ...

    def cpu_seconds(self) -> float:
        """Seconds of processors that all processes inside have used since it is up."""
        ...

    def printed(self) -> str:
        """What was printed before any lab began."""
        ...

    @property
    def alive(self) -> bool:
        """Whether its first process runs."""
        ...

    def kill(self) -> None:
        """End every process inside, from whatever thread and at any time."""
        ...

    def close(self) -> None:
        """End every process inside and give back what held them. May be called again."""
        ...


class Sandbox(Protocol):
    """A way to put up walls."""

    @property
    def tier(self) -> Tier:
        """The tier's name, printed in every report."""
        ...

    def owner(self) -> int:
        """A user id for the folders of one submission: nobody else's, where that can be had."""
        ...

    def launch(self, plan: Plan, control: int) -> Enclosure:
        """Put up a wall with a keeper inside that gets the socket `control`.

        Raises:
            SandboxFault: it could not be put up.
        """
        ...


class Guest(Protocol):
    """A running lab."""

    def ready(self) -> None:
        """Wait until it can take requests.

        Raises:
            SandboxFault: it cannot.
        """
        ...

    def ask(self, op: str, timeout: float, **fields: Any) -> Any:
        """Send one request and return the value of its reply.

        Raises:
            StudentError: the guest's code raised, hung, ended, or answered nonsense.
            SandboxFault: the guest was never ready.
        """
        ...

    @property
    def output(self) -> str:
        """What was printed so far, cut at the limit; unclean."""
        ...

    def close(self) -> None:
        """Let it go. May be called again."""
        ...
