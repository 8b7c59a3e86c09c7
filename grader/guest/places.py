"""Where things are for a guest.

Behind bubblewrap a lab's workspace is always `/workspace`. Where a tier has no view of the file
system of its own it lies elsewhere; there `/workspace` in the student's file, in what a check
passes and in what comes back stands for the real place, so that the same file works everywhere.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "/workspace"
SHARED = Path("/dev/shm")


@dataclass(frozen=True, slots=True)
class Places:
    """Folders of a guest: the lab's own, the student's, one for temporary files."""

    workspace: Path
    submission: Path
    tmp: Path

    @classmethod
    def of(cls, start: dict[str, Any]) -> Places:
        """As the host says."""
        return cls(Path(start["workspace"]), Path(start["submission"]), Path(start["tmp"]))

    @property
    def inputs(self) -> Path:
        """What the lab's fixture wrote for the student."""
        return self.workspace / "inputs"

    def temporary(self) -> set[Path]:
        """What lies where temporary files are, shared memory among them where that is our own."""
        folders = [self.tmp, self.tmp / "home"]
        if str(self.workspace) == NAME:
            folders.append(SHARED)
        return {path for folder in folders if folder.is_dir() for path in folder.iterdir()}

    def clear_tmp(self, keep: set[Path]) -> str:
        """Remove temporary files, but for `keep`; what went wrong, or nothing."""
        found = self.temporary()
        for path in found - keep:
            with suppress(OSError, RecursionError):
                if path.is_dir() and not path.is_symlink():
                    _unlock(path)
                    shutil.rmtree(path)
                else:
                    path.unlink()
        if self.temporary() - keep:
            return "temporary files cannot be removed"
        return "" if keep <= found else "temporary files of the keeper's are gone"

    def real(self, value: Any) -> Any:
        """`value`, text, bytes or JSON, with the real place for `/workspace`."""
        real = str(self.workspace)
        return value if real == NAME else _replaced(value, NAME, real)

    def shown(self, value: Any) -> Any:
        """`value`, JSON, with `/workspace` for the real places of the lab's folder."""
        for real in (os.path.realpath(self.workspace), str(self.workspace)):
            if real != NAME:
                value = _replaced(value, real, NAME)
        return value


def private_copy(source: Path, target: Path) -> Path | None:
    """A copy of a lab's SQLite file, since SQLite writes beside it; None if it is no file.

    An earlier copy is written over in place: who has it open reads on in the new one.
    """
    if source.is_symlink() or not source.is_file():
        target.unlink(missing_ok=True)
        return None
    return Path(shutil.copyfile(source, target))


def _unlock(folder: Path) -> None:
    """Let us remove what is in a folder of ours, whatever its mode."""
    folder.chmod(0o700)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            _unlock(path)


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, bytes):
        return value.replace(old.encode(), new.encode())
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, list):
        return [_replaced(v, old, new) for v in value]
    if isinstance(value, dict):
        return {_replaced(k, old, new): _replaced(v, old, new) for k, v in value.items()}
    return value
