"""Notebooks: find one by its path, and run it as Databricks would, in names of its own.

A notebook is a Python file or an `.ipynb`, in the lab's folder or beside the student's file.
"""

from __future__ import annotations

import re
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from grader.guest.places import NAME, Places

#: What a notebook gets from the one that runs it.
SHARED = ("spark", "sc", "display")
_SUFFIXES = ("", ".py", ".ipynb")
_MAGIC = re.compile(r"%%?(\w+)")


class NotebookExit(SystemExit):
    """What `dbutils.notebook.exit` raises."""


class NotebookError(RuntimeError):
    """A notebook that another one ran failed, or cannot be run."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where notebooks are found: in the lab's folder, in `home` beside the student's file."""

    places: Places
    home: Path

    def find(self, path: str) -> Path:
        """The file of the notebook `path`, with or without its suffix.

        Raises:
            NotebookError: there is none.
        """
        plain = re.sub(r"^(dbfs|file):(//)?", "", path)
        for start in (str(self.places.workspace), NAME, "/Workspace"):
            if plain.startswith(f"{start}/"):
                plain = plain.removeprefix(start)
                break
        for root in (self.places.workspace, self.home, self.places.submission):
            for suffix in _SUFFIXES:
                found = root / f"{plain.lstrip('/')}{suffix}"
                if found.is_file():
                    return found
        raise NotebookError(f"there is no notebook {path!r}")

    def code(self, file: Path) -> types.CodeType:
        """What a notebook's file holds, compiled.

        Raises:
            NotebookError: it holds a cell in another language.
            SyntaxError: it is not Python.
        """
        text = _cells(file) if file.suffix == ".ipynb" else file.read_bytes()
        return compile(self.places.real(text), self.places.shown(str(file)), "exec")


def execute(code: types.CodeType, names: dict[str, Any]) -> str | None:
    """Run a notebook's code; the value it exited with, None at its end.

    Raises:
        BaseException: whatever it raised.
    """
    try:
        exec(code, names)
    except NotebookExit as leaving:
        return str(leaving.code)
    finally:
        sys.stdout.flush()
    return None


class Workflow:
    """`dbutils.notebook`. `utils` makes the `dbutils` of a notebook with its parameters."""

    def __init__(
        self,
        shelf: Shelf | None = None,
        names: Mapping[str, Any] | None = None,
        utils: Callable[[Mapping[str, str]], Any] | None = None,
    ) -> None:
        self._shelf = shelf
        self._names = names or {}
        self._utils = utils

    def exit(self, value: Any = "") -> NoReturn:
        """End the file here, as the end of a notebook run."""
        raise NotebookExit(str(value))

    def run(
        self, path: str, timeout_seconds: int = 0, arguments: Mapping[str, Any] | None = None
    ) -> str:
        """Run another notebook; the value it exited with, as text.

        Raises:
            NotebookError: there is none, it raised, or took more than `timeout_seconds`
                (0 means no limit).
        """
        if self._shelf is None or self._utils is None:
            raise NotebookError("notebooks cannot be run here")
        file = self._shelf.find(path)
        utils = self._utils({k: str(v) for k, v in (arguments or {}).items()})
        shared = {name: self._names[name] for name in SHARED if name in self._names}
        names = {"__name__": "__main__", "__file__": str(file), "dbutils": utils, **shared}
        try:
            with _limit(timeout_seconds):
                return execute(self._shelf.code(file), names) or ""
        except Exception as error:
            told = f"the notebook {path!r} failed: {type(error).__name__}: {error}"
            raise NotebookError(told) from error


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    """Raise a TimeoutError in the block after so many seconds; only the main thread can."""
    if seconds <= 0 or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: Any) -> NoReturn:
        raise TimeoutError(f"it took more than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _cells(file: Path) -> bytes:
    """The Python of an `.ipynb`, without lines for IPython alone."""
    import nbformat

    book = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]  # nbformat's own
    texts = []
    for cell in book.cells:
        if cell.cell_type != "code":
            continue
        magic = _MAGIC.match(cell.source.lstrip())
        if magic and magic[1] == "md":
            continue
        if magic and magic[1] not in ("python", "pip", "load_ext", "matplotlib"):
            raise NotebookError(f"a cell of {file.name} begins with {magic[0]}; only Python runs")
        lines = cell.source.splitlines()
        texts.append("\n".join("" if line.startswith(("%", "!")) else line for line in lines))
    return "\n\n".join(texts).encode()
