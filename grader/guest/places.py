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

    def clear_tmp(self, keep: set[Path]) -> None:
        """Remove what lies in the folder of temporary files, but for `keep`."""
        for path in set(self.tmp.iterdir()) - keep:
            with suppress(OSError):  # what stays takes room, no more
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()

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
