"""Keep a program on a leash where there is no PID namespace: `python -I -S warden.py FD`.

The warden starts one program and outlives it only to end whatever it left behind: children,
daemons that detached themselves, a storm of forks. It does so when the program has ended, and
when the control pipe closes, which happens also when the grader is killed with SIGKILL.

Whoever loses his parent beneath a child subreaper becomes the subreaper's child. So, when the
warden has no child left, nothing is left. What could get away from it is a process that forks
faster than a list of processes can be read; the kernel's own `kill(-1)` cannot be outrun, as
no fork completes while a kill is pending. It reaches exactly the right ones if the warden may
signal nobody else: as root under the job's user id, otherwise in a Landlock scope.

The descriptor holds a JSON object: `child`, a plan of `enter.py`; `control`, the descriptor of
the pipe; `uid`, a user id that only this job has, or null. The exit status is the child's, or
128 and the number of the signal that ended it, or 97 if it could not be started.

This runs as a bare file, outside the package: it uses the standard library and the files beside.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import NoReturn

_SET_CHILD_SUBREAPER = 36
_PROC = Path("/proc")
#: Seconds after the first blow, growing with each, at what is slow to die.
_PAUSE = 0.003
#: After so many, whatever is left is looked for one by one.
_STUBBORN = 10
#: In one go: some could keep us busy with their dead.
_BURIALS = 1_000
#: Lists of processes read, at most, until a pass finds nobody to stop.
_PASSES = 50


def main() -> NoReturn:
    """Take the plan from the descriptor that the command line names, and carry it out."""
    enter = ModuleType("enter")  # isolated Python does not look beside this file by itself
    enter.__file__ = str(Path(__file__).with_name("enter.py"))
    SourceFileLoader(enter.__name__, enter.__file__).exec_module(enter)
    try:
        plan = enter.read_plan(sys.argv[1])
        child, control, uid = plan["child"], int(plan["control"]), plan.get("uid")
        if uid is not None and uid in (0, os.getuid()):
            raise ValueError(f"the user id {uid} is not the job's alone")
        with suppress(PermissionError):  # it leads a session already
            os.setsid()
        _become_subreaper()
        strike = _weapon(uid, enter.load_beside("landlock"))
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        enter.fail(f"the warden: {type(error).__name__}: {error}")
    woken = _listen()
    warden = os.getpid()
    try:
        pid = os.fork()
    except OSError as error:
        enter.fail(f"the warden: {error}")
    if pid == 0:
        enter.enter({**child, "leash": warden})
    # Nothing is held open whose end somebody waits for.
    enter.close_all_but({2, control, *woken})
    status = _watch(pid, control, woken[0])
    left = _clear(strike)
    status = left.get(pid, 0) if status is None else status
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _watch(pid: int, control: int, woken: int) -> int | None:
    """Bury the dead until the program ends (its wait status) or its time is over (None)."""
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(woken, select.POLLIN)
    while True:
        ready = {fd for fd, _ in poll.poll()}
        if control in ready:
            return None
        signals = os.read(woken, 512)
        # Children first: an end that the program came to itself is its own.
        if (status := _bury().get(pid)) is not None:
            return status
        if set(signals) - {signal.SIGCHLD}:
            return None


def _clear(strike: Callable[[], None]) -> dict[int, int]:
    """Kill until no child is left; the wait statuses of those who died."""
    dead: dict[int, int] = {}
    blows = 0
    while True:
        strike()
        blows += 1
        if blows % _STUBBORN == 0:  # such as a child that has not taken on the job's user id
            _kill_tree()
        time.sleep(_PAUSE * min(blows, _STUBBORN))
        buried = _bury()
        dead |= buried
        if -1 in buried:
            return dead


def _bury() -> dict[int, int]:
    """Wait statuses of those who died by now; with the key -1 if no child is left."""
    dead: dict[int, int] = {}
    try:
        for _ in range(_BURIALS):
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            dead[pid] = status
    except ChildProcessError:
        dead[-1] = 0
    return dead


def _weapon(uid: int | None, landlock: ModuleType) -> Callable[[], None]:
    """What kills all descendants, the best that there is here."""
    if os.geteuid() == 0 and uid is not None:
        return lambda: _kill_user(uid)
    if landlock.confine_signals() and not _reaches(os.getppid()):
        return _kill_reachable
    return _kill_tree


def _reaches(pid: int) -> bool:
    """Whether this process may signal another.

    Asked before `kill(-1)` about one that must live: were it wrong that only the job is within
    reach, everything of the user, or of the whole machine, would die.
    """
    try:
        os.kill(pid, 0)
    except PermissionError:
        return False
    return True


def _kill_user(uid: int) -> None:
    """Kill every process of a user id, from a child that has become that user and no more."""
    warden = os.getpid()
    try:
        if os.fork():
            return  # buried with the others; should it be stopped or killed, another follows
    except OSError:  # the job has used up what processes there may be
        _kill_tree()
        return
    try:
        os.setresuid(uid, uid, uid)
        if not _reaches(warden):
            _kill_reachable()
    finally:
        os._exit(0)


def _kill_reachable() -> None:
    """Kill whatever this process may signal, but itself."""
    with suppress(OSError):  # there is nobody
        os.kill(-1, signal.SIGKILL)


def _kill_tree() -> None:
    """Kill the descendants that a list of processes shows.

    They are stopped first, all of them: who is killed makes room for another to fork into.
    """
    stopped: set[int] = set()
    for _ in range(_PASSES):
        moving = _descendants(os.getpid()) - stopped
        if not moving:
            break
        for pid in moving:
            _signal(pid, signal.SIGSTOP)
        stopped |= moving
    for pid in stopped:
        _signal(pid, signal.SIGKILL)


def _signal(pid: int, number: int) -> None:
    with suppress(OSError):
        os.kill(pid, number)


def _descendants(root: int) -> set[int]:
    """All beneath a process. What looks dead may have threads that live."""
    children: dict[int, list[int]] = {}
    for entry in os.scandir(_PROC):
        if entry.name.isdecimal():
            with suppress(OSError):
                stat = (_PROC / entry.name / "stat").read_bytes()
                # A program's name is in brackets, and may have any of its own in it.
                parent = int(stat[stat.rindex(b")") + 2 :].split(None, 2)[1])
                children.setdefault(parent, []).append(int(entry.name))
    found: set[int] = set()
    todo = [root]
    while todo:
        new = children.get(todo.pop(), [])
        found.update(new)
        todo += new
    return found


def _listen() -> tuple[int, int]:
    """A pipe that says which signals came: a child's death, and requests to end."""
    read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return read, write


def _become_subreaper() -> None:
    one, zero = ctypes.c_ulong(1), ctypes.c_ulong(0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_CHILD_SUBREAPER, one, zero, zero, zero):
        raise OSError(ctypes.get_errno(), "no child subreaper")


if __name__ == "__main__":
    main()
