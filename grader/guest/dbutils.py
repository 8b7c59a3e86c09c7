"""`dbutils`: files and widgets, and what other modules add. Paths live in the lab's workspace.

`dbfs:/x`, `/dbfs/x` and `/x` all mean the same place, as they do on Databricks.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.guest.notebooks import NotebookExit, Shelf, Workflow
from grader.guest.secrets_scopes import PLACE, Secrets
from grader.guest.task_values import Jobs, TaskValues

__all__ = ["DBUtils", "FileInfo", "NotebookExit"]


@dataclass(frozen=True)
class FileInfo:
    """One entry of `dbutils.fs.ls`. `size` is in bytes, `modificationTime` in ms."""

    path: str
    name: str
    size: int
    modificationTime: int  # noqa: N815 - the name is Databricks'

    def isDir(self) -> bool:  # noqa: N802 - the name is Databricks'
        """Whether it is a folder."""
        return self.name.endswith("/")


class _FS:
    def __init__(self, root: Path) -> None:
        self._root = root

    def _local(self, path: str) -> Path:
        plain = str(path)
        for scheme in ("dbfs:", "file:"):
            plain = plain.removeprefix(scheme)
        if plain.startswith("/workspace/") or plain.startswith("/tmp/"):
            return Path(plain)
        if plain == "/dbfs" or plain.startswith("/dbfs/"):
            plain = plain.removeprefix("/dbfs")
        return self._root / plain.lstrip("/")

    def ls(self, path: str) -> list[FileInfo]:
        """The entries of a folder."""
        folder = self._local(path)
        if not folder.exists():
            raise FileNotFoundError(f"No such file or directory: {path}")
        entries = sorted(folder.iterdir()) if folder.is_dir() else [folder]
        infos = []
        for e in entries:
            stat = e.stat()
            name = e.name + ("/" if e.is_dir() else "")
            full = f"{path.rstrip('/')}/{name}" if folder.is_dir() else path
            infos.append(
                FileInfo(full, name, 0 if e.is_dir() else stat.st_size, int(stat.st_mtime * 1000))
            )
        return infos

    def mkdirs(self, path: str) -> bool:
        """Make a folder and its parents."""
        self._local(path).mkdir(parents=True, exist_ok=True)
        return True

    def put(self, path: str, contents: str, overwrite: bool = False) -> bool:
        """Write a text file."""
        target = self._local(path)
        if target.exists() and not overwrite:
            raise FileExistsError(f"{path} exists; pass overwrite=True")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(contents, encoding="utf-8")
        return True

    def head(self, path: str, max_bytes: int = 65536) -> str:
        """The beginning of a text file."""
        with self._local(path).open("rb") as handle:
            return handle.read(max_bytes).decode("utf-8", "replace")

    def rm(self, path: str, recurse: bool = False) -> bool:
        """Remove a file, or a folder with `recurse`."""
        target = self._local(path)
        if not target.exists():
            return False
        if target.is_dir():
            if not recurse and any(target.iterdir()):
                raise OSError(f"{path} is not empty; pass recurse=True")
            shutil.rmtree(target)
        else:
            target.unlink()
        return True

    def cp(self, source: str, target: str, recurse: bool = False) -> bool:
        """Copy a file, or a folder with `recurse`."""
        a, b = self._local(source), self._local(target)
        b.parent.mkdir(parents=True, exist_ok=True)
        if a.is_dir():
            if not recurse:
                raise OSError(f"{source} is a folder; pass recurse=True")
            shutil.copytree(a, b, dirs_exist_ok=True)
        else:
            shutil.copy2(a, b)
        return True

    def mv(self, source: str, target: str, recurse: bool = False) -> bool:
        """Move a file, or a folder with `recurse`."""
        return self.cp(source, target, recurse) and self.rm(source, recurse)


class _Widgets:
    def __init__(self, given: Mapping[str, str]) -> None:
        self._values = dict(given)

    def text(self, name: str, default: str = "", label: str = "") -> None:
        """Declare a widget; a value given before stays."""
        self._values.setdefault(name, default)

    def dropdown(self, name: str, default: str, choices: list[str], label: str = "") -> None:
        """Declare a widget with choices."""
        if default not in choices:
            raise ValueError(f"{default!r} is not one of the choices of {name!r}")
        self._values.setdefault(name, default)

    combobox = multiselect = dropdown

    def get(self, name: str) -> str:
        """A widget's value."""
        if name not in self._values:
            raise ValueError(f"no widget is named {name!r}; declare it first")
        return self._values[name]

    def getAll(self) -> dict[str, str]:  # noqa: N802 - the name is Databricks'
        """All widgets' values."""
        return dict(self._values)

    def remove(self, name: str) -> None:
        """Remove a widget."""
        self._values.pop(name, None)

    def removeAll(self) -> None:  # noqa: N802 - the name is Databricks'
        """Remove all widgets."""
        self._values.clear()


class DBUtils:
    """The object behind the name `dbutils`. `root` is the folder that stands for DBFS."""

    def __init__(
        self,
        root: Path,
        shelf: Shelf | None = None,
        names: Mapping[str, Any] | None = None,
        given: Mapping[str, str] | None = None,
        values: TaskValues | None = None,
    ) -> None:
        """Notebooks come from `shelf` and get their engines from `names`, the caller's own.

        `given` are parameters that a run was started with, `values` those of a job's other tasks.
        """
        root.mkdir(parents=True, exist_ok=True)
        self.fs = _FS(root)
        self.widgets = _Widgets(given or {})
        self.notebook = Workflow(
            shelf, names, lambda more: DBUtils(root, shelf, names, more, values)
        )
        self.secrets = Secrets(shelf.places.workspace / PLACE if shelf else None)
        self.jobs = Jobs(values)
