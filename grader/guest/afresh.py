"""Make a fork look like a new Python process: to the code that runs in it, and to its parent."""

from __future__ import annotations

import atexit
import builtins
import ctypes
import os
import random
import signal
import sys
import threading
import types
import weakref
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1


def end_with(parent: int) -> None:
    """Be killed when `parent`, the process that forked this one, ends; it may have already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def let_go(keep: set[int]) -> None:
    """Hold no open file but the descriptors `keep`.

    The others' numbers stay taken: an object that still has one must not close somebody else's.
    """
    null = os.open(os.devnull, os.O_RDWR)
    for entry in Path("/proc/self/fd").iterdir():
        fd = int(entry.name)
        if fd not in keep | {null}:
            with suppress(OSError):  # the listing's own descriptor is closed by now
                os.fstat(fd)
                os.dup2(null, fd, inheritable=False)


def renew(argv: list[str], env: dict[str, str], cwd: str, streams: dict[int, int]) -> None:
    """Have the arguments, environment, folder and standard streams of another process.

    `streams` are open descriptors, by the number of the stream that each becomes.
    """
    for number, fd in streams.items():
        os.dup2(fd, number)
        os.close(fd)
    if 0 in streams:
        sys.stdin = sys.__stdin__ = open(0, closefd=False)  # type: ignore[misc]  # noqa: SIM115 - lives as long as the process
    sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)  # type: ignore[misc]  # noqa: SIM115 - likewise
    sys.stderr = sys.__stderr__ = open(  # type: ignore[misc]  # noqa: SIM115 - likewise
        2, "w", errors="backslashreplace", buffering=1, closefd=False
    )
    for signum in signal.valid_signals():
        if callable(signal.getsignal(signum)) and signum != signal.SIGINT:
            signal.signal(signum, signal.SIG_DFL)
    # What the forking process does at its end is not for this one to do.
    weakref.finalize._registry.clear()  # type: ignore[attr-defined]  # has no public way
    atexit._clear()
    atexit.register(weakref.finalize._exitfunc)  # type: ignore[attr-defined]  # as `finalize` does
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = argv
    sys.excepthook = sys.__excepthook__


def reseed() -> None:
    """Random numbers as in a new process: a fork would repeat those of the one it is of."""
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


def run(argv: list[str], env: dict[str, str], cwd: str, outputs: list[int]) -> NoReturn:
    """Run the script `argv[0]`, an absolute path, as `python argv...` would, and end.

    `outputs` become standard output and error.
    """
    renew(argv, env, cwd, dict(enumerate(outputs, start=1)))
    loader = SourceFileLoader("__main__", argv[0])
    main = types.ModuleType("__main__")
    main.__dict__.update(
        __builtins__=builtins, __file__=argv[0], __cached__=None, __loader__=loader
    )
    sys.modules["__main__"] = main
    _end(_execute(loader.get_code("__main__"), main.__dict__))


def _execute(code: Any, names: dict[str, Any]) -> int:
    """Execute as Python executes a script; the exit status."""
    try:
        exec(code, names)
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        print(error.code, file=sys.stderr)
        return 1
    except BaseException as error:
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next  # not this frame
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    return 0


def _end(status: int) -> NoReturn:
    """End as Python ends: threads, exit functions, buffers."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]  # what the interpreter itself calls
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status & 0xFF)
