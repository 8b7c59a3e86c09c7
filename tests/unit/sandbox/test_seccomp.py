"""`grader.sandbox.seccomp`: what the filter decides, by an interpreter here and by the kernel."""

from __future__ import annotations

import errno
import json
import platform
import struct
import subprocess
import sys

import pytest

from grader.errors import SandboxFault
from grader.sandbox.seccomp import program

X86, ARM = "x86_64", "aarch64"
ARCHES = {X86: 0xC000003E, ARM: 0xC00000B7}
ALLOW, KILL = "allow", "kill"
STREAM, DGRAM, RAW = 1, 2, 3
CLOEXEC, NONBLOCK = 0o2000000, 0o4000
THREAD = 0x3D0F00  # the flags with which a libc starts a thread


def decide(code: bytes, arch: int, number: int, *arguments: int) -> str:
    """What the kernel would do about a call: `allow`, `kill`, the name of an error, or `pretend`,
    which is to do nothing and say that it worked."""
    words = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=IIQ6Q", number & 0xFFFFFFFF, arch, 0, *(w & (2**64 - 1) for w in words))
    instructions = list(struct.iter_unpack("=HBBI", code))
    at = taken = 0
    while True:
        operation, if_true, if_false, value = instructions[at]
        at += 1
        if operation == 0x20:
            taken = struct.unpack_from("=I", data, value)[0]
        elif operation == 0x54:
            taken &= value
        elif operation == 0x06:
            verdict, error = value & 0xFFFF0000, value & 0xFFFF
            names = {0x7FFF0000: ALLOW, 0x80000000: KILL}
            if verdict != 0x50000:
                return names[verdict]
            return errno.errorcode[error] if error else "pretend"
        else:
            tests = {0x15: taken == value, 0x35: taken >= value, 0x45: bool(taken & value)}
            at += if_true if tests[operation] else if_false


@pytest.mark.parametrize(
    ("x86", "arm", "arguments", "expected"),
    [
        # What every program does.
        (0, 63, (), ALLOW),  # read
        (59, 221, (), ALLOW),  # execve
        (9, 222, (), ALLOW),  # mmap
        (157, 167, (38, 1), ALLOW),  # prctl
        (117, 147, (7, 7, 7), ALLOW),  # setresuid
        (126, 91, (), ALLOW),  # capset
        (317, 277, (), ALLOW),  # seccomp
        (444, 444, (), ALLOW),  # landlock_create_ruleset
        (319, 279, (), ALLOW),  # memfd_create
        (53, 199, (1, STREAM), ALLOW),  # socketpair
        # Mounts and namespaces.
        (165, 40, (), "EPERM"),
        (429, 429, (), "EPERM"),
        (272, 97, (0x10000000,), "EPERM"),
        (308, 268, (), "EPERM"),
        # Processes: as a libc starts a thread, a child; as a sandbox is left.
        (56, 220, (THREAD,), ALLOW),
        (56, 220, (17,), ALLOW),
        (56, 220, (0x10000000 | 17,), "EPERM"),
        (56, 220, (0x00020000 | 17,), "EPERM"),
        (56, 220, (0x40000000,), "EPERM"),
        (435, 435, (), "ENOSYS"),
        (101, 117, (), "EPERM"),
        (310, 270, (), "EPERM"),
        (302, 261, (0, 7), ALLOW),
        (302, 261, (1, 7), "EPERM"),
        # The kernel's interfaces.
        (321, 280, (), "EPERM"),
        (250, 219, (), "EPERM"),
        (425, 425, (), "ENOSYS"),
        (227, 112, (), "EPERM"),
        (135, 92, (0xFFFFFFFF,), ALLOW),
        (135, 92, (-1,), ALLOW),
        (135, 92, (0,), ALLOW),
        (135, 92, (0x0040000,), "EPERM"),
        # Terminals.
        (16, 29, (0, 0x5401), ALLOW),
        (16, 29, (0, 0x5412), "EPERM"),
        (16, 29, (0, 0x5412 | 1 << 32), "EPERM"),  # the kernel drops the upper half
        (16, 29, (0, 0x541C), "EPERM"),
        # Nodes: FIFO, socket and plain file, but no device.
        (259, 33, (0, 0, 0o010644), ALLOW),
        (259, 33, (0, 0, 0o644), ALLOW),
        (259, 33, (0, 0, 0o020644), "EPERM"),
        (259, 33, (0, 0, 0o060644), "EPERM"),
        # Sockets.
        (41, 198, (1, STREAM), ALLOW),
        (41, 198, (2, DGRAM | CLOEXEC), ALLOW),
        (41, 198, (10, STREAM), ALLOW),
        (41, 198, (16, RAW), ALLOW),
        (41, 198, (17, RAW), "EAFNOSUPPORT"),  # packets
        (41, 198, (38, 5), "EAFNOSUPPORT"),  # the kernel's ciphers
        (41, 198, (40, STREAM), "EAFNOSUPPORT"),  # the virtual machine's host
        (44, 206, (3, 0, 0, 0), ALLOW),
        (44, 206, (3, 0, 0, 0x20000000), "ENOTSUP"),
        (46, 211, (3, 0, 0x20000000), "ENOTSUP"),
        (307, 269, (3, 0, 1, 0x20000000), "ENOTSUP"),
        (29, 194, (), ALLOW),
    ],
)
def test_a_call_is_decided_alike_on_both_machines(
    x86: int, arm: int, arguments: tuple[int, ...], expected: str
) -> None:
    """The numbers differ, the policy does not."""
    assert decide(program(X86), ARCHES[X86], x86, *arguments) == expected
    assert decide(program(ARM), ARCHES[ARM], arm, *arguments) == expected


@pytest.mark.parametrize(
    ("family", "kind", "protocol", "expected"),
    [
        (2, STREAM, 0, ALLOW),
        (2, STREAM | CLOEXEC | NONBLOCK, 6, ALLOW),
        (10, STREAM, 6, ALLOW),
        (2, DGRAM, 0, "EPERM"),
        (2, DGRAM | CLOEXEC | NONBLOCK, 17, "EPERM"),
        (10, DGRAM | NONBLOCK, 0, "EPERM"),
        (2, RAW, 1, "EPERM"),
        (10, RAW | CLOEXEC, 255, "EPERM"),
        (2, STREAM, 132, "EPERM"),  # SCTP
        (2, STREAM, 262, "EPERM"),  # MPTCP
        (16, RAW, 0, ALLOW),
        (1, DGRAM, 0, ALLOW),
        (17, RAW, 0, "EAFNOSUPPORT"),
    ],
)
def test_without_datagrams_only_tcp_is_left(
    family: int, kind: int, protocol: int, expected: str
) -> None:
    """Of the internet protocols; whatever flags are in the type."""
    for machine, number in ((X86, 41), (ARM, 198)):
        code = program(machine, datagrams=False)
        assert decide(code, ARCHES[machine], number, family, kind, protocol) == expected


@pytest.mark.parametrize(
    ("x86", "arm", "arguments", "expected"),
    [
        (41, 198, (1, STREAM), "EAFNOSUPPORT"),
        (41, 198, (2, DGRAM), ALLOW),
        (53, 199, (1, STREAM), ALLOW),
        (29, 194, (), "EPERM"),
        (64, 190, (), "EPERM"),
        (68, 186, (), "EPERM"),
        (240, 180, (), "EPERM"),
    ],
)
def test_without_shared_ipc_nothing_of_the_user_is_reached(
    x86: int, arm: int, arguments: tuple[int, ...], expected: str
) -> None:
    """No UNIX socket but a pair, no System V memory, no queue."""
    assert decide(program(X86, shared_ipc=False), ARCHES[X86], x86, *arguments) == expected
    assert decide(program(ARM, shared_ipc=False), ARCHES[ARM], arm, *arguments) == expected


def test_another_kind_of_call_kills() -> None:
    """32-bit and x32 calls have numbers of their own, which would pass by the table."""
    assert decide(program(X86), 0x40000003, 20) == KILL
    assert decide(program(X86), ARCHES[ARM], 0) == KILL
    assert decide(program(ARM), 0x40000028, 20) == KILL
    assert decide(program(X86), ARCHES[X86], 0x40000000 | 165) == KILL
    assert decide(program(X86), ARCHES[X86], 0x40000000) == KILL


def test_nodes_by_the_old_call() -> None:
    """`mknod` has its mode in another place than `mknodat`, and is on one machine only."""
    assert decide(program(X86), ARCHES[X86], 133, 0, 0o020600) == "EPERM"
    assert decide(program(X86), ARCHES[X86], 133, 0, 0o010600) == ALLOW


def test_calls_unknown_to_the_tables_pass() -> None:
    """Every number ends in a verdict, and what is not refused is allowed."""
    for machine, arch in ARCHES.items():
        code = program(machine, datagrams=False, shared_ipc=False)
        verdicts = [decide(code, arch, number) for number in range(600)]
        assert verdicts.count(ALLOW) > 500
        assert set(verdicts) <= {ALLOW, "EPERM", "ENOSYS", "EAFNOSUPPORT"}
        assert len(code) // 8 < 4096  # the kernel's limit


def test_another_machine_is_told_what_is_known() -> None:
    """There is no filter that would do for any machine."""
    with pytest.raises(SandboxFault, match="knows x86_64 and aarch64, not riscv64"):
        program("riscv64")


PROBES = r"""
import ctypes, errno, json, os, socket, stat, subprocess, sys, threading
code = bytes.fromhex(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))
zero, one, two = (ctypes.c_ulong(n) for n in range(3))
assert libc.prctl(38, one, zero, zero, zero) == 0
assert libc.prctl(22, two, ctypes.byref(Program(len(code) // 8, code)), zero, zero) == 0
told = {}
def call(name, *arguments):
    ctypes.set_errno(0)
    done = getattr(libc, name)(*map(ctypes.c_long, arguments))
    told[name] = "done" if done >= 0 else errno.errorcode[ctypes.get_errno()]
def attempt(name, function):
    try:
        function()
        told[name] = "done"
    except OSError as error:
        told[name] = errno.errorcode[error.errno]
call("unshare", 0x10000000)
call("ptrace", 0, 0, 0, 0)
call("syscall", 435, 0, 0)
for name, *kind in (("unix", 1, 1), ("tcp", 2, 1), ("udp", 2, 2), ("packet", 17, 3)):
    attempt(name, lambda: socket.socket(*kind).close())
attempt("pair", lambda: [s.close() for s in socket.socketpair()])
os.chdir(sys.argv[2])
attempt("fifo", lambda: os.mkfifo("fifo"))
attempt("device", lambda: os.mknod("device", 0o600 | stat.S_IFCHR, os.makedev(1, 3)))
done = []
threads = [threading.Thread(target=done.append, args=(n,)) for n in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
told["threads"] = len(done)
told["child"] = subprocess.run([sys.executable, "-I", "-S", "-c", "print(1)"],
                               capture_output=True, text=True).stdout
print(json.dumps(told))
"""


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ARCHES, reason="no filter for here"
)
@pytest.mark.parametrize(
    ("x86", "arm"),
    [(90, 52), (91, 52), (268, 53), (452, 452), (92, 54), (93, 55), (260, 54), (188, 5), (199, 16)],
)
def test_without_modes_a_change_does_nothing(x86: int, arm: int) -> None:
    """Modes, owners and attributes stay as they are, where they would be changed otherwise."""
    for machine, number in ((X86, x86), (ARM, arm)):
        assert decide(program(machine, modes=False), ARCHES[machine], number) == "pretend"
        assert decide(program(machine), ARCHES[machine], number) == ALLOW


@pytest.mark.parametrize("apart", [True, False])
def test_the_kernel_agrees(tmp_path: object, apart: bool) -> None:
    """Applied to a process: threads and children start, and what is refused is refused."""
    code = program(datagrams=apart, shared_ipc=apart).hex()
    done = subprocess.run(
        [sys.executable, "-I", "-c", PROBES, code, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "unshare": "EPERM",
        "ptrace": "EPERM",
        "syscall": "ENOSYS",
        "unix": "done" if apart else "EAFNOSUPPORT",
        "tcp": "done",
        "udp": "done" if apart else "EPERM",
        "packet": "EAFNOSUPPORT",
        "pair": "done",
        "fifo": "done",
        "device": "EPERM",
        "threads": 4,
        "child": "1\n",
    }
