"""Give up rights and become another program: run as `python -I -S enter.py FD`.

The descriptor holds a plan in JSON. Everything that a child must do to itself between fork and
exec is done here, in a process of its own, so that the grader needs no `preexec_fn`. Whatever
fails before the program starts is told in one line on standard error, with exit status 97.

This runs as a bare file, outside the package: it uses the standard library and `landlock.py`
beside it.
"""

from __future__ import annotations

import base64
import ctypes
import json
import os
import resource
import signal
import sys
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

#: Exit status of what could not be started.
COULD_NOT_START = 97

_SET_PARENT_DEATH_SIGNAL, _SET_SECCOMP, _DROP_BOUND, _SET_NO_NEW_PRIVS = 1, 22, 24, 38
_AMBIENT, _AMBIENT_CLEAR_ALL = 47, 4
_SECCOMP_FILTER = 2
_CAPABILITY_VERSION_3 = 0x2008_0522

_libc = ctypes.CDLL(None, use_errno=True)


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _SeccompProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def main() -> NoReturn:
    """Take the plan from the descriptor that the command line names, and carry it out."""
    try:
        plan = read_plan(sys.argv[1])
    except (OSError, ValueError, IndexError) as error:
        fail(f"no plan: {error}")
    enter(plan)


def read_plan(fd: str) -> dict[str, Any]:
    """The plan that a descriptor holds, which is closed.

    Raises:
        OSError, ValueError: there is none.
    """
    with os.fdopen(int(fd), encoding="utf-8") as file:
        plan = json.load(file)
    if not isinstance(plan, dict):
        raise ValueError("not a JSON object")
    return plan


def fail(message: str) -> NoReturn:
    """End with one line on standard error and the status of what could not start."""
    line = " ".join(message.split())
    with suppress(OSError):
        os.write(2, f"sandbox: {line}\n".encode("utf-8", "backslashreplace"))
    os._exit(COULD_NOT_START)


def enter(plan: dict[str, Any]) -> NoReturn:
    """Carry out a plan in this process, and become `argv` with the environment `env`.

    `argv[0]` is the program's absolute path. These two are needed, all else is optional:

    - `keep`: descriptors to leave open beside 0, 1 and 2.
    - `leash`: the id of the parent with which this process is to die.
    - `join`: files `cgroup.procs` of control groups to join, with all that is started.
    - `oom_score_adj`, `umask`, `cwd`: as the kernel takes them.
    - `rlimits`: names, such as `NOFILE`, to a number or a pair of soft and hard.
    - `uid`, `gid`: the user and the group to become. Capabilities go in any case.
    - `landlock`: `read` and `write`, lists of paths, and `tcp`, a pair of ports or null.
    - `seccomp`: a program in base64.
    """
    doing = ["the plan"]
    try:
        _steps(plan, doing)
        doing.append(f"starting {plan['argv'][0]}")
        os.execve(plan["argv"][0], plan["argv"], plan["env"])
    # Whatever it is, nothing may run on in this process, least of all with rights left.
    except BaseException as error:
        fail(f"{doing[-1]}: {type(error).__name__}: {error}")


def _steps(plan: dict[str, Any], doing: list[str]) -> None:
    """Everything but exec. The last of `doing` says at what it was when it failed."""
    doing.append("session and signals")
    with suppress(PermissionError):  # it leads a session already
        os.setsid()
    _default_signals()
    doing.append("descriptors")
    keep = {0, 1, 2, *plan.get("keep", ())}
    close_all_but(keep)
    for fd in keep:
        os.set_inheritable(fd, True)
    doing.append("control groups")
    for path in plan.get("join", ()):
        Path(path).write_text("0", encoding="ascii")
    if (score := plan.get("oom_score_adj")) is not None:
        doing.append("oom_score_adj")
        Path("/proc/self/oom_score_adj").write_text(str(int(score)), encoding="ascii")
    doing.append("resource limits")
    for name, value in plan.get("rlimits", {}).items():
        doing[-1] = f"resource limit {name}"
        pair = value if isinstance(value, list) else [value, value]
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), _at_most_hard(name, *pair))
    doing.append("no_new_privs")
    _prctl(_SET_NO_NEW_PRIVS, 1)
    doing.append("bounding set")
    _drop_bounds()
    if (rules := plan.get("landlock")) is not None:
        # Before the change of user: paths are opened with the rights that there are.
        doing.append("Landlock")
        tcp = rules.get("tcp")
        load_beside("landlock").restrict(
            rules["read"], rules["write"], tcp=tuple(tcp) if tcp else None
        )
    doing.append("user and capabilities")
    _drop(plan.get("uid"), plan.get("gid"))
    if (parent := plan.get("leash")) is not None:
        doing.append("leash")  # after the change of user, which would undo it
        _prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:
            raise ProcessLookupError("the parent is gone")
    if (cwd := plan.get("cwd")) is not None:
        doing.append("folder")
        os.chdir(cwd)
    if (mask := plan.get("umask")) is not None:
        os.umask(mask)
    if code := plan.get("seccomp"):
        doing.append("seccomp")
        _filter(base64.b64decode(code, validate=True))


def load_beside(name: str) -> ModuleType:
    """A module of this folder by its path: isolated Python does not look there by itself."""
    module = ModuleType(name)
    module.__file__ = str(Path(__file__).with_name(f"{name}.py"))
    SourceFileLoader(name, module.__file__).exec_module(module)
    return module


def _default_signals() -> None:
    """Undo what Python ignores and what the parent blocked: both would outlive exec."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def close_all_but(keep: set[int]) -> None:
    """Close every descriptor of this process that is not to be kept."""
    for entry in list(Path("/proc/self/fd").iterdir()):
        if int(entry.name) not in keep:
            with suppress(OSError):  # the one with which the folder was listed
                os.close(int(entry.name))


def _at_most_hard(name: str, soft: int, hard: int) -> tuple[int, int]:
    """The limits, but none beyond the hard limit that holds already."""
    _, most = resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))
    if most == resource.RLIM_INFINITY:
        return soft, hard
    unlimited = resource.RLIM_INFINITY
    hard = most if hard == unlimited else min(hard, most)
    return hard if soft == unlimited else min(soft, hard), hard


def _drop_bounds() -> None:
    """Give up every capability that an exec could gain."""
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text(encoding="ascii"))
    with suppress(PermissionError):  # an ordinary user may not, and has none to gain
        for capability in range(last + 1):
            _prctl(_DROP_BOUND, capability)


def _drop(uid: int | None, gid: int | None) -> None:
    """Become the user and the group, and give up every capability there is."""
    if gid is not None:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
    if uid is not None:
        os.setresuid(uid, uid, uid)
    _prctl(_AMBIENT, _AMBIENT_CLEAR_ALL)
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    _checked(_libc.capset(ctypes.byref(header), (ctypes.c_uint32 * 6)()))


def _filter(code: bytes) -> None:
    program = _SeccompProgram(len(code) // 8, code)
    zero = ctypes.c_ulong(0)
    _checked(
        _libc.prctl(
            _SET_SECCOMP, ctypes.c_ulong(_SECCOMP_FILTER), ctypes.byref(program), zero, zero
        )
    )


def _prctl(option: int, value: int) -> None:
    zero = ctypes.c_ulong(0)
    _checked(_libc.prctl(option, ctypes.c_ulong(value), zero, zero, zero))


def _checked(result: int) -> None:
    if result:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


if __name__ == "__main__":
    main()
