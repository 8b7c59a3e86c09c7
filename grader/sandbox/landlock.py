"""Landlock: take rights to files and TCP ports from the current thread and all it will start.

No privilege is needed, and nothing gives the rights back. The host asks `abi` what the kernel
offers; the child that is about to run a student's code calls `restrict` on itself. That child is
a bare interpreter which loads this file by its path, so it uses the standard library alone.

What Landlock does not govern: `stat`, `chmod`, `chown` and times of files that the user owns;
UDP; sockets in the file system; the list of processes. The seccomp filter and a user id of the
job's own cover some of it.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

# The same numbers on every machine.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION = 1
_RULE_PATH, _RULE_PORT = 1, 2
_SET_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_TRUNCATE, _IOCTL_DEVICE = 1 << 14, 1 << 15
#: Rights to files that an ABI added: first ABI, mask of all rights from then on.
_FILE_RIGHTS = ((5, (1 << 16) - 1), (3, (1 << 15) - 1), (2, (1 << 14) - 1), (1, (1 << 13) - 1))
_READ = _EXECUTE | _READ_FILE | _READ_DIR
#: What a rule may grant on something that is no folder.
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
_BIND, _CONNECT = 1, 2
_SCOPES = 3  # abstract UNIX sockets, signals
#: From this version on, TCP is governed.
TCP_ABI = 4
#: From this version on, signals cannot leave the sandbox.
SCOPE_ABI = 6

_PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")

_libc = ctypes.CDLL(None, use_errno=True)


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("tcp", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    # The kernel's is packed: without the padding at the end, which it does not read.
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


class _Port(ctypes.Structure):
    _fields_ = (("allowed", ctypes.c_uint64), ("port", ctypes.c_uint64))


def abi() -> int:
    """The kernel's Landlock version, 0 if it has none or has it switched off."""
    found: int = _libc.syscall(
        ctypes.c_long(_CREATE_RULESET),
        None,
        ctypes.c_size_t(0),
        ctypes.c_uint32(_CREATE_RULESET_VERSION),
    )
    return max(found, 0)


def ephemeral_ports() -> tuple[int, int]:
    """First and last of the ports that the kernel picks from when nobody asks for a number."""
    try:
        first, last = map(int, _PORT_RANGE.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return 32_768, 60_999  # what Linux has unless told otherwise
    return first, last


def restrict(
    read: Iterable[str | Path],
    write: Iterable[str | Path],
    *,
    tcp: Sequence[int] | None = None,
) -> None:
    """Leave this thread `read` and `write`, what is beneath them, and TCP to a range of ports.

    `read` includes executing and listing, `write` everything but making device nodes; a path
    that does not exist is skipped. `tcp` is the first and the last port that may be connected to
    and listened on (1.4 microseconds a port); port 0, any free one, may always be listened on.
    None leaves TCP alone. From ABI 6 on, signals and abstract UNIX sockets reach only what is
    restricted with this thread. Older kernels enforce what they know.

    Raises:
        OSError: the kernel has no Landlock, or a path cannot be opened.
    """
    version = abi()
    files = next((mask for first, mask in _FILE_RIGHTS if version >= first), 0)
    with_tcp = tcp is not None and version >= TCP_ABI
    ruleset = _ruleset(files, _BIND | _CONNECT if with_tcp else 0, _scopes(version))
    try:
        for path in read:
            _allow_path(ruleset, path, _READ & files)
        for path in write:
            _allow_path(ruleset, path, files & ~(_MAKE_CHAR | _MAKE_BLOCK))
        if tcp is not None and with_tcp:
            _allow_ports(ruleset, *tcp)
        _apply(ruleset)
    finally:
        os.close(ruleset)


def confine_signals() -> bool:
    """Let this thread signal only what it starts from now on; False if the kernel cannot.

    Raises:
        OSError: Landlock refused.
    """
    scopes = _scopes(abi())
    if not scopes:
        return False
    ruleset = _ruleset(0, 0, scopes)
    try:
        _apply(ruleset)
    finally:
        os.close(ruleset)
    return True


def _scopes(version: int) -> int:
    return _SCOPES if version >= SCOPE_ABI else 0


def _ruleset(files: int, tcp: int, scoped: int) -> int:
    attributes = _Ruleset(files, tcp, scoped)
    return _checked(
        _libc.syscall(
            ctypes.c_long(_CREATE_RULESET),
            ctypes.byref(attributes),
            ctypes.c_size_t(ctypes.sizeof(attributes)),  # zeros that it does not know are fine
            ctypes.c_uint32(0),
        )
    )


def _allow_path(ruleset: int, path: str | Path, rights: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            rights &= _OF_FILES
        _add(ruleset, _RULE_PATH, _Beneath(rights, fd))
    finally:
        os.close(fd)


def _allow_ports(ruleset: int, first: int, last: int) -> None:
    """One rule a port: Landlock knows no ranges."""
    rule = _Port(_BIND, 0)
    _add(ruleset, _RULE_PORT, rule)
    rule.allowed = _BIND | _CONNECT
    call, number, fd = _libc.syscall, ctypes.c_long(_ADD_RULE), ctypes.c_int(ruleset)
    kind, where, flags = ctypes.c_int(_RULE_PORT), ctypes.byref(rule), ctypes.c_uint32(0)
    for port in range(first, last + 1):
        rule.port = port
        if call(number, fd, kind, where, flags):
            _checked(-1)


def _add(ruleset: int, kind: int, rule: ctypes.Structure) -> None:
    _checked(
        _libc.syscall(
            ctypes.c_long(_ADD_RULE),
            ctypes.c_int(ruleset),
            ctypes.c_int(kind),
            ctypes.byref(rule),
            ctypes.c_uint32(0),
        )
    )


def _apply(ruleset: int) -> None:
    one, zero = ctypes.c_ulong(1), ctypes.c_ulong(0)
    _checked(_libc.prctl(_SET_NO_NEW_PRIVS, one, zero, zero, zero))
    _checked(
        _libc.syscall(ctypes.c_long(_RESTRICT_SELF), ctypes.c_int(ruleset), ctypes.c_uint32(0))
    )


def _checked(result: int) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"Landlock: {os.strerror(error)}")
    return result
