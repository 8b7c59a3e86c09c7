"""One sandbox, one set of engines, for all engine tests of a process."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import pytest

from grader.core.model import Budgets, LabSpec
from grader.labs.engines import RUNTIME, open_sandbox, prepare
from grader.labs.load import LoadedLab
from grader.labs.session import Engines, LabSession
from grader.sandbox.interface import Sandbox

#: Runs a file as a lab: its text, what the runtime starts, the lab's fixture file.
Runs = Callable[..., LabSession]


@pytest.fixture(scope="session")
def engines() -> tuple[Sandbox, Engines]:
    """Sandbox and engines of this machine."""
    sandbox = open_sandbox()
    return sandbox, prepare(sandbox, RUNTIME, lambda _: None)


@pytest.fixture(scope="module")
def runs(
    engines: tuple[Sandbox, Engines], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runs]:
    """Open lab sessions that are closed at the end of the module."""
    with ExitStack() as stack:

        def run(
            text: str, runtime: tuple[str, ...] = (), budgets: Budgets | None = None
        ) -> LabSession:
            folder = tmp_path_factory.mktemp("submission")
            shutil.rmtree(folder / "labs", ignore_errors=True)
            folder.chmod(0o755)
            file = folder / "labs" / "probe.py"
            file.parent.mkdir()
            file.write_text(text, encoding="utf-8")
            spec = LabSpec(
                "probe", "Probe", "d", ("t",), Fraction(1), "s", runtime, budgets or Budgets()
            )
            lab = LoadedLab(spec, Path("probe"), {}, None)
            session = stack.enter_context(LabSession(lab, file, folder, *engines))
            session.run()
            return session

        yield run
