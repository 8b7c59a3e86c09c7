"""Put up walls where bubblewrap cannot: the tiers `landlock` and `none`.

There is no view of the file system of one's own here, and no network of one's own. `landlock`
lets the guest read the system, its Python and what its role mounts, write to its folders, connect
by TCP to nothing but the ports that the system hands out for a while, and use few system calls;
as root it becomes `nobody`. `none` only limits what is used. On both a warden ends every
process that the guest started, also when the grader is killed.
"""

from __future__ import annotations

import base64
import json
import os
import pwd
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from grader.errors import SandboxFault
from grader.sandbox import landlock, metering, scratch, seccomp, warden
from grader.sandbox.cgroups import Hierarchy
from grader.sandbox.enclosure import (
    Walled,
    descriptor_with,
    forget,
    group_of,
    guest_command,
    guest_environment,
    owner,
    python_homes,
)
from grader.sandbox.group import Group
from grader.sandbox.interface import (
    CURRENT,
    Enclosure,
    Limits,
    Plan,
    Tier,
    most_data,
    most_processes,
)

_READ = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/proc", "/sys/devices/system/cpu")
_READ_ETC = ("ld.so.cache", "alternatives", "nsswitch.conf", "localtime", "hosts", "passwd")
#: Not /dev/shm: what other programs share there lies open, and what is left there stays.
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


class BareSandbox:
    """Walls without namespaces. `tier` is `landlock` or `none`."""

    def __init__(
        self,
        tier: Tier,
        guest_package: Path,
        java: Path | None,
        groups: Hierarchy | None = None,
    ) -> None:
        self.tier: Tier = tier
        self._guest = guest_package
        self._java = java
        self._groups = groups

    def owner(self) -> int:
        """See `Sandbox.owner`: as root `nobody`, since Java wants a user whom the system knows.

        Several guests may be `nobody`: Landlock keeps them from each other's files and processes.
        """
        if self.tier == "none" or os.geteuid() != 0:
            return os.geteuid()
        try:
            return pwd.getpwnam("nobody").pw_uid
        except KeyError:
            return owner()  # `check` tells what to do

    def check(self) -> None:
        """Look whether a wall can be put up.

        Raises:
            SandboxFault: it cannot be done here.
        """
        uid = self.owner()
        try:
            pwd.getpwuid(uid)
        except KeyError:
            told = f"the user id {uid} has no name, which Java needs: add it to /etc/passwd"
            raise SandboxFault(told) from None
        if uid == os.geteuid():
            return
        for path in (*python_homes(self._java), self._guest):
            for folder in (path, *path.parents):
                with suppress(OSError):
                    if folder.stat().st_mode & 0o001:
                        continue
                told = f"other users cannot enter {folder}, and {path} is needed for guests"
                raise SandboxFault(f"{told}: install it where everybody can read")

    def launch(self, plan: Plan, control: int) -> Enclosure:
        """See `Sandbox.launch`."""
        home = scratch.folder("bare")
        group = None
        try:
            group = group_of(self._groups, plan.limits)
            return self._launch(plan, control, home, group)
        except (OSError, SandboxFault) as error:
            scratch.discard(home)
            forget(group)
            raise SandboxFault(f"the sandbox could not be started: {error}") from error

    def _launch(self, plan: Plan, control: int, home: Path, group: Group | None) -> Enclosure:
        uid = plan.layout.owner
        ours = uid == os.geteuid()
        # The kernel counts all that a user runs, and this one is not the wall's alone.
        others = sum(p.threads for p in metering.tree(0, uid))
        package = home / "guest" / "grader"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "guest").symlink_to(self._guest)
        tmp = plan.layout.labs.parent / f"tmp-{home.name}"
        (tmp / "home").mkdir(parents=True)
        for folder in (tmp, tmp / "home"):
            if not ours:
                os.chown(folder, uid, uid)
        places = {m.inside: str(m.outside) for m in plan.mounts}
        workspace = plan.layout.labs / CURRENT
        child = {
            "argv": guest_command(str(home / "guest"), control),
            "env": guest_environment(str(tmp / "home")),
            "keep": [control],
            "join": [str(p) for p in group.procs()] if group else [],
            "cwd": str(tmp / "home"),
            "umask": 0o022,
            "rlimits": _limits(plan.limits, others),
            **({} if ours else {"uid": uid, "gid": uid}),
            **(self._confined(plan, [home], [tmp, *_DEVICES]) if self.tier == "landlock" else {}),
        }
        with ExitStack() as passed, ExitStack() as kept:
            leash_r, leash_w = os.pipe()
            passed.callback(os.close, leash_r)
            kept.callback(os.close, leash_w)
            output_r, output_w = os.pipe()
            passed.callback(os.close, output_w)
            kept.callback(os.close, output_r)
            # It has no user of its own by whom all could be told; the warden knows its own.
            job = {"child": child, "control": leash_r, "uid": None}
            plan_fd = descriptor_with(json.dumps(job).encode())
            passed.callback(os.close, plan_fd)
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(Path(warden.__file__)), str(plan_fd)],
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output_w,
                stderr=subprocess.STDOUT,
                pass_fds=[control, plan_fd, leash_r],
                start_new_session=True,
            )
            kept.pop_all()
        settings = {
            "workspace": str(workspace),
            "submission": str(plan.layout.submission),
            "tmp": str(tmp),
            "others": others,
        }
        return Walled(
            process,
            output_r,
            settings,
            places,
            plan.limits,
            # What a lab leaves is no fault of who reads it.
            folder=plan.layout.labs.parent if plan.workspace_writable else tmp,
            group=group,
            leash=leash_w,
            afterwards=lambda: _forget(home, tmp),
        )

    def _confined(self, plan: Plan, read: list[Path], write: list[Any]) -> dict[str, Any]:
        layout = plan.layout
        seen: list[Any] = [*_READ, *(f"/etc/{name}" for name in _READ_ETC)]
        seen += [*python_homes(self._java), self._guest, *read]
        seen += [layout.submission, layout.labs, *(m.outside for m in plan.mounts)]
        if plan.workspace_writable:
            write = [*write, *(layout.labs / lab for lab in layout.lab_ids)]
        code = seccomp.program(datagrams=False, shared_ipc=False, modes=False)
        return {
            "landlock": {
                "read": [str(p) for p in seen],
                "write": [str(p) for p in write],
                "tcp": list(landlock.ephemeral_ports()),
            },
            "seccomp": base64.b64encode(code).decode(),
        }


def _limits(limits: Limits, others: int) -> dict[str, int]:
    return {
        "CORE": 0,
        "NPROC": most_processes(limits) + others,
        "NOFILE": limits.files,
        "FSIZE": limits.disk_bytes,
        "DATA": most_data(limits),
    }


def _forget(home: Path, tmp: Path) -> None:
    with suppress(SandboxFault, ValueError, OSError):
        scratch.empty(tmp)  # however deep, and whatever its permissions
        tmp.rmdir()
    with suppress(ValueError):
        scratch.discard(home)
