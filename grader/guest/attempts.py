"""What a probe of the wall tries from inside: run as a student's file would be.

Every function answers `ok`, or the name of the error that it met.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import socket
from collections.abc import Callable
from pathlib import Path

FILE, WORKSPACE = __file__, str(Path.cwd())

_CLONE_NEWUSER = 0x1000_0000
_PTRACE_ATTACH = 16
#: Numbers of system calls on x86-64 and on aarch64.
_CALLS = {
    "ptrace": (101, 117),
    "unshare": (272, 97),
    "mount": (165, 40),
    "process_vm_readv": (310, 270),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425),
    "userfaultfd": (323, 282),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "getpid": (39, 172),
}
_libc = ctypes.CDLL(None, use_errno=True)


def _attempt(action: Callable[[], object]) -> str:
    try:
        action()
    except Exception as error:  # whatever it is, its name is the answer
        return type(error).__name__
    return "ok"


def _call(name: str, *args: int | bytes | ctypes.c_char_p | None) -> int:
    number = _CALLS[name][platform.machine() == "aarch64"]
    values = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    result: int = _libc.syscall(ctypes.c_long(number), *values)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def read(path: str) -> str:
    """Read a file to its end."""
    return _attempt(Path(path).read_bytes)


def listed(path: str) -> str:
    """List a folder."""
    return _attempt(lambda: list(Path(path).iterdir()))


def told(path: str) -> str:
    """Ask for what there is to know about a file, without reading it."""
    return _attempt(Path(path).stat)


def write(path: str) -> str:
    """Make a file, or write in one that is there."""
    return _attempt(lambda: os.close(os.open(path, os.O_WRONLY | os.O_CREAT)))


def change(path: str) -> str:
    """Open a file that is there for writing."""
    return _attempt(lambda: os.close(os.open(path, os.O_WRONLY)))


def remove(path: str) -> str:
    """Remove a file."""
    return _attempt(Path(path).unlink)


def open_up(path: str) -> str:
    """Let everybody do everything with a file, in all the ways there are; some pretend to work."""
    for change in (
        lambda: os.chmod(path, 0o777),  # noqa: PTH101 - each way by its own call
        lambda: os.chmod(path, 0o777, follow_symlinks=False),  # noqa: PTH101 - likewise
        lambda: os.setxattr(path, "user.probe", b"x"),
        lambda: os.fchmod(os.open(path, os.O_RDONLY), 0o777),
    ):
        _attempt(change)
    return "ok"


def variables() -> list[str]:
    """The names of the environment's variables."""
    return sorted(os.environ)


def _everywhere(name: str, word: str) -> list[str]:
    """Processes in whose file `name` of /proc the word is found."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                text = (entry / name).read_bytes()
            except OSError:
                continue
            if word.encode() in text:
                found.append(entry.name)
    return found


def environment_of(word: str) -> str:
    """Find a word in the environment of any process."""
    return _attempt(lambda: _everywhere("environ", word)[0])


def command_of(word: str) -> str:
    """Find a word on the command line of any process."""
    return _attempt(lambda: _everywhere("cmdline", word)[0])


def tcp(port: int) -> str:
    """Connect to a port of 127.0.0.1."""
    return _attempt(lambda: socket.create_connection(("127.0.0.1", port), 1).close())


def udp(port: int) -> str:
    """Send a packet to a port of 127.0.0.1."""

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packets:
            packets.connect(("127.0.0.1", port))
            packets.send(b"from inside")
            packets.settimeout(0.5)
            packets.recv(1)  # the listener answers

    return _attempt(send)


def unix(path: str) -> str:
    """Connect to a UNIX socket; a name that begins with `@` is none of a file."""

    def connect() -> None:
        with socket.socket(socket.AF_UNIX) as made:
            made.settimeout(1)
            made.connect(path.replace("@", "\0", 1) if path.startswith("@") else path)

    return _attempt(connect)


def loopback() -> str:
    """Listen on a port that the system chose, and connect to it."""

    def connect() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), 1).close()

    return _attempt(connect)


def identities() -> list[int]:
    """All user ids of this process."""
    return [*os.getresuid()]


def status(name: str) -> str:
    """A line of /proc/self/status."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{name}:"))


def become_root() -> str:
    """Become root."""
    return _attempt(lambda: os.setuid(0))


def namespace() -> str:
    """Make a user namespace."""
    return _attempt(lambda: _call("unshare", _CLONE_NEWUSER))


def mount() -> str:
    """Mount a file system over /tmp."""
    return _attempt(lambda: _call("mount", b"none", b"/tmp", b"tmpfs", 0, 0))


def _meant(pid: int, word: str) -> int:
    """The process `pid` if `word` is on its command line: another view has others by that id."""
    if word.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes():
        raise ProcessLookupError
    return pid


def trace(pid: int, word: str) -> str:
    """Attach to a process as a debugger does."""
    return _attempt(lambda: _call("ptrace", _PTRACE_ATTACH, _meant(pid, word), 0, 0))


def peek(pid: int, word: str) -> str:
    """Open the memory of a process."""
    return _attempt(lambda: os.close(os.open(f"/proc/{_meant(pid, word)}/mem", os.O_RDONLY)))


def send_signal(pid: int, word: str) -> str:
    """Ask whether a process can be sent signals."""
    return _attempt(lambda: os.kill(_meant(pid, word), 0))


def own_child() -> str:
    """Start a process, and kill it."""

    def start() -> None:
        pid = os.fork()
        if pid == 0:
            signal.pause()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    return _attempt(start)


def parent() -> int:
    """The process that this one comes from."""
    return os.getppid()


def rare_call(name: str) -> str:
    """Use a part of the kernel that no lab needs. What it answers to nonsense is `ok`, too."""

    def use() -> None:
        try:
            if name == "add_key":
                _call(name, b"user", b"probe", b"x", 1, -3)
            else:
                _call(name, 0, 0, 0, 0, 0)
        except OSError as error:
            if error.errno in (errno.EPERM, errno.ENOSYS, errno.EACCES):
                raise PermissionError from error

    return _attempt(use)


def shared_memory(key: int) -> str:
    """Attach to System V memory of somebody else's."""
    return _attempt(lambda: _call("shmget", key, 1, 0))


def devices() -> list[str]:
    """What can be opened below /dev."""
    found = []
    for name in _names(Path("/dev")):
        path = Path("/dev") / name
        if not path.is_dir() and not path.is_symlink():
            try:
                os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
            except OSError:
                continue
            found.append(name)
    return sorted(found)


def _names(folder: Path) -> list[str]:
    try:
        return [p.name for p in folder.iterdir()]
    except PermissionError:  # then what one would look for
        return ["null", "zero", "urandom", "tty", "console", "kmsg", "mem", "kvm", "fuse", "tty0"]
