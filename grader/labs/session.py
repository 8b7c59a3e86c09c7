"""Run one lab of one student: the runner, the inspector and, if asked for, the scorer.

The runner and the inspector start at once, so that one's imports pass while the other works. The
host decides nothing here: it passes requests over the wall and keeps the clock.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from grader.core.model import LabSpec
from grader.errors import SandboxFault, StudentError
from grader.labs.load import LoadedLab
from grader.sandbox.interface import Guest, Limits, Mount, Role, Sandbox

#: Seconds for one request to our own code in the inspector, and for a model's answer.
INSPECT = 60.0
SCORE = 60.0


@dataclass(frozen=True, slots=True)
class Engines:
    """What guests need to start engines: a JAVA_HOME, the jars, a migrated MLflow store."""

    java: Path
    jars: Sequence[Path]
    store: Path | None


class LabSession:
    """A running lab; close it, or use it in a `with`. `file` is the student's, in `folder`."""

    def __init__(
        self, lab: LoadedLab, file: Path, folder: Path, sandbox: Sandbox, engines: Engines
    ) -> None:
        self.lab = lab
        #: Why the student's file did not run to its end; empty if it did.
        self.stopped = ""
        self._sandbox = sandbox
        self._engines = engines
        self._inside = f"/submission/{file.relative_to(folder).as_posix()}"
        self._folder = folder
        self._scratch = Path(tempfile.mkdtemp(prefix="grader-lab-"))
        self._scratch.chmod(0o711)
        self._workspace = self._scratch / "workspace"
        self._workspace.mkdir(mode=0o755)
        self._guests: dict[str, Guest] = {}
        self.data: dict[str, Any] = lab.make(random.Random(seed(lab.spec))) if lab.make else {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the runner and the inspector and wait for the runner's engines.

        Raises:
            SandboxFault: they did not start.
        """
        runner = self._guest("runner")
        self._guest("inspector")
        runner.ready()

    def run(self) -> None:
        """Execute the student's file.

        Raises:
            SandboxFault: it could not be tried. A failure of the file itself is in `stopped`.
        """
        self.start()
        try:
            self._guest("runner").ask("run", self.lab.spec.budgets.run)
        except StudentError as error:
            self.stopped = str(error)

    def ask(self, role: str, op: str, **fields: Any) -> Any:
        """See `grader.labs.lab.Asking`."""
        timeout = {"runner": self.lab.spec.budgets.call, "inspector": INSPECT}.get(role, SCORE)
        return self._guest(role).ask(op, timeout, **fields)

    @property
    def printed(self) -> str:
        """See `grader.labs.lab.Asking`."""
        return self._guests["runner"].output if "runner" in self._guests else ""

    def close(self) -> None:
        """End all guests and remove what they wrote."""
        for guest in self._guests.values():
            guest.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _guest(self, name: str) -> Guest:
        if name not in self._guests:
            roles: dict[str, Callable[[], Role]] = {
                "runner": self._runner,
                "inspector": lambda: self._reader("inspector"),
                "scorer": lambda: self._reader("scorer"),
            }
            self._guests[name] = self._sandbox.launch(roles[name]())
        return self._guests[name]

    def _runner(self) -> Role:
        spec, engines = self.lab.spec, self._engines
        mounts = [Mount(self._workspace, "/workspace", writable=True)]
        mounts += [Mount(self._folder, "/submission")]
        mounts += [Mount(jar, f"/run/jars/{jar.name}") for jar in engines.jars]
        settings: dict[str, Any] = {
            "file": self._inside,
            "runtime": list(spec.runtime),
            "java": str(engines.java),
            "jars": [f"/run/jars/{jar.name}" for jar in engines.jars],
            "data": self.data,
        }
        if engines.store is not None:
            mounts.append(Mount(engines.store, "/run/store.db"))
            settings["store"] = "/run/store.db"
        if self.lab.fixture:
            mounts.append(Mount(self.lab.fixture, "/run/fixture.py"))
            settings["fixture"] = "/run/fixture.py"
        limits = Limits(
            output_bytes=spec.budgets.output << 10, memory_bytes=spec.budgets.memory << 20
        )
        return Role("runner", mounts, settings, limits)

    def _reader(self, name: Any) -> Role:
        if not self._workspace.is_dir():
            raise SandboxFault("the lab's workspace is gone")
        mounts = [Mount(self._workspace, "/workspace")]
        return Role(name, mounts, {"runtime": list(self.lab.spec.runtime)})


def seed(spec: LabSpec) -> str:
    """What a lab's hidden data is generated from: the same for every student and every regrade."""
    return f"lakehouse-grader/{spec.id}"
