"""One sandbox, one set of engines, for all engine tests of a process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from grader.core.model import Budgets
from grader.labs.engines import RUNTIME, prepare
from grader.labs.session import LabSession
from grader.labs.station import Engines
from grader.labs.walls import open_sandbox
from grader.sandbox.interface import Sandbox
from tests.stage import Stage

#: Runs a text as a lab's file, with what the runtime starts; closes the last of the same runtime.
Runs = Callable[..., LabSession]


@pytest.fixture(scope="session")
def engines() -> tuple[Sandbox, Engines]:
    """Sandbox and engines of this machine."""
    sandbox = open_sandbox()
    return sandbox, prepare(sandbox, RUNTIME, lambda _: None)


@pytest.fixture(scope="module")
def runs(engines: tuple[Sandbox, Engines]) -> Iterator[Runs]:
    """Run labs at one station a runtime; all is closed at the end of the module."""
    sandbox, made = engines
    stages: dict[tuple[str, ...], Stage] = {}
    with ExitStack() as stack:

        def run(
            text: str, runtime: tuple[str, ...] = (), budgets: Budgets | None = None
        ) -> LabSession:
            if runtime not in stages:
                stages[runtime] = stack.enter_context(Stage(sandbox, runtime, engines=made))
            return stages[runtime].run(text, budgets)

        yield run
