"""Control groups: what a whole guest may use, kept by the kernel, and one end for all of it.

Version 1 as root, in the hierarchies of the memory, pids and cpuacct controllers; version 2 as root
or as a user with a delegated subtree. Where groups can be made is tried, never concluded. A group
carries its grader's process and a lock that ends with it, so that those of dead graders are swept.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grader.errors import SandboxFault
from grader.sandbox import metering
from grader.sandbox.group import Group, empty, make, room_in, unmake, write

Kind = Literal["v1", "v2"]
_PREFIX = "lakehouse-grader"
_NAME = re.compile(rf"{_PREFIX}-(\d+)-(\d+)-.+")
#: Where the grader itself moves to: a group of version 2 holds either processes or groups.
_HOME = f"{_PREFIX}-home"
_NEEDED = frozenset({"memory", "pids"})
_COUNT = itertools.count(1)
#: Folders that a sweep looks at: a large server has some thousands.
_MAX_SWEPT = 20_000
#: What a process does to join: the lead-in of every launch.
_JOIN = 'for file; do echo 0 > "$file" || exit 1; done'


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Where groups can be made: a folder for each controller (`cgroup` for all in version 2).

    `tops` are the mount points, below which other graders may have left groups.
    """

    kind: Kind
    bases: Mapping[str, Path]
    tops: tuple[Path, ...]

    @classmethod
    def find(cls, proc: Path = Path("/proc/self")) -> Hierarchy | None:
        """The first place where this process can make groups and put processes into them.

        In version 2 this may move the grader, and those it was started by, into a group beside
        the guests', if nobody else is in theirs.
        """
        try:
            own, mounts = _own(proc), _mounts(proc)
        except OSError:
            return None
        return next((h for h in _candidates(own, mounts) if h._works()), None)

    def create(self, name: str) -> Group:
        """A new, empty group without limits; `name` need not be unique.

        Raises:
            SandboxFault: the kernel does not let us.
        """
        stamp = f"{_PREFIX}-{os.getpid()}-{metering.started(os.getpid())}-{next(_COUNT)}-{name}"
        return Group({c: base / stamp for c, base in self.bases.items()})

    def sweep(self) -> int:
        """Kill what is in groups of dead graders and remove them; how many folders went.

        A group is somebody's as long as its lock is held, or its grader's process lives. What is
        not ours to remove is passed over.
        """
        stale = [folder for top in self.tops for folder in _named(top)]
        # Where forks can be stopped first: nobody outruns us then.
        stale.sort(key=lambda folder: not (folder / "pids.max").exists())
        return sum(map(_sweep, stale))

    def _works(self) -> bool:
        """Whether a process can be put into a group with limits."""
        group = None
        try:
            group = self.create("probe")
            group.limit(64 << 20, 16)
            command = ["/bin/sh", "-c", _JOIN, "sh", *map(str, group.procs())]
            done = subprocess.run(command, env={}, capture_output=True, timeout=10, check=False)
            return done.returncode == 0
        except (OSError, SandboxFault, subprocess.TimeoutExpired):
            return False
        finally:
            if group is not None:
                with suppress(SandboxFault):
                    group.remove()


def available() -> Kind | None:
    """Which version of control groups this process can use, if any."""
    found = Hierarchy.find()
    return found.kind if found else None


def room(proc: Path = Path("/proc/self")) -> int | None:
    """Bytes that our own group, and those above it that can be seen, let us use; None for no end.

    It is what a container or a batch system allows, and says nothing of what the machine has left.
    """
    try:
        own, mounts = _own(proc), _mounts(proc)
    except OSError:
        return None
    found = []
    for mount in mounts:
        controller = "memory" if mount.version == "v1" else ""
        seen = controller in own and (mount.version == "v2" or controller in mount.options)
        folder = mount.own(own[controller]) if seen else None
        while folder is not None and folder.is_relative_to(mount.point):
            found.append(room_in(folder))
            folder = folder.parent
    return min((left for left in found if left is not None), default=None)


def _own(proc: Path) -> dict[str, str]:
    """The path of our own group for each controller; that of version 2 has an empty name."""
    own = {}
    for line in (proc / "cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        own.update(dict.fromkeys(names.split(","), path))
    return own


@dataclass(frozen=True, slots=True)
class _Mount:
    root: str
    point: Path
    options: frozenset[str]
    version: Kind

    def own(self, path: str) -> Path | None:
        """The folder of the group `path`, if it lies below what is mounted."""
        try:
            return self.point / Path(path).relative_to(self.root)
        except ValueError:
            return None


def _mounts(proc: Path) -> list[_Mount]:
    mounts = []
    for line in (proc / "mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        fields, (kind, _, options) = before.split(), after.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            # Spaces and the like are written as octal numbers.
            root, point = (
                re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), f) for f in fields[3:5]
            )
            version: Kind = "v1" if kind == "cgroup" else "v2"
            mounts.append(_Mount(root, Path(point), frozenset(options.split(",")), version))
    return mounts


def _candidates(own: Mapping[str, str], mounts: list[_Mount]) -> Iterator[Hierarchy]:
    """Places to try, the best first."""
    bases: dict[str, Path] = {}
    tops: dict[str, Path] = {}
    for mount in mounts:
        for controller in mount.options & {"memory", "pids", "cpuacct"} & own.keys():
            folder = mount.own(own[controller])
            if mount.version == "v1" and folder is not None and folder.is_dir():
                bases[controller], tops[controller] = folder, mount.point
    if bases.keys() >= _NEEDED:
        yield Hierarchy("v1", bases, tuple(dict.fromkeys(tops.values())))
        needed = {c: bases[c] for c in sorted(_NEEDED)}
        yield Hierarchy("v1", needed, tuple(dict.fromkeys(tops[c] for c in needed)))
    for mount in mounts:
        base = mount.own(own[""]) if mount.version == "v2" and "" in own else None
        if base is None or not base.is_dir():
            continue
        for folder in (base, *base.parents):
            # The nearest above us that already hands its controllers down: nobody need move.
            if _words(folder / "cgroup.subtree_control") >= _NEEDED:
                yield Hierarchy("v2", {"cgroup": folder}, (mount.point,))
            if folder == mount.point:
                break
        if _words(base / "cgroup.controllers") >= _NEEDED and _settle(base):
            yield Hierarchy("v2", {"cgroup": base}, (mount.point,))


def _words(path: Path) -> set[str]:
    try:
        return set(path.read_text().split())
    except OSError:
        return set()


def _settle(base: Path) -> bool:
    """Hand the controllers of our own group down to groups below it.

    The kernel wants a group free of processes for that, but for the root of all. Ours is freed
    only if in it there is nobody but us, who started us, and whom we started.
    """
    home = base / _HOME
    moved: list[int] = []
    try:
        if (base / "cgroup.type").exists():  # the root of all has none
            with suppress(FileExistsError):
                make(home)
            for _ in range(3):  # somebody may be forking
                pids = {int(p) for p in _words(base / "cgroup.procs")}
                if not pids:
                    break
                if not _ours(pids):
                    raise PermissionError
                for pid in pids:
                    with suppress(ProcessLookupError):
                        write(home / "cgroup.procs", str(pid))
                        moved.append(pid)
        write(base / "cgroup.subtree_control", "+memory +pids")
    except OSError:
        for pid in moved:
            with suppress(OSError):
                write(base / "cgroup.procs", str(pid))
        with suppress(OSError):
            unmake(home)
        return False
    return True


def _ours(pids: set[int]) -> bool:
    """Whether of these nobody is a stranger: all descend from an ancestor of ours among them."""
    top = os.getpid()
    while (parent := metering.parent(top)) in pids:
        top = parent
    return pids <= {p.pid for p in metering.tree(top)}


def _named(top: Path) -> list[Path]:
    """Every folder below `top` that is named like a group of a grader."""
    found: list[Path] = []
    left, looked = [top], 0
    while left and looked < _MAX_SWEPT:
        looked += 1
        with suppress(OSError), os.scandir(left.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    (found if _NAME.fullmatch(entry.name) else left).append(Path(entry.path))
    return found


def _sweep(folder: Path) -> bool:
    match = _NAME.fullmatch(folder.name)
    assert match  # found by this pattern
    try:
        if metering.started(int(match[1])) == int(match[2]):
            return False
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            empty(folder, time.monotonic() + 5)
            unmake(folder)
        finally:
            os.close(fd)
    except (OSError, SandboxFault):
        return False
    return True
