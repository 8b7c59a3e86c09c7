"""Launch guests with bubblewrap.

As root, bubblewrap sets up the mounts with real privileges and then the first program inside,
`setpriv`, gives them up for a user id of this job's own: a user namespace over root would still
be root to the kernel. As an ordinary user, a user namespace does it. Either way a guest has no
capabilities, no network but its own loopback, no environment, and sees of the file system what
its role mounts, read-only but for its workspace.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from grader.errors import SandboxFault
from grader.sandbox.guest_process import GuestProcess
from grader.sandbox.interface import Guest, Mount, Role

#: Where our guest package is found inside.
GUEST_ROOT = "/run/grader"
#: User ids of jobs: none that a system gives to anybody.
_UIDS = itertools.cycle(range(20_000 + os.getpid() % 4_000 * 8, 20_008 + os.getpid() % 4_000 * 8))
_ETC = ("ld.so.cache", "alternatives", "nsswitch.conf", "localtime", "java-17-openjdk")
_FILES = {
    "/etc/passwd": "student:x:{uid}:{uid}::/tmp/home:/bin/sh\n",
    "/etc/group": "student:x:{uid}:\n",
    "/etc/hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
    "/run/grader/grader/__init__.py": "",
}


class BwrapSandbox:
    """Guests behind bubblewrap. `binary` is the bwrap to use, `java` a JAVA_HOME, if any."""

    tier = "bwrap"

    def __init__(self, binary: Path, guest_package: Path, java: Path | None) -> None:
        self._binary = binary
        self._guest = guest_package
        self._java = java

    def launch(self, role: Role) -> Guest:
        """See `Sandbox.launch`."""
        root = os.geteuid() == 0
        uid = next(_UIDS) if root else 65_534
        mounts = [*_system_mounts(self._java), Mount(self._guest, f"{GUEST_ROOT}/grader/guest")]
        mounts += role.mounts
        if root:
            for mount in role.mounts:
                if mount.writable:
                    _give(mount.outside, uid)
        request_r, request_w = os.pipe()
        reply_r, reply_w = os.pipe()
        data: list[int] = []
        try:
            flags = [*_flags(root, uid), *_mount_flags(mounts), *_hidden()]
            for path, content in _FILES.items():
                fd = _pipe_with(content.format(uid=uid).encode())
                data.append(fd)
                flags += ["--perms", "0444", "--ro-bind-data", str(fd), path]
            flags += ["--remount-ro", "/", "--chdir", "/tmp/home"]
            args = _pipe_with(b"\0".join(f.encode() for f in flags) + b"\0")
            data.append(args)
            python = str(Path(sys.prefix) / "bin" / "python")
            boot = f"import sys; sys.path.insert(0, {GUEST_ROOT!r})\n"
            boot += "from grader.guest.boot import main; main()"
            command = [str(self._binary), "--args", str(args), "--"]
            command += _drop(uid) if root else []
            command += [python, "-I", "-c", boot, str(request_r), str(reply_w)]
            process = subprocess.Popen(
                command,
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[request_r, reply_w, *data],
                start_new_session=True,
            )
        except OSError as error:
            os.close(request_w)
            os.close(reply_r)
            raise SandboxFault(f"the sandbox could not be started: {error}") from error
        finally:
            for fd in (request_r, reply_w, *data):
                os.close(fd)
        return GuestProcess(process, request_w, reply_r, role)


def _flags(root: bool, uid: int) -> list[str]:
    flags = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    flags += ["--unshare-cgroup-try", "--die-with-parent", "--new-session", "--clearenv"]
    flags += ["--hostname", "sandbox", "--cap-drop", "ALL"]
    if root:
        for cap in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
            flags += ["--cap-add", cap]
    else:
        flags += ["--unshare-user", "--uid", str(uid), "--gid", str(uid)]
    for name, value in {"PATH": "/usr/bin:/bin", "HOME": "/tmp/home", "LANG": "C.UTF-8"}.items():
        flags += ["--setenv", name, value]
    flags += ["--proc", "/proc", "--dev", "/dev"]
    flags += ["--perms", "1777", "--size", str(512 << 20), "--tmpfs", "/tmp"]
    flags += ["--perms", "1777", "--size", str(64 << 20), "--tmpfs", "/dev/shm"]
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
    homes = {Path(sys.prefix), Path(sys.base_prefix), *([java] if java else [])}
    for home in sorted(homes):
        inside_other = any(home != o and home.is_relative_to(o) for o in homes)
        if not home.is_relative_to("/usr") and not inside_other:
            yield Mount(home, str(home))


def _mount_flags(mounts: Iterable[Mount]) -> list[str]:
    flags: list[str] = []
    for name in ("bin", "sbin", "lib", "lib64", "lib32"):
        path = Path("/") / name
        if path.is_symlink():
            flags += ["--symlink", str(path.readlink()).lstrip("/"), f"/{name}"]
        elif path.is_dir():
            flags += ["--ro-bind", str(path), str(path)]
    made = {"/", "/usr", "/tmp", "/dev", "/dev/shm", "/proc"}
    for mount in mounts:
        # bubblewrap makes missing parents with mode 0700, which the dropped user cannot enter.
        for parent in reversed(Path(mount.inside).parents):
            if str(parent) not in made:
                flags += ["--perms", "0755", "--dir", str(parent)]
                made.add(str(parent))
        bind = "--bind" if mount.writable else "--ro-bind"
        flags += [bind, str(mount.outside), mount.inside]
    return flags


def _hidden() -> list[str]:
    """In a virtual environment, cover what else is installed beside the base Python."""
    if sys.prefix == sys.base_prefix:
        return []
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    folder = Path(sys.base_prefix) / "lib" / version / "site-packages"
    return ["--tmpfs", str(folder), "--remount-ro", str(folder)] if folder.is_dir() else []


def _pipe_with(content: bytes) -> int:
    """A descriptor from which `content` can be read to its end."""
    fd = os.memfd_create("grader")
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _give(folder: Path, uid: int) -> None:
    """Make `folder` and what is in it the job's."""
    for base, _, names in os.walk(folder):
        os.chown(base, uid, uid)
        for name in names:
            os.chown(Path(base) / name, uid, uid, follow_symlinks=False)


def find_setpriv() -> str | None:
    """The util-linux tool that drops privileges, needed as root only."""
    return shutil.which("setpriv", path="/usr/bin")
