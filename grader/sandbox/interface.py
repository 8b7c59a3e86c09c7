"""What a sandbox is to the rest of the grader: a role to launch, and a guest to talk to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

#: `runner` executes the student's file, `inspector` reads what it left behind, `scorer` loads
#: a student's model; `migrator` makes the empty store that labs begin with. Each is a process of
#: its own with its own view of the file system.
RoleName = Literal["runner", "inspector", "scorer", "migrator"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a guest may use. Seconds are counted by the host, outside the wall.

    `processes` counts threads: Spark's cached pools grow to some 500 over a lab's work.
    """

    start: float = 90.0
    processes: int = 1536
    files: int = 4096
    file_bytes: int = 256 << 20
    output_bytes: int = 256 << 10
    memory_bytes: int = 4096 << 20


@dataclass(frozen=True, slots=True)
class Mount:
    """A host folder or file that the guest sees at `inside`."""

    outside: Path
    inside: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Role:
    """Everything that is needed to launch a guest."""

    name: RoleName
    mounts: Sequence[Mount]
    settings: Mapping[str, Any] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)


class Guest(Protocol):
    """A running guest."""

    def ready(self) -> None:
        """Wait until the guest's engines have started.

        Raises:
            SandboxFault: they did not.
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
        """End every process of the guest. May be called again."""
        ...


class Sandbox(Protocol):
    """A way to launch guests."""

    @property
    def tier(self) -> str:
        """The tier's name, printed in every report."""
        ...

    def launch(self, role: Role) -> Guest:
        """Start a guest; it gets ready while the host goes on.

        Raises:
            SandboxFault: it could not be started.
        """
        ...
