"""The seccomp filter: which system calls a guest and all that it starts may make.

A hand-assembled classic BPF program, as `bwrap --seccomp FD` and `prctl(PR_SET_SECCOMP)` take it.
It is a list of what is refused, not of what is allowed: Python, Java and their libraries call far
too much for the latter. Refused is what no lab needs and what has let programs out of sandboxes:
mounts, namespaces, other processes' memory, kernel interfaces for administrators, and young or
rare parts of the kernel. A refused call fails with an error that programs know how to meet.
"""

from __future__ import annotations

import errno
import platform
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from grader.errors import SandboxFault
from grader.sandbox.calls import DECIDED, MODES, REFUSED, SHARED, UNKNOWN

#: Machine to its column of the tables and its AUDIT_ARCH number.
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
#: The bit that marks the x32 calls of an x86-64 kernel.
_X32 = 0x4000_0000

# Of every namespace that clone can make: mount, cgroup, uts, ipc, user, pid, net.
_CLONE_NEW = 0x0002_0000 | 0x0200_0000 | 0x0400_0000 | 0x0800_0000 | 0x7000_0000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C  # type into the terminal that the grader runs in
_MSG_FASTOPEN = 0x2000_0000
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
_SOCK_STREAM = 1
_SOCK_TYPE = 0xF  # the rest of a type are SOCK_CLOEXEC and SOCK_NONBLOCK
_IPPROTO_TCP = 6

_ALLOW, _KILL, _ERRNO = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
_PRETEND = _ERRNO  # no error: the call has done nothing, and says that it worked
_EPERM = _ERRNO | errno.EPERM
_ENOSYS = _ERRNO | errno.ENOSYS
_EAFNOSUPPORT = _ERRNO | errno.EAFNOSUPPORT
_EOPNOTSUPP = _ERRNO | errno.EOPNOTSUPP

# Of struct seccomp_data. Both machines are little-endian: the low half of an argument is first.
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16

# Of classic BPF.
_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT = 0x15, 0x35, 0x45
_MAX_JUMP = 255


def program(
    machine: str | None = None,
    *,
    datagrams: bool = True,
    shared_ipc: bool = True,
    modes: bool = True,
) -> bytes:
    """The filter as an array of `struct sock_filter`, for this machine unless told another.

    Where no network namespace separates a guest, `datagrams=False` leaves it TCP alone of the
    internet protocols, so that nothing leaves by UDP or raw packets past Landlock's rules. Where
    it runs among other programs of its user, `shared_ipc=False` refuses UNIX sockets (which lead
    to a session bus or a container daemon; socket pairs stay) and System V and POSIX queues. Where
    it sees files of its user, `modes=False` has changes of modes and owners, which Landlock does
    not govern, do nothing: they seem to work, since programs give up where they are refused.

    Raises:
        SandboxFault: no table for this kind of machine.
    """
    machine = machine or platform.machine()
    if machine not in _MACHINES:
        known = " and ".join(_MACHINES)
        raise SandboxFault(f"the system call filter knows {known}, not {machine}")
    column, arch = _MACHINES[machine]
    code = _Assembler()
    code.load(_ARCH)
    code.unless(_IF_EQUAL, arch, _KILL)
    code.load(_NUMBER)
    if machine == "x86_64":
        code.when(_IF_AT_LEAST, _X32, _KILL)
    refused = REFUSED if shared_ipc else REFUSED | SHARED
    pretended = {} if modes else MODES
    for calls, verdict in ((refused, _EPERM), (UNKNOWN, _ENOSYS), (pretended, _PRETEND)):
        for numbers in calls.values():
            if (number := numbers[column]) is not None:
                code.when(_IF_EQUAL, number, verdict)
    for name, numbers in DECIDED.items():
        if (number := numbers[column]) is not None:
            code.skip_unless_equal(number, f"after {name}")
            if name == "socket":
                _socket(code, datagrams, shared_ipc)
            else:
                _argument(code, name)
            code.back(_ALLOW)
            code.label(f"after {name}")
    code.back(_ALLOW)
    return code.assemble()


def _argument(code: _Assembler, name: str) -> None:
    """Refuse a call for one of its arguments. Only the low 32 bits count in all of them."""
    if name == "clone":
        code.argument(0)
        code.when(_IF_ANY_BIT, _CLONE_NEW, _EPERM)
    elif name == "personality":  # Java asks for its own; others switch off address randomization
        code.argument(0)
        code.when(_IF_EQUAL, 0xFFFF_FFFF, _ALLOW)
        code.unless(_IF_EQUAL, 0, _EPERM)
    elif name == "prlimit64":  # another process of the same user, such as the grader
        code.argument(0)
        code.unless(_IF_EQUAL, 0, _EPERM)
    elif name == "ioctl":
        code.argument(1)
        code.when(_IF_EQUAL, _TIOCSTI, _EPERM)
        code.when(_IF_EQUAL, _TIOCLINUX, _EPERM)
    elif name in ("mknod", "mknodat"):
        code.argument(1 if name == "mknod" else 2)
        code.mask(0o170000)
        code.when(_IF_EQUAL, stat.S_IFCHR, _EPERM)
        code.when(_IF_EQUAL, stat.S_IFBLK, _EPERM)
    else:  # sending: a TCP connection opened this way passes by Landlock's rules
        code.argument(2 if name == "sendmsg" else 3)
        code.when(_IF_ANY_BIT, _MSG_FASTOPEN, _EOPNOTSUPP)


def _socket(code: _Assembler, datagrams: bool, shared_ipc: bool) -> None:
    """Refuse families that no lab needs, and what `program` was told to."""
    code.argument(0)
    code.when(_IF_EQUAL, _AF_NETLINK, _ALLOW)
    if shared_ipc:
        code.when(_IF_EQUAL, _AF_UNIX, _ALLOW)
    code.jump_if_equal(_AF_INET, "internet")
    code.unless(_IF_EQUAL, _AF_INET6, _EAFNOSUPPORT)
    code.label("internet")
    if datagrams:
        return
    code.argument(1)
    code.mask(_SOCK_TYPE)
    code.unless(_IF_EQUAL, _SOCK_STREAM, _EPERM)
    code.argument(2)  # SCTP and MPTCP are streams too, and no TCP to Landlock
    code.when(_IF_EQUAL, 0, _ALLOW)
    code.unless(_IF_EQUAL, _IPPROTO_TCP, _EPERM)


@dataclass
class _Assembler:
    """Instructions with labels, resolved at the end.

    A jump reaches 255 instructions, and only forward. Each stands beside what it decides, so a
    distance is that of one block, never that of the program.
    """

    _code: list[tuple[int, int, str | int, str | int]] = field(default_factory=list)
    _labels: dict[str, int] = field(default_factory=dict)

    def load(self, offset: int) -> None:
        """Take the word at `offset` of the call's data."""
        self._code.append((_LOAD, offset, 0, 0))

    def argument(self, index: int) -> None:
        """Take the low half of an argument."""
        self.load(_ARGUMENTS + 8 * index)

    def mask(self, bits: int) -> None:
        """Keep these bits of what was taken."""
        self._code.append((_AND, bits, 0, 0))

    def back(self, verdict: int) -> None:
        """End with a verdict."""
        self._code.append((_RETURN, verdict, 0, 0))

    def when(self, test: int, value: int, verdict: int) -> None:
        """End with a verdict if the test holds, else go on."""
        self._code.append((test, value, 0, 1))
        self.back(verdict)

    def unless(self, test: int, value: int, verdict: int) -> None:
        """End with a verdict if the test fails, else go on."""
        self._code.append((test, value, 1, 0))
        self.back(verdict)

    def jump_if_equal(self, value: int, label: str) -> None:
        """Go on at `label` if what was taken is `value`."""
        self._code.append((_IF_EQUAL, value, label, 0))

    def skip_unless_equal(self, value: int, label: str) -> None:
        """Go on at `label` if what was taken is not `value`."""
        self._code.append((_IF_EQUAL, value, 0, label))

    def label(self, name: str) -> None:
        """Name the next instruction."""
        self._labels[name] = len(self._code)

    def assemble(self) -> bytes:
        """The program as the kernel takes it."""
        return b"".join(self._instructions())

    def _instructions(self) -> Iterator[bytes]:
        for at, (code, value, if_true, if_false) in enumerate(self._code):
            distances = [self._distance(at, target) for target in (if_true, if_false)]
            yield struct.pack("=HBBI", code, *distances, value)

    def _distance(self, at: int, target: str | int) -> int:
        distance = self._labels[target] - at - 1 if isinstance(target, str) else target
        assert 0 <= distance <= _MAX_JUMP, target  # a fact of the tables above, not of any input
        return distance
