"""A sandbox that is none: a keeper as a plain child process, to compare walls with."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress

from benchmarks.clock import ROOT
from grader.sandbox.enclosure import Walled, guest_command
from grader.sandbox.interface import CURRENT, Enclosure, Plan, Tier


class NoWall:
    """See `grader.sandbox.interface.Sandbox`. Only for code of our own."""

    tier: Tier = "none"

    def owner(self) -> int:
        """See `Sandbox.owner`."""
        return os.geteuid()

    def launch(self, plan: Plan, control: int) -> Enclosure:
        """See `Sandbox.launch`."""
        home = plan.layout.labs.parent
        tmp = home / f"tmp-{plan.role}"
        (tmp / "home").mkdir(parents=True)
        output_r, output_w = os.pipe()
        try:
            process = subprocess.Popen(
                guest_command(str(ROOT), control),
                env={"PATH": "/usr/bin:/bin", "HOME": str(tmp / "home"), "LANG": "C.UTF-8"},
                cwd=tmp / "home",
                stdin=subprocess.DEVNULL,
                stdout=output_w,
                stderr=subprocess.STDOUT,
                pass_fds=[control],
                start_new_session=True,
            )
        finally:
            os.close(output_w)
        settings = {
            "workspace": str(plan.layout.labs / CURRENT),
            "submission": str(plan.layout.submission),
            "tmp": str(tmp),
        }
        places = {m.inside: str(m.outside) for m in plan.mounts}
        return _Unwalled(
            process,
            output_r,
            settings,
            places,
            plan.limits,
            folder=home,
            afterwards=lambda: shutil.rmtree(tmp, ignore_errors=True),
        )


class _Unwalled(Walled):
    """Without a wall the end of the first process is not the end of the others."""

    def close(self) -> None:
        """See `Enclosure.close`."""
        pids = self.pids
        super().close()
        for pid in pids:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
