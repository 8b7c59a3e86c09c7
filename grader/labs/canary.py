"""What lies about outside the wall for a probe to reach: files, a process, sockets, memory."""

from __future__ import annotations

import ctypes
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from grader.errors import SandboxFault
from grader.labs.station import Station
from grader.sandbox import landlock, scratch

_IPC_CREAT, _IPC_RMID = 0o1000, 0


@dataclass(frozen=True, slots=True)
class Canaries:
    """`word` is in the environment and on the command line of the process `pid`. Everybody may
    read and write `file`, write in `drop`, and read `theirs`, which are of another submission;
    `kept` is ours alone. `fixed` is a TCP port below the temporary ones, `temporary` one among
    them, `udp` one that answers; `key` is of System V memory, `shared` a file in /dev/shm."""

    word: str
    pid: int
    file: Path
    kept: Path
    drop: Path
    theirs: tuple[Path, ...]
    fixed: int
    temporary: int
    udp: int
    sockets: tuple[str, ...]
    key: int
    shared: Path


@contextmanager
def laid_out(other: Station) -> Iterator[Canaries]:
    """Lay everything out, and take it away again; `other` is a station beside the probed one.

    Raises:
        SandboxFault: it cannot be done.
    """
    word = f"canary{secrets.token_hex(8)}"
    with ExitStack() as stack:
        folder = scratch.folder("canary")
        stack.callback(scratch.discard, folder)
        folder.chmod(0o755)
        file = folder / "file.txt"
        drop = folder / "drop"
        drop.mkdir()
        drop.chmod(0o777)
        other.enter("probe")
        theirs = (other.home / "submission" / "answer.py", other.workspace("probe") / "table")
        shared = Path("/dev/shm") / word
        stack.callback(shared.unlink, missing_ok=True)
        try:
            for path in (file, *theirs, shared):
                path.write_text(word, encoding="ascii")
                path.chmod(0o666)
            decoy = stack.enter_context(_decoy(word))
            local = [stack.enter_context(_local(n)) for n in (str(folder / "s"), f"@{word}")]
            fixed = stack.enter_context(_listener(_fixed_ports()))
            temporary = stack.enter_context(_listener(iter([0])))
            packets = stack.enter_context(_echo())
            key = stack.enter_context(_memory())
        except OSError as error:
            raise SandboxFault(f"the probe cannot be prepared: {error}") from error
        kept = folder / "kept.txt"
        kept.touch(0o600)
        yield Canaries(
            word,
            decoy,
            file,
            kept,
            drop,
            theirs,
            fixed,
            temporary,
            packets,
            tuple(local),
            key,
            shared,
        )


@contextmanager
def _decoy(word: str) -> Iterator[int]:
    """A process of our own user, with a word to find; it ends when this one does."""
    waits = "import sys; sys.stdin.read()"
    command = [sys.executable, "-I", "-S", "-c", waits, word]
    with subprocess.Popen(command, env={"SECRET": word}, stdin=subprocess.PIPE) as process:
        yield process.pid
        process.communicate()


@contextmanager
def _listener(ports: Iterator[int]) -> Iterator[int]:
    for port in ports:
        with suppress(OSError), socket.create_server(("127.0.0.1", port)) as server:
            yield server.getsockname()[1]
            return
    raise OSError("no port is free")


def _fixed_ports() -> Iterator[int]:
    """Ports that the system hands out to nobody."""
    first, last = landlock.ephemeral_ports()
    for port in (*range(20_000, 65_000, 977), *range(2000, 20_000, 977)):
        if not first <= port <= last:
            yield port


@contextmanager
def _echo() -> Iterator[int]:
    """Answers to every packet."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packets:
        packets.bind(("127.0.0.1", 0))
        packets.settimeout(0.1)
        done = threading.Event()

        def answer() -> None:
            while not done.is_set():
                with suppress(TimeoutError):
                    packets.sendto(*packets.recvfrom(100))

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        try:
            yield packets.getsockname()[1]
        finally:
            done.set()
            thread.join(2)


@contextmanager
def _local(name: str) -> Iterator[str]:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name.replace("@", "\0", 1) if name.startswith("@") else name)
        if not name.startswith("@"):
            Path(name).chmod(0o777)
        server.listen(8)
        yield name


@contextmanager
def _memory() -> Iterator[int]:
    """A page of System V memory that everybody may use."""
    libc = ctypes.CDLL(None, use_errno=True)
    key = secrets.randbelow(1 << 30) + 1
    made = libc.shmget(key, ctypes.c_size_t(4096), _IPC_CREAT | 0o666)
    if made < 0:
        raise OSError(ctypes.get_errno(), "no System V memory")
    try:
        yield key
    finally:
        libc.shmctl(made, _IPC_RMID, None)
