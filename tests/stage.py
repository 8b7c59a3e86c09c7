"""Run texts as labs, one after the other, on any tier: what engine and tier tests share."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from grader.core.model import Budgets, LabSpec
from grader.labs.engines import RUNTIME, prepare
from grader.labs.load import LoadedLab
from grader.labs.session import LabSession
from grader.labs.station import Engines, Station
from grader.labs.walls import Wanted, open_sandbox
from grader.sandbox.cgroups import Hierarchy
from grader.sandbox.interface import Limits, Sandbox, Tier

#: Where the tests of a tier run their labs if they need no engine.
NO_ENGINES = Engines(Path("/nowhere"), (), None)


def sandbox_of(tier: Tier) -> Sandbox:
    """The sandbox of `tier`. Raises `ProvisionError` where it does not work."""
    return open_sandbox(Wanted(tier, tier, trusted=tier == "none"))


def best_tier() -> Tier:
    """Return the strongest tier of bubblewrap's: with control groups, where they can be made."""
    return "full" if Hierarchy.find() else "bwrap"


def smoke_on_best(tier: Tier, *values: object) -> Any:
    """Return a parameter set for a test that is not deep on the best tier."""
    marks = (pytest.mark.smoke,) if tier == best_tier() else ()
    return pytest.param(tier, *values, marks=marks)


class Stage:
    """One submission whose labs are texts; a lab is closed when the next one begins."""

    def __init__(
        self,
        sandbox: Sandbox,
        runtime: Collection[str] = (),
        limits: Limits | None = None,
        engines: Engines | None = None,
    ) -> None:
        """`runtime` is what labs may ask for; each asks for all of it unless it is set anew."""
        if engines is None:
            engines = prepare(sandbox, RUNTIME, lambda _: None) if runtime else NO_ENGINES
        self.runtime = tuple(runtime)
        self.station = Station(sandbox, engines, ["probe"], self.runtime, limits or Limits())
        self._session: LabSession | None = None
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def run(self, text: str, budgets: Budgets | None = None) -> LabSession:
        """Run `text` as a lab's file. What stopped it is in the session's `stopped`.

        Raises:
            SandboxFault: the lab could not be begun.
        """
        self.end()
        self._count += 1
        file = self.station.home / "submission" / "labs" / f"probe{self._count}.py"
        file.parent.mkdir(exist_ok=True)
        file.parent.chmod(0o755)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o644)
        spec = LabSpec(
            "probe", "P", "d", ("t",), Fraction(1), "s", self.runtime, budgets or Budgets()
        )
        lab = LoadedLab(spec, Path("probe"), {}, None)
        self._session = LabSession(lab, f"labs/{file.name}", self.station, "seed")
        self._session.run()
        return self._session

    def end(self) -> None:
        """Close the lab that runs."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def close(self) -> None:
        """Close the lab, the walls and the folders."""
        self.end()
        self.station.close()
