"""Prove a wall: a lab tries what must fail, and does what must work.

Each probe is a pair: something that must be possible, without which a refusal means nothing, and
something that must be refused. The doctor runs them on the machine's best tier, the tests on all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
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
from grader.sandbox.interface import Limits, Sandbox

#: What the lab that probes defines; it is text, for it runs inside.
ATTEMPTS = Path(__file__).with_name("attempts.txt")
_REFUSED = ("FileNotFoundError", "PermissionError", "NotADirectoryError")


@dataclass(frozen=True, slots=True)
class Ground:
    """Where probes are made: the lab inside, and what lies outside for it to reach."""

    lab: Lab
    canaries: Canaries

    def tries(self, attempt: str, *args: object) -> str:
        """What came of an attempt inside: `ok`, or the error's name."""
        return self.lab.call(attempt, *args, returns=str)


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
        yield Ground(Lab(session, {}), canaries)
