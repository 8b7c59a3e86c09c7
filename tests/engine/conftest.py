"""One sandbox, one set of engines and one wall for all engine tests of a process."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from grader.core.model import Budgets
from grader.labs.engines import RUNTIME, prepare
from grader.labs.session import LabSession
from grader.labs.station import Engines
from grader.labs.walls import open_sandbox
from grader.sandbox.interface import Sandbox
from tests.stage import Stage

#: Runs a text as a lab's file, with what the runtime starts; closes the one before it.
Runs = Callable[..., LabSession]


@pytest.fixture(scope="session")
def engines() -> tuple[Sandbox, Engines]:
    """Sandbox and engines of this machine."""
    sandbox = open_sandbox()
    return sandbox, prepare(sandbox, RUNTIME, lambda _: None)


@pytest.fixture(scope="session")
def runs(engines: tuple[Sandbox, Engines]) -> Iterator[Runs]:
    """Run labs one after the other behind one wall, as those of a submission are run."""
    sandbox, made = engines
    with Stage(sandbox, RUNTIME, engines=made) as stage:

        def run(
            text: str, runtime: tuple[str, ...] = (), budgets: Budgets | None = None
        ) -> LabSession:
            stage.runtime = runtime
            return stage.run(text, budgets)

        yield run
