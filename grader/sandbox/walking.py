"""Walk a tree that somebody hostile may be changing: by descriptors, never through a link.

What a student hands in, what a guest leaves behind and what is measured or removed afterwards are
walked alike: each folder is opened relative to its already opened parent, with O_NOFOLLOW, so
that no exchange of a folder for a link leads out of the tree. Also the rules for names that
intake and the survey of leftovers share.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

#: What breaks terminals, reports or other systems: controls, a backslash, bytes that are no text.
BAD_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f\\/\ud800-\udfff]")
#: A file is sparse if less than one part in so many of its size is allocated.
_SPARSE = 8


class Entry(NamedTuple):
    """One thing in a tree. `info` is that of a link itself; the root's entries have depth 1.

    `closed` tells a folder that was not entered: it cannot be opened, or lies too deep.
    """

    where: str
    name: str
    info: os.stat_result
    depth: int
    closed: bool


class Twins:
    """The names of one folder, to find those that differ in upper and lower case alone."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def of(self, name: str) -> str | None:
        """The earlier name that a system which ignores case would take for `name`."""
        twin = self._seen.setdefault(name.casefold(), name)
        return twin if twin != name else None


def sparse(info: os.stat_result, above: int) -> bool:
    """Whether a file holds far more than it occupies, by more than `above` bytes."""
    allocated = info.st_blocks * 512
    return info.st_size - allocated > above and allocated * _SPARSE < info.st_size


def open_folder(name: str | Path, within: int | None = None, *, unlock: bool = False) -> int:
    """A descriptor of the folder `name`, in the opened folder `within`; no link is followed.

    `unlock` gives its owner the permission bits that are missing.

    Raises:
        OSError: it is no folder, gone, or not ours to open.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(name, flags, dir_fd=within)
    except PermissionError:
        if not unlock:
            raise
        path = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=within)
        try:
            # Only this way is a folder without permissions changed without following a link.
            os.chmod(f"/proc/self/fd/{path}", 0o700)  # noqa: PTH101 - a descriptor, no path
            return os.open(name, flags, dir_fd=within)
        finally:
            os.close(path)
    return fd


def walk(folder: Path, depth: int, *, unlock: bool = False) -> Iterator[Entry]:
    """Everything below `folder` down to `depth`, a folder before what is in it.

    What vanishes meanwhile is passed over. At most `depth` descriptors are open at a time.

    Raises:
        OSError: `folder` itself cannot be opened.
    """
    opened = [open_folder(folder, unlock=unlock)]
    listings = [_listing(opened[0])]
    places = [""]
    try:
        while listings:
            entry = next(listings[-1], None)
            if entry is None:
                listings.pop()
                places.pop()
                os.close(opened.pop())
                continue
            try:
                info = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            where = places[-1] + entry.name
            level = len(opened)
            fd = None
            if stat.S_ISDIR(info.st_mode) and level < depth:
                with suppress(OSError):
                    fd = open_folder(entry.name, opened[-1], unlock=unlock)
            if fd is None:
                yield Entry(where, entry.name, info, level, stat.S_ISDIR(info.st_mode))
                continue
            opened.append(fd)  # before the caller has a chance to stop: it is closed below
            listings.append(_listing(fd))
            places.append(f"{where}/")
            yield Entry(where, entry.name, info, level, False)
    finally:
        for fd in opened:
            os.close(fd)


def _listing(fd: int) -> Iterator[os.DirEntry[str]]:
    with suppress(OSError), os.scandir(fd) as entries:
        yield from entries
