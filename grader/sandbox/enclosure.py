"""One wall that is up, whatever tier put it up, and what the tiers share in putting it up."""

from __future__ import annotations

import itertools
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from grader.errors import SandboxFault
from grader.sandbox import metering
from grader.sandbox.cgroups import Hierarchy
from grader.sandbox.group import Group
from grader.sandbox.interface import Limits, Mount
from grader.sandbox.watch import Allowance, Watch

#: User ids of submissions: none that a system gives to anybody.
_OWNERS = itertools.cycle(range(20_000 + os.getpid() % 4_000 * 8, 20_008 + os.getpid() % 4_000 * 8))
#: Of what is printed before a lab begins, as much is kept.
_PRINTED = 16 << 10
#: Seconds that processes which are being killed are waited for.
_DYING = 2.0


class Walled:
    """An `Enclosure` whose processes are below `process`, in `group` if there is one."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        output: int,
        settings: Mapping[str, Any],
        places: Mapping[str, str],
        limits: Limits,
        *,
        folder: Path | None,
        group: Group | None = None,
        mounts: Sequence[str] = (),
        uid: int | None = None,
        leash: int | None = None,
        afterwards: Callable[[], None] = lambda: None,
    ) -> None:
        """`places` says where a mount's `inside` really is; `folder` is what counts as disk.
        Closing the descriptor `leash`, if given, ends all processes; killing the first one does
        otherwise. `afterwards` is called when they have ended."""
        self.settings = settings
        self._places = places
        self._process = process
        self._output = output
        self._group = group
        self._leash = leash
        self._warden = leash is not None
        self._killing = threading.Lock()
        self._afterwards = afterwards
        self._closed = False
        self._text = b""
        os.set_blocking(output, False)
        self._watch = Watch(
            process.pid,
            _allowance(limits),
            self.kill,
            folder=folder,
            group=group,
            mounts=mounts,
            uid=uid,
        )
        self._watch.start()

    @property
    def pids(self) -> set[int]:
        """See `Enclosure.pids`."""
        if self._group is not None:
            return set(self._group.pids())
        return {p.pid for p in metering.tree(self._process.pid)}

    @property
    def alive(self) -> bool:
        """See `Enclosure.alive`."""
        return not self._closed and self._process.poll() is None

    def path_of(self, mount: Mount) -> str:
        """See `Enclosure.path_of`."""
        return self._places[mount.inside]

    def begin(self, limits: Limits) -> None:
        """See `Enclosure.begin`."""
        if self._group is not None:
            self._group.limit(limits.memory_bytes, limits.processes)
        self._watch.begin(_allowance(limits))

    def ran_out(self) -> str:
        """See `Enclosure.ran_out`."""
        if not self._closed:
            with suppress(OSError):
                self._watch.poll()
        return self._watch.ran_out or ""

    def cpu_seconds(self) -> float:
        """See `Enclosure.cpu_seconds`."""
        if not self._closed:
            with suppress(OSError):
                self._watch.poll(disk=False)
        return self._watch.cpu

    def printed(self) -> str:
        """See `Enclosure.printed`."""
        if self._output >= 0:
            with suppress(OSError):
                while len(self._text) < _PRINTED and (more := os.read(self._output, _PRINTED)):
                    self._text += more
        return self._text[:_PRINTED].decode("utf-8", "replace")

    def close(self) -> None:
        """See `Enclosure.close`."""
        if self._closed:
            return
        self.ran_out()  # what the kernel's group has to tell goes with it
        self._closed = True
        # A group and a warden wait for those inside; the others do not end before the first.
        inside = [] if self._group or self._warden else metering.tree(self._process.pid)
        try:
            self._watch.stop()
        finally:
            self.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        _vanish(inside)
        self.printed()
        os.close(self._output)
        self._output = -1
        forget(self._group)
        self._afterwards()

    def kill(self) -> None:
        """See `Enclosure.kill`."""
        with self._killing:
            leash, self._leash = self._leash, None
        if leash is not None:
            os.close(leash)  # the first process is a warden, which ends the others before itself
        elif not self._warden:
            with suppress(OSError):
                self._process.kill()
        if self._group is not None:
            with suppress(SandboxFault):
                self._group.kill()


def _vanish(procs: Sequence[metering.Proc]) -> None:
    """Wait until `procs`, which are being killed, are gone: they may hold and write files."""
    end = time.monotonic() + _DYING
    while any(metering.started(p.pid) == p.start for p in procs) and time.monotonic() < end:
        time.sleep(0.002)


def owner() -> int:
    """A user id for a submission's folders: as root one that nobody has, else our own."""
    return next(_OWNERS) if os.geteuid() == 0 else os.geteuid()


def group_of(groups: Hierarchy | None, limits: Limits) -> Group | None:
    """A new control group with these limits, where there can be one.

    Raises:
        SandboxFault: the kernel refuses.
    """
    if groups is None:
        return None
    group = groups.create(secrets.token_hex(4))
    try:
        group.limit(limits.memory_bytes, limits.processes)
    except SandboxFault:
        forget(group)
        raise
    return group


def descriptor_with(content: bytes) -> int:
    """A descriptor from which `content` can be read to its end."""
    fd = os.memfd_create("grader")
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def forget(group: Group | None) -> None:
    """Remove a group, if there is one; what stays is for the next start's sweep."""
    if group is not None:
        with suppress(SandboxFault):
            group.remove()


def guest_command(guest_root: str, control: int) -> list[str]:
    """How our Python starts as a keeper. It finds our package in `guest_root`, nothing else."""
    python = str(Path(sys.prefix) / "bin" / "python")
    boot = f"import sys; sys.path.insert(0, {guest_root!r})\n"
    boot += "from grader.guest.boot import main; main()"
    return [python, "-P", "-s", "-c", boot, str(control)]


def guest_environment(home: str) -> dict[str, str]:
    """All that a keeper has in its environment.

    Spark gives its Python workers this seed of hashes, so those that they are forked from need it.
    """
    path = "/usr/bin:/bin"
    return {"PATH": path, "HOME": home, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}


def python_homes(java: Path | None) -> list[Path]:
    """Folders that our Python and Java need, none within another."""
    homes = {Path(sys.prefix), Path(sys.base_prefix), *([java] if java else [])}
    return sorted(h for h in homes if not any(h != o and h.is_relative_to(o) for o in homes))


def _allowance(limits: Limits) -> Allowance:
    return Allowance(
        memory=limits.memory_bytes,
        cpu=limits.cpu,
        processes=limits.processes,
        disk=limits.disk_bytes,
        files=limits.disk_files,
    )
