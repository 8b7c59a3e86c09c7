"""Temporary folders of a grader: all below one run folder, which goes when the grader goes.

A run folder is held by a locked file beside it. The lock ends with the process, however it ends,
so that a later grader finds what a killed one left and removes it, and never what is in use.
"""

from __future__ import annotations

import atexit
import errno
import fcntl
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from grader.errors import SandboxFault
from grader.sandbox.metering import started
from grader.sandbox.walking import open_folder

#: Others may pass through, as guests under a user id of their own do, but not list.
_MODE = 0o711
_LOCK = ".lock"
_TRIES = 20


@dataclass(frozen=True, slots=True)
class _Run:
    pid: int
    folder: Path
    lock: int


_run: _Run | None = None


def folder(prefix: str) -> Path:
    """A new, empty folder of mode 0711 whose name begins with `prefix`, in this process's own run.

    Raises:
        SandboxFault: none can be made.
    """
    try:
        return _new(_own_run().folder, f"{prefix}-")
    except OSError as error:
        where = tempfile.gettempdir()
        raise SandboxFault(f"no temporary folder can be made in {where}: {error}") from error


def discard(path: Path) -> bool:
    """Remove a folder of this run with everything in it; whether it is gone.

    Whatever a guest left: folders without permissions, deeper than a path can say, links, which
    are not followed. What does not go now goes with the run, or at the next sweep.

    Raises:
        ValueError: the folder is none of this run's.
    """
    if _run is None or _run.pid != os.getpid() or path.parent != _run.folder:
        raise ValueError(f"{path} is no folder of this run")
    return _remove(path)


def empty(path: Path) -> None:
    """Remove everything in a folder below this run, but not itself: it may be mounted.

    Raises:
        ValueError: the folder is none below this run.
        SandboxFault: somebody goes on writing in it.
    """
    if _run is None or _run.pid != os.getpid() or not path.is_relative_to(_run.folder):
        raise ValueError(f"{path} is no folder of this run")
    within = open_folder(path.parent)
    try:
        _flatten(path.name, within)
    except OSError as error:
        raise SandboxFault(f"a folder cannot be emptied: {error}") from error
    finally:
        os.close(within)


def sweep() -> int:
    """Remove what graders of this user left that are no more; how many runs were removed."""
    swept = 0
    for base in _bases():
        names = {p.name.removesuffix(_LOCK) for p in base.glob("run-*")}
        swept += sum(_sweep(base / name) for name in sorted(names))
        with suppress(OSError):
            base.rmdir()
    return swept


def end() -> None:
    """Remove this process's run, as its exit does. A later `folder` begins another."""
    global _run
    if _run is None or _run.pid != os.getpid():
        return
    run, _run = _run, None
    atexit.unregister(end)
    if _remove(run.folder):
        with suppress(OSError):
            os.unlink(f"{run.folder}{_LOCK}")  # noqa: PTH108 - a name with a tail
    os.close(run.lock)
    with suppress(OSError):
        run.folder.parent.rmdir()


def _own_run() -> _Run:
    global _run  # noqa: PLW0603 - one run a process, made when it is first needed
    if _run is None or _run.pid != os.getpid():  # a forked child does not share its parent's
        _run = _begin()
        atexit.register(end)
    return _run


def _begin() -> _Run:
    pid = os.getpid()
    for _ in range(_TRIES):
        base = _base()
        path = base / f"run-{pid}-{started(pid)}-{secrets.token_hex(8)}"
        try:
            lock = _locked(path, os.O_CREAT | os.O_EXCL)
            if lock is not None:
                path.mkdir(_MODE)
                path.chmod(_MODE)
                return _Run(pid, path, lock)
        except FileNotFoundError:  # another grader removed the base when it ended
            continue
    raise OSError(errno.EAGAIN, "other graders remove it again and again")


def _base() -> Path:
    """The folder of all runs of this user, made if need be.

    Others may have put something of that name where everybody can write: then a fresh one.
    """
    base = _usual_base()
    with suppress(FileExistsError):
        base.mkdir(_MODE)
    if not _trusted(base):
        base = Path(tempfile.mkdtemp(prefix=f"{base.name}-"))
    if stat.S_IMODE(base.stat().st_mode) != _MODE:
        base.chmod(_MODE)
    return base


def _usual_base() -> Path:
    return Path(tempfile.gettempdir()) / f"lakehouse-grader-{os.geteuid()}"


def _bases() -> Iterator[Path]:
    usual = _usual_base()
    for path in (usual, *usual.parent.glob(f"{usual.name}-*")):
        if _trusted(path):
            yield path


def _trusted(path: Path) -> bool:
    """Whether it is a folder of ours, no link, in which nobody else can write."""
    try:
        info = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(info.st_mode) and info.st_uid == os.geteuid() and not info.st_mode & 0o022


def _new(within: Path, prefix: str) -> Path:
    for _ in range(_TRIES):
        path = within / f"{prefix}{secrets.token_hex(4)}"
        with suppress(FileExistsError):
            path.mkdir(_MODE)
            path.chmod(_MODE)  # whatever the umask
            return path
    raise FileExistsError(errno.EEXIST, "every name is taken")


def _locked(run: Path, flags: int = 0) -> int | None:
    """The lock of a run, which ends when it is closed; None if somebody holds or removed it."""
    fd = os.open(f"{run}{_LOCK}", os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(fd).st_nlink:
            return fd
    except BlockingIOError:
        pass
    os.close(fd)
    return None


def _sweep(run: Path) -> bool:
    """Remove a run if nobody holds it. One without a lock is what was left of a sweep."""
    try:
        lock = _locked(run, os.O_CREAT)
    except OSError:
        return False
    if lock is None:
        return False
    gone = not run.exists() or _remove(run)
    if gone:
        with suppress(OSError):
            os.unlink(f"{run}{_LOCK}")  # noqa: PTH108 - a name with a tail
    os.close(lock)
    return gone


def _remove(path: Path) -> bool:
    """Remove a tree; whether it is gone."""
    for _ in range(3):  # somebody may still be writing
        try:
            within = open_folder(path.parent)
        except OSError:
            return not os.path.lexists(path)
        try:
            with suppress(OSError):
                _flatten(path.name, within)
                os.rmdir(path.name, dir_fd=within)
                return True
        finally:
            os.close(within)
    return not os.path.lexists(path)


def _flatten(name: str, within: int) -> None:
    """Empty a folder without descending: each folder in it is emptied into it, then removed.

    So neither depth nor the length of a path has a limit, and three descriptors are enough.
    """
    top = open_folder(name, within, unlock=True)
    try:
        os.fchmod(top, 0o700)
        fresh = (f"{secrets.token_hex(4)}-{n}" for n in count())
        waiting = _clear(top, None, fresh)
        while waiting:
            folder = waiting.pop()
            fd = open_folder(folder, top, unlock=True)
            try:
                os.fchmod(fd, 0o700)
                waiting += _clear(fd, top, fresh)
            finally:
                os.close(fd)
            os.rmdir(folder, dir_fd=top)
    finally:
        os.close(top)


def _clear(fd: int, top: int | None, fresh: Iterator[str]) -> list[str]:
    """Remove the files of a folder, and move its folders to `top`: their names there."""
    folders = []
    with os.scandir(fd) as entries:
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.name, dir_fd=fd)
            elif top is None:
                folders.append(entry.name)
            else:
                new = next(fresh)
                _move(entry.name, fd, new, top)
                folders.append(new)
    return folders


def _move(name: str, source: int, new: str, target: int) -> None:
    try:
        os.rename(name, new, src_dir_fd=source, dst_dir_fd=target)
    except PermissionError:  # its owner may not write in it, and its parent changes
        fd = open_folder(name, source, unlock=True)
        os.fchmod(fd, 0o700)
        os.close(fd)
        os.rename(name, new, src_dir_fd=source, dst_dir_fd=target)
