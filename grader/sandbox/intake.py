"""Copy a submission, taking in regular files only.

A student's folder may hold anything: links to keys, FIFOs that never end, devices, a terabyte of
holes, names that break terminals. What is copied here is plain files and folders within the
caps; everything else is left behind and named. No link is ever followed: every file is opened
relative to its already opened folder, with O_NOFOLLOW, and looked at after it was opened.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from grader.core.clean import clean_line
from grader.core.grade import Problem
from grader.errors import SubmissionError
from grader.sandbox.walking import BAD_CHARACTER, Twins, sparse

_LONGEST_NAME = 120
#: A file of homework has no megabyte of holes; where files are compressed, real ones look it.
_SPARSE_ABOVE = 1 << 20
#: Left behind without a word: what tools leave in a folder, never a student's answer.
_NOISE = {"__pycache__", ".git", ".ipynb_checkpoints", ".DS_Store", ".pytest_cache", ".venv"}


#: What is graded of a submission.
_GRADED = {"submission.yaml", "answers", "labs"}
#: Complaints that are told one by one.
MAX_TOLD = 50


@dataclass(frozen=True, slots=True)
class Caps:
    """What one submission may bring: files and folders, bytes in all and in one file, depth."""

    files: int = 500
    total: int = 64 << 20
    file: int = 8 << 20
    depth: int = 6


@dataclass(slots=True)
class _State:
    caps: Caps
    files: int = 0
    total: int = 0
    problems: list[Problem] = field(default_factory=list)
    untold: int = 0

    def refuse(self, where: str, why: str) -> None:
        if len(self.problems) < MAX_TOLD:
            self.problems.append(Problem(clean_line(where), f"{why}; it was not taken in"))
        else:
            self.untold += 1


def take_in(source: Path, target: Path, caps: Caps | None = None) -> list[Problem]:
    """Copy `source` into the new folder `target`; what was left behind comes back.

    Raises:
        SubmissionError: `source` cannot be opened.
    """
    caps = caps or Caps()
    state = _State(caps)
    target.mkdir(parents=True)
    target.chmod(0o755)
    try:
        top = os.open(source, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise SubmissionError(f"{source.name} cannot be opened: {error.strerror}") from error
    try:
        _folder(top, target, source.name, 1, state)
    finally:
        os.close(top)
    if state.untold:
        told = f"{state.untold} more files and folders were not taken in"
        state.problems.append(Problem(clean_line(source.name), told))
    return state.problems


def _folder(fd: int, target: Path, where: str, depth: int, state: _State) -> None:
    with os.scandir(fd) as entries:
        names = sorted((e.name for e in entries), key=partial(_rank, depth))
    twins = Twins()
    for name in names:
        place = f"{where}/{name}"
        if name in _NOISE:
            continue
        if len(name) > _LONGEST_NAME or BAD_CHARACTER.search(name):
            state.refuse(place, "has a name with control characters, or one too long")
            continue
        if (twin := twins.of(name)) is not None:
            state.refuse(
                place, f"has the name of {clean_line(twin)!r} but for upper and lower case"
            )
            continue
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            child = os.open(name, flags, dir_fd=fd)
        except OSError as error:
            link = error.errno == 40  # ELOOP: a symbolic link
            state.refuse(place, "is a link" if link else f"cannot be opened ({error.strerror})")
            continue
        try:
            _entry(child, target / name, place, depth, state)
        finally:
            os.close(child)


def _rank(depth: int, name: str) -> tuple[bool, str, str]:
    """What is graded comes first, so that nothing beside it uses up the caps; of two names that
    differ in case alone, the one in lower case."""
    return depth > 1 or name not in _GRADED, name.casefold(), name.swapcase()


def _entry(fd: int, target: Path, where: str, depth: int, state: _State) -> None:
    info = os.fstat(fd)
    caps = state.caps
    if stat.S_ISDIR(info.st_mode):
        if depth >= caps.depth:
            state.refuse(where, f"lies more than {caps.depth} folders deep")
            return
        if state.files >= caps.files:
            state.refuse(where, f"is beyond the {caps.files} files a submission may have")
            return
        state.files += 1
        target.mkdir()
        target.chmod(0o755)
        _folder(fd, target, where, depth + 1, state)
        return
    if not stat.S_ISREG(info.st_mode):
        state.refuse(where, "is not a regular file")
    elif info.st_nlink > 1:
        state.refuse(where, "is a hard link")
    elif info.st_size > caps.file:
        state.refuse(where, f"is larger than {caps.file >> 20} MiB")
    elif sparse(info, _SPARSE_ABOVE) and _has_hole(fd, info.st_size):
        state.refuse(where, "is sparse: it says to be larger than it is")
    elif state.files >= caps.files:
        state.refuse(where, f"is beyond the {caps.files} files a submission may have")
    elif state.total + info.st_size > caps.total:
        state.refuse(where, f"would bring the submission over {caps.total >> 20} MiB")
    else:
        state.files += 1
        state.total += _copy(fd, target, caps.file)


def _has_hole(fd: int, size: int) -> bool:
    """Whether the file system knows of a hole, rather than storing the content smaller."""
    try:
        hole = os.lseek(fd, 0, os.SEEK_HOLE)
        os.lseek(fd, 0, os.SEEK_SET)
    except OSError:  # it cannot tell
        return False
    return hole < size


def _copy(fd: int, target: Path, limit: int) -> int:
    """Copy at most `limit` bytes: a file that still grows is cut, not followed."""
    out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    os.fchmod(out, 0o644)  # whatever the umask: a guest reads it as another user
    done = 0
    try:
        while done < limit and (chunk := os.read(fd, min(1 << 20, limit - done))):
            os.write(out, chunk)
            done += len(chunk)
    finally:
        os.close(out)
    return done
