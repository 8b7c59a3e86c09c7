"""One control group, of either version: its limits, what is used, what ran out, its end."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from grader.errors import SandboxFault
from grader.sandbox.metering import size_text

#: Seconds that killed processes may take to be gone.
_PATIENCE = 10.0


class Group:
    """A group in `folders`, one for each controller, or that of the name `cgroup` for all.

    Raises:
        SandboxFault: it cannot be made.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._v2 = "cgroup" in folders
        self._memory = folders["cgroup" if self._v2 else "memory"]
        self._pids = folders["cgroup" if self._v2 else "pids"]
        self._cpu = folders.get("cgroup" if self._v2 else "cpuacct")
        # That of the pids first: when its forks are stopped, the others can be emptied.
        self._folders = list(dict.fromkeys([self._pids, *folders.values()]))
        self._limits = (0, 0)
        self._peak = 0
        self._told: list[str] | None = None
        self._locks: list[int] = []
        try:
            for folder in self._folders:
                make(folder)
                fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                self._locks.append(fd)
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.remove()
            raise SandboxFault(f"a control group cannot be made: {error}") from error

    def procs(self) -> list[Path]:
        """Files to which a process writes `0` to join, children that it then starts with it."""
        return [folder / "cgroup.procs" for folder in self._folders]

    def limit(self, memory: int, processes: int) -> None:
        """Allow `memory` bytes, in RAM and swap, and so many `processes`, threads included.

        May be called again while something runs.

        Raises:
            SandboxFault: more memory than that is in use already, or the kernel refuses.
        """
        used = self.memory()
        try:
            write(self._pids / "pids.max", str(processes))
            if used > memory:  # version 2 would take it, and kill
                raise OSError(errno.EBUSY, "in use")
            if self._v2:
                write(self._memory / "memory.max", str(memory))
                with suppress(FileNotFoundError):  # no swap, or not counted
                    write(self._memory / "memory.swap.max", "0")
                with suppress(FileNotFoundError):  # before Linux 4.19
                    write(self._memory / "memory.oom.group", "1")
            else:
                self._limit_v1(memory)
        except OSError as error:
            why = str(error)
            if error.errno == errno.EBUSY:
                why = f"{size_text(used)} are in use, {size_text(memory)} would be allowed"
            raise SandboxFault(f"a control group cannot be limited: {why}") from error
        self._limits = (memory, processes)

    def memory(self) -> int:
        """Bytes that are used and cannot be given back: without what is cached of files."""
        now = used_memory(self._memory)
        self._peak = max(self._peak, now)
        return now

    def peak(self) -> int:
        """The most bytes that were in use at once, cached files included where the kernel says."""
        name = "memory.peak" if self._v2 else "memory.max_usage_in_bytes"
        return max(self._peak, _number(self._memory / name))

    def processes(self) -> int:
        """Tasks: processes and their threads."""
        return _number(self._pids / "pids.current")

    def pids(self) -> list[int]:
        """The processes in it, as our own process sees them."""
        return sorted({pid for folder in self._folders for pid in _pids(folder)})

    def cpu(self) -> float | None:
        """Seconds of processor time of all that ever ran in it; None if that is not counted."""
        if self._cpu is None:
            return None
        if self._v2:
            return _table(self._cpu / "cpu.stat").get("usage_usec", 0) / 1e6
        return _number(self._cpu / "cpuacct.usage") / 1e9

    def ran_out(self) -> list[str]:
        """What the kernel refused: `memory: 1.5 GiB reached`, `processes: 512 reached`."""
        if self._told is not None:
            return self._told
        memory, processes = self._limits
        events = "memory.events" if self._v2 else "memory.oom_control"
        told = []
        if _table(self._memory / events).get("oom_kill"):
            told.append(f"memory: {size_text(memory)} reached")
        if _table(self._pids / "pids.events").get("max"):
            told.append(f"processes: {processes:,} reached")
        return told

    def kill(self) -> None:
        """Kill everything in it. May be called again.

        Raises:
            SandboxFault: something does not die.
        """
        if self._told is None:
            self._told = self.ran_out()  # the means of killing count as refusals too
        end = time.monotonic() + _PATIENCE
        for folder in self._folders:
            empty(folder, end)

    def remove(self) -> None:
        """Kill everything in it and remove it. May be called again.

        Raises:
            SandboxFault: something does not die.
        """
        try:
            self.kill()
            for folder in self._folders:
                unmake(folder)
        except OSError as error:
            raise SandboxFault(f"a control group cannot be removed: {error}") from error
        finally:
            while self._locks:
                os.close(self._locks.pop())

    def _limit_v1(self, memory: int) -> None:
        """Memory, and memory with swap, in the order that keeps the latter the larger."""
        files = [
            self._memory / "memory.limit_in_bytes",
            self._memory / "memory.memsw.limit_in_bytes",
        ]
        if not files[1].exists():  # swap is not counted on this machine
            files.pop()
        elif memory > _number(files[1]):
            files.reverse()
        for file in files:
            write(file, str(memory))


def used_memory(folder: Path) -> int:
    """Bytes that the group `folder` uses and cannot give back: without what is cached of files."""
    stat = _table(folder / "memory.stat")
    if (folder / "memory.current").exists():  # version 2
        used = _number(folder / "memory.current")
        free = stat.get("file", 0) - stat.get("shmem", 0) + stat.get("slab_reclaimable", 0)
    else:
        used = _number(folder / "memory.usage_in_bytes")
        free = stat.get("total_cache", 0) - stat.get("total_shmem", 0)
    return max(0, used - max(0, free))


def room_in(folder: Path) -> int | None:
    """Bytes that the group `folder` may still use by its own limit; None without one."""
    for name in ("memory.max", "memory.limit_in_bytes"):
        with suppress(OSError, ValueError):  # not of this version, or `max`
            return max(0, int((folder / name).read_text()) - used_memory(folder))
    return None


def make(folder: Path) -> None:
    """Make the folder of a group; the kernel fills it."""
    folder.mkdir()


def unmake(folder: Path) -> None:
    """Remove the folder of an emptied group, which the kernel may still be clearing up.

    Raises:
        OSError: it does not let itself be removed.
    """
    end = time.monotonic() + 2
    while True:
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.005)
        else:
            return


def write(path: Path, text: str) -> None:
    """Write to a file of the kernel's, which must be there.

    Raises:
        OSError: it is not there, or the kernel refuses.
    """
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def empty(folder: Path, end: float) -> None:
    """Kill everything in the group `folder`.

    Raises:
        SandboxFault: something is alive at the monotonic time `end`.
    """
    if not _pids(folder):
        return
    with suppress(OSError):  # where it can be limited: who cannot fork cannot outrun us
        write(folder / "pids.max", "0")
    while pids := _pids(folder):
        try:
            write(folder / "cgroup.kill", "1")
        except OSError:  # version 1, or before Linux 5.14
            _kill(folder, pids)
        if time.monotonic() > end:
            raise SandboxFault(f"{len(pids)} processes in {folder.name} do not die")
        time.sleep(0.002)


def _kill(folder: Path, pids: list[int]) -> None:
    """Kill processes that are still in the group once their ids cannot mean anybody else."""
    for start in range(0, len(pids), 256):
        held: dict[int, int] = {}
        try:
            for pid in pids[start : start + 256]:
                with suppress(OSError):
                    held[pid] = os.pidfd_open(pid)
            for pid in held.keys() & set(_pids(folder)):
                with suppress(OSError):
                    signal.pidfd_send_signal(held[pid], signal.SIGKILL)
        finally:
            for fd in held.values():
                os.close(fd)


def _pids(folder: Path) -> list[int]:
    try:
        return [int(pid) for pid in (folder / "cgroup.procs").read_text().split()]
    except OSError:  # removed meanwhile, or none of ours
        return []


def _number(path: Path) -> int:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # not on this kernel
        return 0


def _table(path: Path) -> dict[str, int]:
    """Lines of a name and a number."""
    try:
        pairs = [line.split() for line in path.read_text().splitlines()]
    except OSError:  # not on this kernel
        return {}
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}
