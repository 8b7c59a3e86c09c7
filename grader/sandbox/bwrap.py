"""Put up walls with bubblewrap: the tiers `full` and `bwrap`.

As root, bubblewrap sets up the mounts with real privileges and then the first program inside,
`setpriv`, gives them up for a user id of this submission's own: a user namespace over root would
still be root to the kernel. As an ordinary user, a user namespace does it. Either way a guest has
no capabilities, few system calls, no network but its own loopback, no environment, and sees of the
file system what its role mounts, read-only but for its workspace. Where control groups can be
made, the kernel limits memory and processes of the whole wall (`full`); elsewhere a watch over the
process tree does (`bwrap`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from grader.core.clean import clean_line
from grader.errors import SandboxFault
from grader.sandbox import seccomp
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
from grader.sandbox.interface import CURRENT, Enclosure, Layout, Mount, Plan, Tier

#: Where our guest package is found inside.
GUEST_ROOT = "/run/grader"
LABS = "/run/labs"
SUBMISSION = "/submission"
#: Where each lab finds its own folder: a link, since one wall serves several labs.
WORKSPACE = "/workspace"
TMP = "/tmp"
#: Bytes of the memory file systems inside.
TMP_BYTES = 512 << 20
SHM_BYTES = 64 << 20
_ETC = ("ld.so.cache", "alternatives", "nsswitch.conf", "localtime", "java-17-openjdk")
_FILES = {
    "/etc/passwd": "student:x:{uid}:{uid}::/tmp/home:/bin/sh\n",
    "/etc/group": "student:x:{uid}:\n",
    "/etc/hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
    "/run/grader/grader/__init__.py": "",
}
#: Joins the groups whose `cgroup.procs` come first, then becomes what comes after `--`.
_JOIN = 'while [ "$1" != -- ]; do echo 0 > "$1" || exit 97; shift; done; shift; exec "$@"'


class BwrapSandbox:
    """Walls of bubblewrap. `binary` is the bwrap to use, `java` a JAVA_HOME, if any."""

    def __init__(
        self,
        binary: Path,
        guest_package: Path,
        java: Path | None,
        groups: Hierarchy | None = None,
    ) -> None:
        self._binary = binary
        self._guest = guest_package
        self._java = java
        self._groups = groups
        self._filter = seccomp.program()

    @property
    def tier(self) -> Tier:
        """See `Sandbox.tier`."""
        return "full" if self._groups else "bwrap"

    def owner(self) -> int:
        """See `Sandbox.owner`."""
        return owner()

    def check(self) -> None:
        """Put up a wall around a program that does nothing.

        Raises:
            SandboxFault: it cannot be done here.
        """
        root = os.geteuid() == 0
        uid = self.owner()
        flags = [*_flags(root, uid if root else 65_534), "--ro-bind", "/usr", "/usr", *_links()]
        filtered = descriptor_with(self._filter)
        command = [str(self._binary), *flags, "--seccomp", str(filtered), "--"]
        command += [*(_drop(uid) if root else []), "/usr/bin/true"]
        try:
            done = subprocess.run(
                command,
                env={},
                capture_output=True,
                text=True,
                pass_fds=[filtered],
                timeout=20,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SandboxFault(f"bubblewrap does not work here: {error}") from error
        finally:
            os.close(filtered)
        if done.returncode:
            told = clean_line(done.stderr, 200)
            raise SandboxFault(f"bubblewrap does not work here: {told}")

    def launch(self, plan: Plan, control: int) -> Enclosure:
        """See `Sandbox.launch`."""
        root = os.geteuid() == 0
        uid = plan.layout.owner
        inside_uid = uid if root else 65_534
        group = group_of(self._groups, plan.limits)
        data: list[int] = []
        output: list[int] = []
        try:
            output += os.pipe()
            flags = [*_flags(root, inside_uid), *self._mount_flags(plan), *_hidden()]
            for path, content in _FILES.items():
                fd = descriptor_with(content.format(uid=inside_uid).encode())
                data.append(fd)
                flags += ["--perms", "0444", "--ro-bind-data", str(fd), path]
            data.append(descriptor_with(self._filter))
            flags += ["--remount-ro", "/", "--chdir", "/tmp/home", "--seccomp", str(data[-1])]
            data.append(descriptor_with(b"\0".join(f.encode() for f in flags) + b"\0"))
            command = [str(self._binary), "--args", str(data[-1]), "--"]
            command += _drop(uid) if root else []
            command += guest_command(GUEST_ROOT, control)
            process = subprocess.Popen(
                [*_joining(group), *command],
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output[1],
                stderr=subprocess.STDOUT,
                pass_fds=[control, *data],
                start_new_session=True,
            )
        except OSError as error:
            for fd in output[:1]:
                os.close(fd)
            forget(group)
            raise SandboxFault(f"the sandbox could not be started: {error}") from error
        finally:
            for fd in (*output[1:], *data):
                os.close(fd)
        settings = {"workspace": WORKSPACE, "submission": SUBMISSION, "tmp": TMP}
        places = {m.inside: m.inside for m in plan.mounts}
        return Walled(
            process,
            output[0],
            settings,
            places,
            plan.limits,
            # What a lab leaves is no fault of who reads it.
            folder=plan.layout.labs if plan.workspace_writable else None,
            group=group,
            mounts=(TMP, "/dev/shm"),
        )

    def _mount_flags(self, plan: Plan) -> list[str]:
        mounts = [*_system_mounts(self._java), Mount(self._guest, f"{GUEST_ROOT}/grader/guest")]
        mounts += [*plan.mounts, *_layout_mounts(plan.layout, plan.workspace_writable)]
        flags = [*_links()]
        flags += ["--symlink", f"{LABS}/{CURRENT}".lstrip("/"), WORKSPACE]
        made = {"/", "/usr", "/tmp", "/dev", "/dev/shm", "/proc", LABS}
        for mount in mounts:
            # bubblewrap makes missing parents with mode 0700, which the dropped user cannot enter.
            for parent in reversed(Path(mount.inside).parents):
                if str(parent) not in made:
                    flags += ["--perms", "0755", "--dir", str(parent)]
                    made.add(str(parent))
            bind = "--bind" if mount.writable else "--ro-bind"
            flags += [bind, str(mount.outside), mount.inside]
        return flags


def _links() -> Iterable[str]:
    """What lies beside `/usr` on this system: links into it, as a rule."""
    for name in ("bin", "sbin", "lib", "lib64", "lib32"):
        path = Path("/") / name
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()).lstrip("/"), f"/{name}")
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))


def _layout_mounts(layout: Layout, writable: bool) -> Iterable[Mount]:
    """The submission, and the labs' folders: the folder of them all stays read-only, so that
    nobody inside can put a link in the place of one."""
    yield Mount(layout.submission, SUBMISSION)
    yield Mount(layout.labs, LABS)
    if writable:
        for lab in layout.lab_ids:
            yield Mount(layout.labs / lab, f"{LABS}/{lab}", writable=True)


def _joining(group: Group | None) -> list[str]:
    if group is None:
        return []
    return ["/bin/sh", "-c", _JOIN, "sh", *(str(p) for p in group.procs()), "--"]


def _flags(root: bool, uid: int) -> list[str]:
    flags = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    flags += ["--unshare-cgroup-try", "--die-with-parent", "--new-session", "--clearenv"]
    flags += ["--hostname", "sandbox", "--cap-drop", "ALL"]
    if root:
        for cap in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
            flags += ["--cap-add", cap]
    else:
        flags += ["--unshare-user", "--uid", str(uid), "--gid", str(uid)]
    for name, value in guest_environment("/tmp/home").items():
        flags += ["--setenv", name, value]
    flags += ["--proc", "/proc", "--dev", "/dev"]
    flags += ["--perms", "1777", "--size", str(TMP_BYTES), "--tmpfs", TMP]
    flags += ["--perms", "1777", "--size", str(SHM_BYTES), "--tmpfs", "/dev/shm"]
    flags += ["--perms", "0777", "--dir", "/tmp/home", "--remount-ro", "/dev"]
    return flags


def _drop(uid: int) -> list[str]:
    drop = ["/usr/bin/setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    return [*drop, "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--"]


def _system_mounts(java: Path | None) -> Iterable[Mount]:
    """What every guest sees read-only: the system's libraries, this Python, Java."""
    yield Mount(Path("/usr"), "/usr")
    for name in _ETC:
        path = Path("/etc") / name
        if path.exists():
            yield Mount(path, str(path))
    for home in python_homes(java):
        if not home.is_relative_to("/usr"):
            yield Mount(home, str(home))


def _hidden() -> Sequence[str]:
    """In a virtual environment, cover what else is installed beside the base Python."""
    if sys.prefix == sys.base_prefix:
        return []
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    folder = Path(sys.base_prefix) / "lib" / version / "site-packages"
    return ["--tmpfs", str(folder), "--remount-ro", str(folder)] if folder.is_dir() else []


def find_setpriv() -> str | None:
    """The util-linux tool that drops privileges, needed as root only."""
    return shutil.which("setpriv", path="/usr/bin")
