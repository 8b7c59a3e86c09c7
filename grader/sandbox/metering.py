"""What a running guest uses: time, memory and processes of its tree, room on disk.

Read from the host, out of /proc and the file system, so that it holds on every tier and needs
nothing from the guest. Cheap enough to be asked ten times a second, and bounded: a guest with
thousands of processes, files or descriptors costs a reading no more than the caps let it.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import stat
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from grader.sandbox.walking import walk

_libc = ctypes.CDLL(None)
_TICKS = os.sysconf("SC_CLK_TCK")
_UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
#: Folders deeper than this are not measured but counted as `DiskUsage.deep`.
MAX_DEPTH = 100
#: Descriptors that one look for nameless files follows, over all processes.
_MAX_DESCRIPTORS = 20_000
_PAGE = os.sysconf("SC_PAGE_SIZE")
#: A process with less in RAM is not asked how much of it is its own: that reading is the slow one.
_SMALL = 8 << 20
#: Processes whose views of the file system are looked at.
_MAX_VIEWS = 32
_ANONYMOUS = (b"RssAnon:", b"RssShmem:", b"VmSwap:")
_EXACT = (b"Pss_Anon:", b"Pss_Shmem:", b"SwapPss:")


class Proc(NamedTuple):
    """One process. `memory` is in bytes: what it does not share with a file, in RAM or swap;
    of a small process all that is in RAM.

    `cpu` and `reaped` are seconds: its own, and those of children that it has waited for. `start`
    is in clock ticks after boot and tells two processes of the same id apart.
    """

    pid: int
    ppid: int
    start: int
    memory: int
    cpu: float
    reaped: float
    threads: int


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """Allocated bytes and the number of entries; `deep` if folders were too deep to be entered.

    Once a cap is exceeded nothing further is counted.
    """

    bytes: int = 0
    files: int = 0
    deep: bool = False


def size_text(size: int) -> str:
    """A number of bytes for people: `1.5 GiB`, `512 MiB`."""
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{size} bytes"


def started(pid: int) -> int | None:
    """When a process started, in clock ticks after boot; None if there is none, or a zombie."""
    found = _stat(pid)
    return None if found is None or found[1] in b"ZX" else int(found[20])


def parent(pid: int) -> int:
    """The parent of a process; 0 if it has none that we can see, or is gone."""
    found = _stat(pid)
    return int(found[2]) if found else 0


def tree(root: int, uid: int | None = None) -> list[Proc]:
    """The process `root` and all its descendants, and those of the user `uid` wherever they are.

    Zombies count: each takes a place among the processes.
    """
    stats: dict[int, list[bytes]] = {}
    children: defaultdict[int, list[int]] = defaultdict(list)
    wanted = [root]
    for name in os.listdir("/proc"):  # noqa: PTH208 - ten times a second: no objects
        if name[0] in "123456789" and (found := _stat(pid := int(name))):
            stats[pid] = found
            children[int(found[2])].append(pid)
            if uid is not None:
                with suppress(OSError):
                    if os.stat(f"/proc/{pid}").st_uid == uid:  # noqa: PTH116 - as above
                        wanted.append(pid)
    # What is swapped out shows in no other place.
    least = 0 if _read("/proc/swaps").count(b"\n") > 1 else _SMALL
    procs = {}
    while wanted:
        pid = wanted.pop()
        if pid in procs or pid not in stats:
            continue
        wanted += children[pid]
        f = stats[pid]
        cpu, reaped = int(f[12]) + int(f[13]), int(f[14]) + int(f[15])
        memory = int(f[22]) * _PAGE
        if memory >= least:
            memory = _sum(f"/proc/{pid}/status", _ANONYMOUS) or 0
        procs[pid] = Proc(
            pid, int(f[2]), int(f[20]), memory, cpu / _TICKS, reaped / _TICKS, int(f[18])
        )
    return list(procs.values())


def exact_memory(procs: Iterable[Proc], enough: int, seconds: float = 0.5) -> int:
    """Bytes of `procs` with pages that they share, as forks do, counted once.

    Slow, for its reading walks page tables: it ends with more than `enough`, the largest first. A
    process that does not let itself be read, or comes after `seconds` have passed, counts with
    its whole `memory`.
    """
    end = time.monotonic() + seconds
    total = 0
    for proc in sorted(procs, key=lambda p: -p.memory):
        if total > enough:
            break
        late = time.monotonic() > end
        exact = None
        if not late:
            with suppress(OSError), _allowed(proc.pid):
                exact = _sum(f"/proc/{proc.pid}/smaps_rollup", _EXACT)
        total += proc.memory if exact is None else min(exact, proc.memory)
    return total


def disk(folder: Path, max_bytes: int, max_files: int) -> DiskUsage:
    """What is below `folder`: reading ends when one of the caps is exceeded.

    A file with several names counts with each. A folder that is gone uses nothing.
    """
    total = files = 0
    deep = False
    with suppress(OSError):
        for entry in walk(folder, MAX_DEPTH, unlock=True):
            files += 1
            total += entry.info.st_blocks * 512
            deep = deep or (entry.closed and entry.depth >= MAX_DEPTH)
            if total > max_bytes or files > max_files or deep:
                break
    return DiskUsage(total, files, deep)


def nameless(procs: Iterable[Proc], device: int) -> tuple[int, int]:
    """Bytes in files that are open but have no name: removed ones on the disk `device`, memfds.

    They occupy disk or memory as long as somebody holds them, and are found neither by walking
    folders nor by adding up what processes have mapped.
    """
    memory = _memfd_device()
    seen: dict[tuple[int, int], int] = {}
    left = _MAX_DESCRIPTORS
    for proc in procs:
        with suppress(OSError), _allowed(proc.pid), os.scandir(f"/proc/{proc.pid}/fd") as entries:
            for entry in entries:
                left -= 1
                if left < 0:
                    break
                with suppress(OSError):
                    info = entry.stat()
                    if info.st_nlink == 0 and stat.S_ISREG(info.st_mode):
                        seen[info.st_dev, info.st_ino] = info.st_blocks * 512
    on_disk = sum(size for (where, _), size in seen.items() if where == device)
    return on_disk, sum(size for (where, _), size in seen.items() if where == memory)


def tmpfs(procs: Iterable[Proc], paths: Sequence[str]) -> DiskUsage:
    """What is in the file systems that are mounted at `paths` in the view of some of `procs`.

    Each counts once, as a whole, but for what is mounted there in our own view: whoever puts up
    the wall still sees that.
    """
    seen = {_device(path) for path in paths}
    used = files = 0
    for proc in itertools.islice(procs, _MAX_VIEWS):
        for path in paths:
            inside = f"/proc/{proc.pid}/root{path}"
            if (device := _device(inside)) in seen:
                continue
            seen.add(device)
            with suppress(OSError):
                found = os.statvfs(inside)
                used += (found.f_blocks - found.f_bfree) * found.f_frsize
                files += found.f_files - found.f_ffree
    return DiskUsage(used, files)


def _device(path: str) -> int | None:
    try:
        return os.stat(path).st_dev  # noqa: PTH116 - ten times a second: no objects
    except OSError:
        return None


@contextmanager
def _allowed(pid: int) -> Iterator[None]:
    """Look at a process with its own user's eyes, if that is what it takes.

    Root in a container may lack the right to look at what others have open or in memory. Only
    this thread changes its eyes, and only for files.

    Raises:
        OSError: the process is gone.
    """
    if os.geteuid() != 0 or _lets_us_look(pid):
        yield
        return
    user = os.stat(f"/proc/{pid}")  # noqa: PTH116 - ten times a second: no objects
    _libc.setfsgid(user.st_gid)
    _libc.setfsuid(user.st_uid)
    try:
        yield
    finally:
        _libc.setfsuid(0)
        _libc.setfsgid(os.getegid())


def _lets_us_look(pid: int) -> bool:
    try:
        os.readlink(f"/proc/{pid}/cwd")  # noqa: PTH115 - as above
    except PermissionError:
        return False
    return True


@cache
def _memfd_device() -> int:
    """Where the kernel keeps every memfd: one file system that is mounted nowhere."""
    fd = os.memfd_create("grader")
    try:
        return os.fstat(fd).st_dev
    finally:
        os.close(fd)


def _stat(pid: int) -> list[bytes] | None:
    """The fields of /proc/PID/stat; that of the command's name holds nothing."""
    data = _read(f"/proc/{pid}/stat")
    if not data:
        return None
    # A command's name may hold spaces and parentheses: the last one ends it.
    return [b"", *data[data.rindex(b")") + 2 :].split(b" ", 22)]


def _sum(path: str, fields: tuple[bytes, ...]) -> int | None:
    """The sum of some lines in kB, as bytes; None if they cannot be read."""
    data = _read(path)
    if not data:
        return None
    return sum(int(x.split()[1]) for x in data.splitlines() if x.startswith(fields)) << 10


def _read(path: str) -> bytes:
    """A small file of /proc, or nothing."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(fd, 1 << 14)
    except OSError:  # the process ended after the file was opened
        return b""
    finally:
        os.close(fd)
