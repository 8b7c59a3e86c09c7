"""Where the labs of one submission are run: its folders, and a keeper for each role.

    submission/    the copy of what was handed in; filled when the station is taken
    labs/<id>/     the workspace of each lab
    labs/.current  a link to the workspace of the lab that runs

The keepers are warm: a JVM and Python's imports are paid for once, and each lab gets a fork. A
station serves one submission, so that students share nothing; it is made before it is known for
whom, so that it warms up while another one works.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from grader.errors import SandboxFault
from grader.labs.warmth import Warmth
from grader.sandbox import scratch
from grader.sandbox.interface import CURRENT, Layout, Limits, Mount, Plan, RoleName, Sandbox
from grader.sandbox.keeper import Keeper

#: What our own code in inspector and scorer may use: far more than it needs.
READER = Limits(memory_bytes=3 << 30, processes=512, cpu=600.0)
#: Seconds that those who write in a workspace may take to die, once their wall is down.
VANISH = 5.0


@dataclass(frozen=True, slots=True)
class Engines:
    """What keepers need to start engines: a JAVA_HOME, the jars that come beside Spark's own, a
    migrated MLflow store, an ahead-of-time cache of Java's.

    `tuning`, if given, is set in place of our settings of Spark and Delta; `lasting` says that a
    station runs the same lab many times, where Java's best compiler pays off; `train` is where,
    relative to the labs' folder, Java is to write such a cache, or empty. `broker` is what a Kafka
    broker is, for labs that have one; it has a cache of its own.
    """

    java: Path
    jars: Sequence[Path]
    store: Path | None
    cache: Path | None = None
    tuning: Mapping[str, str] | None = None
    lasting: bool = False
    train: str = ""
    broker: Sequence[Path] = ()
    broker_cache: Path | None = None
    broker_train: str = ""


class Station:
    """Folders and keepers for the labs `lab_ids`, which together need `runtime`.

    `warmth` counts what is started here.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        engines: Engines,
        lab_ids: Sequence[str],
        runtime: Sequence[str],
        limits: Limits,
        warmth: Warmth | None = None,
    ) -> None:
        """Make its folders, and nothing else yet.

        Raises:
            SandboxFault: they cannot be made.
        """
        self._sandbox = sandbox
        self._engines = engines
        self._runtime = list(runtime)
        self._limits = limits
        self.warmth = warmth or Warmth()
        #: Whether a JVM runs here, or is about to.
        self.java = False
        self._keepers: dict[RoleName, Keeper] = {}
        self._damage: list[str] = []
        self._killed = False
        #: Processors' seconds of keepers that are no more.
        self._spent = 0.0
        #: Something is left that cannot be removed: no other lab may follow here.
        self.spoilt = False
        self.home = scratch.folder("station")
        self._layout = Layout(
            self.home / "submission", self.home / "labs", tuple(lab_ids), sandbox.owner()
        )
        try:
            for folder in (self._layout.submission, self._layout.labs):
                folder.mkdir()
                folder.chmod(0o755)
            for lab in lab_ids:
                self._new_workspace(lab)
        except OSError as error:
            scratch.discard(self.home)
            raise SandboxFault(f"a station's folders cannot be made: {error}") from error

    @property
    def tier(self) -> str:
        """The tier of its walls."""
        return self._sandbox.tier

    def warm(self, runtime: Sequence[str]) -> None:
        """Start what a lab with this `runtime` needs, and do not wait for it.

        Raises:
            SandboxFault: it could not be started.
        """
        self.java = self.java or "spark" in runtime
        roles: tuple[RoleName, ...] = ("runner", "inspector")
        for role in roles:
            self.keeper(role).warm({"runtime": list(runtime), "file": ""})

    def admit(self, folder: Path) -> None:
        """Take in the copy of a submission."""
        shutil.copytree(folder, self._layout.submission, dirs_exist_ok=True)
        self._layout.submission.chmod(0o755)

    def enter(self, lab: str) -> Path:
        """Make `lab` the current one, with an empty workspace, which comes back."""
        workspace = self.workspace(lab)
        self._empty(workspace)
        fresh = self._layout.labs / ".next"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(lab)
        fresh.rename(self._layout.labs / CURRENT)
        return workspace

    def leave(self, lab: str) -> None:
        """Empty the workspace of a lab that is over."""
        try:
            self._empty(self.workspace(lab))
        except SandboxFault:
            self.spoilt = True

    def workspace(self, lab: str) -> Path:
        """The folder of a lab."""
        return self._layout.labs / lab

    def keeper(self, role: RoleName) -> Keeper:
        """The keeper of `role`, a new one where the last was lost.

        Raises:
            SandboxFault: it could not be started.
        """
        found = self._keepers.get(role)
        if found is None or not found.usable:
            if found is not None:
                self.warmth.replace(role, found.lost or found.ran_out() or "it has ended")
                self._spent += found.cpu_seconds()
                found.close()
            started = partial(self.warmth.start, role)
            self._keepers[role] = found = Keeper(self._sandbox, self._plan(role), started)
            self.warmth.wall(role)
        if self._killed:  # asked after it can be found there, so that one of us ends it
            found.close()
            raise SandboxFault("the station was ended")
        return found

    @property
    def cold(self) -> bool:
        """Whether something had to be started for the runner's last lab."""
        return "runner" in self._keepers and self._keepers["runner"].cold

    @property
    def damage(self) -> list[str]:
        """What labs have broken, though they came to a clean end, so that another wall was or will
        be needed: a line each."""
        found = {role: keeper.damage for role, keeper in self._keepers.items()}
        return [*self._damage, *(f"the {role}: {told}" for role, told in found.items() if told)]

    def another(self, role: RoleName, error: SandboxFault) -> Keeper:
        """A keeper in place of one in which no lab can begin any more, as `error` says.

        Raises:
            SandboxFault: it could not be started.
        """
        self._damage.append(f"the {role}: {error}")
        return self.keeper(role)

    def cpu_seconds(self) -> float:
        """Seconds of processors that everything behind its walls has used so far."""
        return self._spent + sum(keeper.cpu_seconds() for keeper in self._keepers.values())

    def kill(self) -> None:
        """End all processes, from whatever thread. It is still to be closed."""
        self._killed = True
        for keeper in list(self._keepers.values()):
            keeper.kill()

    def close(self) -> None:
        """End everything and remove the folders. May be called again."""
        spent, self._spent = self.cpu_seconds(), 0.0
        self.warmth.spend(spent)
        with ExitStack() as stack:  # whatever one of them does, the next gets its turn
            if self.home.exists():
                stack.callback(scratch.discard, self.home)
            for keeper in self._keepers.values():
                stack.callback(keeper.close)
            self._keepers.clear()

    def _empty(self, workspace: Path) -> None:
        end = time.monotonic() + VANISH
        while True:
            try:
                scratch.empty(workspace)
            except SandboxFault:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
            else:
                break
        workspace.chmod(0o755)

    def _new_workspace(self, lab: str) -> None:
        folder = self._layout.labs / lab
        folder.mkdir()
        folder.chmod(0o755)
        if self._layout.owner != os.geteuid():
            os.chown(folder, self._layout.owner, self._layout.owner)

    def _plan(self, role: RoleName) -> Plan:
        engines = self._engines
        settings: dict[str, Any] = {"runtime": self._runtime}
        if role != "runner":
            writable = role == "migrator"
            return Plan(role, self._layout, writable, settings=settings, limits=READER)
        mounts = [Mount(jar, f"/run/jars/{jar.name}") for jar in engines.jars]
        settings["java"] = str(engines.java)
        settings["jars"] = [m.inside for m in mounts]
        if engines.tuning is not None:
            settings["tuning"] = dict(engines.tuning)
        settings["lasting"] = engines.lasting
        settings["train"] = engines.train
        settings["broker_train"] = engines.broker_train
        jars = engines.broker if "kafka" in self._runtime else ()
        broker = [Mount(jar, f"/run/kafka/{jar.name}") for jar in jars]
        mounts += broker
        settings["broker"] = [m.inside for m in broker]
        for name, path in (
            ("store", engines.store),
            ("cache", engines.cache),
            ("broker_cache", engines.broker_cache if broker else None),
        ):
            if path is not None:
                mounts.append(Mount(path, f"/run/{name}"))
                settings[name] = f"/run/{name}"
        return Plan(role, self._layout, True, mounts, settings, self._limits)
