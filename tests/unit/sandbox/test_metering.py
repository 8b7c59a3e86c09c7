"""`grader.sandbox.metering` and `.watch`: what a tree of processes uses, and its end in time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from grader.errors import SandboxFault
from grader.sandbox import metering, watch
from grader.sandbox.metering import DiskUsage, Proc, size_text
from grader.sandbox.watch import Allowance, Usage, Watch
from tests.builders import write

MIB = 1 << 20


@pytest.fixture
def start() -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start a session of Python code that prints a line when it is set up; killed at the end."""
    runs = []

    def started(code: str) -> subprocess.Popen[str]:
        run = subprocess.Popen(
            [sys.executable, "-S", "-c", f"import os, time\n{code}"],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        runs.append(run)
        assert run.stdout is not None
        run.stdout.readline()
        return run

    yield started
    for run in runs:
        with run, suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)


Start = Callable[[str], "subprocess.Popen[str]"]
READY = "\nprint(flush=True)\ntime.sleep(60)\n"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (512 * MIB, "512 MiB"),
        (1536 * MIB, "1.5 GiB"),
        (2048 * MIB, "2 GiB"),
    ],
)
def test_sizes_are_for_people(size: int, text: str) -> None:
    """One decimal at most, and none where it says nothing."""
    assert size_text(size) == text


def test_a_process_has_a_start_and_a_parent() -> None:
    """The same each time; none for an id that nobody has."""
    assert metering.started(os.getpid()) == metering.started(os.getpid())
    assert metering.parent(os.getpid()) == os.getppid()
    assert metering.started(1 << 23) is None
    assert metering.parent(1 << 23) == 0


def test_a_zombie_is_nobody() -> None:
    """Its grader is dead, though nobody has asked for its status."""
    run = subprocess.Popen(["true"])
    os.waitid(os.P_PID, run.pid, os.WEXITED | os.WNOWAIT)
    assert metering.started(run.pid) is None
    run.wait()


def test_a_tree_is_every_descendant(start: Start) -> None:
    """Children of children too, with their threads, and nobody else."""
    code = "import threading\nif os.fork() == 0 and os.fork() == 0:\n"
    code += "    for _ in range(3): threading.Thread(target=time.sleep, args=(60,)).start()\n"
    code += "    print(flush=True)\ntime.sleep(60)"
    run = start(code)
    start("print(flush=True); time.sleep(60)")
    procs = metering.tree(run.pid)
    assert len(procs) == 3
    assert sorted(p.threads for p in procs) == [1, 1, 4]
    parents = {p.pid: p.ppid for p in procs}
    assert parents.pop(run.pid) == os.getpid()
    assert set(parents.values()) == {run.pid, *parents} - {max(parents)}


def test_a_tree_of_nobody_is_empty() -> None:
    """Neither is an error."""
    assert metering.tree(1 << 23) == []


def test_a_users_processes_are_found_wherever_they_are(start: Start, tmp_path: Path) -> None:
    """One that left the tree is still its user's."""
    note = tmp_path / "pid"
    code = "r, w = os.pipe()\nif os.fork() == 0:\n    os.setsid()\n    left = os.getpid()\n"
    code += "    if os.fork(): os._exit(0)\n"
    code += f"    os.close(w)\n    open({str(note)!r}, 'w').write(str(os.getpid()))\n"
    code += "    while os.getppid() == left: time.sleep(0.001)\n"
    code += "    print(flush=True)\n    os.read(r, 1)\n    os._exit(0)\nos.wait()\ntime.sleep(60)"
    run = start(code)
    lost = int(note.read_text())
    assert lost not in {p.pid for p in metering.tree(run.pid)}
    assert lost in {p.pid for p in metering.tree(run.pid, os.geteuid())}
    assert metering.tree(1 << 23, 54_321) == []


def test_a_name_that_lies_is_read_right(tmp_path: Path) -> None:
    """A command may be called `) R 1 (`: its fields are still found."""
    program = tmp_path / ") R 1 1 1 ("
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "60"]) as run:
        (proc,) = [p for p in metering.tree(os.getpid()) if p.pid == run.pid]
        assert (proc.ppid, proc.threads) == (os.getpid(), 1)
        run.kill()


def test_memory_is_what_is_touched(start: Start) -> None:
    """Private and shared, but not what is only reserved."""
    code = "import mmap\na = bytearray(30 << 20)\nb = mmap.mmap(-1, 20 << 20)\n"
    code += "for i in range(0, 20 << 20, 4096): b[i] = 1\nc = mmap.mmap(-1, 1 << 30)" + READY
    (proc,) = metering.tree(start(code).pid)
    assert 50 * MIB <= proc.memory < 80 * MIB


def test_shared_pages_count_once_when_asked_exactly(start: Start) -> None:
    """Four forks of 40 MiB are not 200."""
    code = "x = bytearray(40 << 20)\nfor _ in range(4):\n    if os.fork() == 0: time.sleep(60)"
    procs = metering.tree(start(code + READY).pid)
    assert len(procs) == 5
    assert sum(p.memory for p in procs) > 200 * MIB
    assert 40 * MIB <= metering.exact_memory(procs, 1 << 40) < 100 * MIB
    assert metering.exact_memory(procs, 1 << 40, seconds=-1) == sum(p.memory for p in procs)


def test_exact_memory_of_who_is_gone_is_what_was_seen() -> None:
    """What cannot be read counts with what is known; enough is enough."""
    gone = [Proc(1 << 23, 1, 1, 5000, 0, 0, 1)] * 2
    assert metering.exact_memory(gone, 1 << 40) == 10_000
    assert metering.exact_memory(gone, 4000) == 5000


def test_time_of_children_is_counted_when_they_were_waited_for(start: Start) -> None:
    """The tree's time does not go with its dead."""
    code = "if os.fork() == 0:\n    end = time.process_time() + 0.2\n"
    code += "    while time.process_time() < end: pass\n    os._exit(0)\nos.wait()" + READY
    (proc,) = metering.tree(start(code).pid)
    assert 0.15 <= proc.reaped < 2
    assert proc.cpu < 2


def test_room_on_disk_is_what_is_allocated(tmp_path: Path) -> None:
    """Every entry counts, holes do not, links are not followed."""
    write(tmp_path / "w/a/b", b"x" * 100_000)
    (tmp_path / "w/link").symlink_to("/usr")
    with (tmp_path / "w/hole").open("wb") as handle:
        handle.truncate(1 << 40)
    found = metering.disk(tmp_path / "w", MIB * 10, 100)
    assert found.files == 4
    assert 100_000 <= found.bytes < MIB
    assert not found.deep
    assert metering.disk(tmp_path / "gone", 1, 1) == DiskUsage()


def test_reading_a_disk_ends_at_the_caps(tmp_path: Path) -> None:
    """The first entry beyond is the last that is read."""
    for i in range(30):
        write(tmp_path / f"{i}", b"x" * 4096)
    assert metering.disk(tmp_path, MIB, 10).files == 11
    assert metering.disk(tmp_path, 9000, 100).files < 5


def test_closed_and_deep_folders_hide_nothing(tmp_path: Path) -> None:
    """A folder without permissions is opened if it is ours, and bottomless ones are told."""
    write(tmp_path / "w/closed/x", b"x" * 50_000)
    (tmp_path / "w/closed").chmod(0)
    assert metering.disk(tmp_path / "w", MIB, 100).bytes >= 50_000
    (tmp_path / "w" / "/".join("d" * (metering.MAX_DEPTH + 1))).mkdir(parents=True)
    assert metering.disk(tmp_path / "w", MIB, 1000).deep


def test_files_without_a_name_are_found(start: Start, tmp_path: Path) -> None:
    """One removed while open, and a memfd, each counted once however often it is open."""
    path = tmp_path / "removed"
    code = f"f = open({str(path)!r}, 'wb')\nf.write(b'x' * (3 << 20))\nf.flush()\n"
    code += f"os.fsync(f.fileno())\ng = os.dup(f.fileno())\nos.unlink({str(path)!r})\n"
    code += "m = os.memfd_create('m')\nos.write(m, b'x' * (2 << 20))\nos.fork()" + READY
    procs = metering.tree(start(code).pid)
    disk, memory = metering.nameless(procs, tmp_path.stat().st_dev)
    assert 3 * MIB <= disk < 4 * MIB
    assert 2 * MIB <= memory < 3 * MIB
    assert metering.nameless(procs, -1)[0] == 0


def test_memory_file_systems_are_read_from_outside(tmp_path: Path) -> None:
    """In the view of a process that has mounted one; ours is nobody's, nor is what is not there."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    script = (
        f"mount -t tmpfs t /dev/shm && head -c 3000000 /dev/zero > /dev/shm/x && exec cat {pipe}"
    )
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    with subprocess.Popen(["unshare", "--mount", *user, "sh", "-c", script]) as run:
        end = time.monotonic() + 5
        while run.poll() is None and time.monotonic() < end:
            procs = metering.tree(run.pid)
            found = metering.tmpfs([*metering.tree(os.getpid()), *procs], ["/dev/shm", "/nowhere"])
            if found.bytes >= 3_000_000:
                break
            time.sleep(0.01)
        else:
            pytest.skip("no file system can be mounted here, not even in a view of one's own")
        assert 3_000_000 <= found.bytes < 4_000_000
        assert 1 <= found.files <= 2
        run.kill()


def test_our_own_memory_file_systems_are_not_a_guests() -> None:
    """Whoever starts the wall sees them before it stands."""
    procs = metering.tree(os.getpid())
    assert metering.tmpfs(procs, ["/dev/shm", "/tmp", "/", "/nowhere"]) == DiskUsage()
    assert metering.tmpfs([Proc(1 << 23, 1, 1, 0, 0, 0, 1)], ["/tmp"]) == DiskUsage()


class Kills:
    """Counts how often a guest was ended."""

    def __init__(self, run: subprocess.Popen[str] | None = None) -> None:
        self.count = 0
        self._run = run

    def __call__(self) -> None:
        """End it."""
        self.count += 1
        if self._run:
            os.killpg(self._run.pid, signal.SIGKILL)


def ended(run: subprocess.Popen[str], kills: Kills, allowed: Allowance, place: Path) -> str | None:
    """What a watch with a thread of its own says of a guest that goes too far."""
    watching = Watch(run.pid, allowed, kills, folder=place)
    watching.begin()
    watching.start()
    run.wait(timeout=20)
    watching.stop()
    assert kills.count == 1
    return watching.ran_out


BUSY = "while True: pass\n"
GROW = "x = []\nwhile len(x) < 2000: x.append(bytearray(1 << 20)); time.sleep(0.001)\n"


@pytest.mark.parametrize(
    ("code", "allowed", "told"),
    [
        (f"print(flush=True)\n{GROW}", Allowance(memory=96 * MIB), "memory: 96 MiB reached"),
        (
            f"os.fork(); os.fork()\nprint(flush=True)\n{BUSY}",
            Allowance(cpu=0.4),
            "cpu: 0.4 s reached",
        ),
        (
            "print(flush=True)\nfor _ in range(40):\n    if os.fork() == 0: break\ntime.sleep(60)",
            Allowance(processes=25),
            "processes: 25 reached",
        ),
        (
            "print(flush=True)\nf = open('big', 'wb')\n"
            "for _ in range(400): f.write(bytes(1 << 20)); f.flush(); time.sleep(0.01)",
            Allowance(disk=20 * MIB),
            "disk: 20 MiB reached",
        ),
        (
            "f = open('big', 'wb'); os.unlink('big')\nprint(flush=True)\n"
            "for _ in range(400): f.write(bytes(1 << 20)); f.flush(); time.sleep(0.01)",
            Allowance(disk=20 * MIB),
            "disk: 20 MiB reached",
        ),
        (
            "print(flush=True)\nfor i in range(2000): open(f'{i}', 'w').close()\ntime.sleep(60)",
            Allowance(files=1000),
            "files: 1,000 reached",
        ),
    ],
    ids=["memory", "cpu", "processes", "disk", "removed", "files"],
)
def test_a_guest_that_goes_too_far_is_ended(
    start: Start, tmp_path: Path, code: str, allowed: Allowance, told: str
) -> None:
    """Soon, once, and with the reason."""
    run = start(f"os.chdir({str(tmp_path)!r})\n{code}")
    assert ended(run, Kills(run), allowed, tmp_path) == told


def test_time_counts_from_the_beginning_of_the_work(start: Start) -> None:
    """Engines that take their time to start cost nothing; each part of the work counts anew."""
    code = "end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    kills = Kills()
    watching = Watch(start(code + READY).pid, Allowance(cpu=0.1), kills)
    assert watching.poll() is None
    assert watching.usage.cpu >= 0.25
    watching.begin()
    assert watching.poll() is None
    assert watching.usage.cpu < 0.1
    assert kills.count == 0


def test_time_of_children_that_nobody_waits_for_counts(start: Start) -> None:
    """Who ignores the end of children is not told of their time: they were seen at work."""
    code = "import signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\nprint(flush=True)\n"
    code += "while True:\n    if os.fork() == 0:\n        end = time.process_time() + 0.3\n"
    code += "        while time.process_time() < end: pass\n        os._exit(0)\n"
    code += "    time.sleep(0.35)\n"
    run = start(code)
    assert ended(run, Kills(run), Allowance(cpu=0.5), Path("/nowhere")) == "cpu: 0.5 s reached"


def test_an_honest_tree_of_forks_stays(start: Start) -> None:
    """The quick sum is over the limit, what is used is not."""
    code = "x = bytearray(40 << 20)\nfor _ in range(4):\n    if os.fork() == 0: time.sleep(60)"
    kills = Kills()
    watching = Watch(start(code + READY).pid, Allowance(memory=150 * MIB), kills)
    watching.begin()
    for _ in range(5):
        assert watching.poll() is None
    assert watching.usage.memory > 150 * MIB
    assert watching.peak.processes == 5


def test_a_new_allowance_holds_from_the_beginning_on(start: Start) -> None:
    """Engines may need more than the work."""
    run = start("x = bytearray(60 << 20)" + READY)
    kills = Kills(run)
    watching = Watch(run.pid, Allowance(memory=200 * MIB), kills)
    assert watching.poll() is None
    watching.begin(Allowance(memory=50 * MIB))
    assert watching.poll() == "memory: 50 MiB reached"
    assert watching.poll() == "memory: 50 MiB reached"
    assert kills.count == 1


def test_who_took_the_id_of_a_guest_is_not_watched(start: Start) -> None:
    """Once its first process is gone nobody else is measured or ended for it."""
    run = start(READY)
    watching = Watch(run.pid, Allowance(processes=0), Kills())
    watching._start = 1
    assert watching.poll() is None
    assert watching.usage == Usage(0.0, 0, 0)


class Told:
    """A control group that says what a test wants."""

    def __init__(self) -> None:
        self.seconds: float | None = 3.0
        self.told: list[str] = []

    def cpu(self) -> float | None:
        """Seconds."""
        return self.seconds

    def memory(self) -> int:
        """Bytes."""
        return 7 * MIB

    def processes(self) -> int:
        """Tasks."""
        return 9

    def ran_out(self) -> list[str]:
        """What the kernel refused."""
        return self.told


def test_a_control_group_is_believed(start: Start) -> None:
    """Its counts are taken, and what it says ran out ends the guest."""
    group, kills = Told(), Kills()
    allowed = Allowance(memory=1, processes=1, cpu=2)
    watching = Watch(start(READY).pid, allowed, kills, group=group)
    watching.begin()
    group.seconds = 4.5
    assert watching.poll() is None
    assert watching.usage == watching.peak == Usage(1.5, 7 * MIB, 9)
    group.told = ["memory: 1.5 GiB reached", "processes: 1,536 reached"]
    assert watching.poll() == "memory: 1.5 GiB reached"
    assert kills.count == 1


def test_a_group_that_counts_no_time_has_it_counted(start: Start) -> None:
    """The tree's is taken."""
    group = Told()
    group.seconds = None
    code = "end = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
    watching = Watch(start(code + READY).pid, Allowance(), Kills(), group=group)
    watching.poll()
    assert 0.15 < watching.usage.cpu < 3.0


def test_a_watch_ends_when_told(start: Start) -> None:
    """And whatever happens, in two seconds; it may never have begun."""
    watching = Watch(start(READY).pid, Allowance(), Kills())
    watching.stop()
    watching = Watch(start(READY).pid, Allowance(), Kills())
    watching.start()
    began = time.monotonic()
    watching.stop()
    assert time.monotonic() - began < 1
    assert "grader-watch" not in {t.name for t in threading.enumerate()}


def test_a_guest_that_does_not_die_ends_the_watch_quietly(start: Start) -> None:
    """Whoever closes the guest is told so; what ran out is known."""

    def fail() -> None:
        raise SandboxFault("2 processes do not die")

    watching = Watch(start(READY).pid, Allowance(processes=0), fail)
    watching.start()
    time.sleep(watch.PACE * 2)
    watching.stop()
    assert watching.ran_out == "processes: 0 reached"


def test_a_guest_that_ends_is_no_news(start: Start) -> None:
    """Nothing ran out, and the watch goes on without it."""
    run = start(READY)
    kills = Kills()
    watching = Watch(run.pid, Allowance(memory=1 << 40, cpu=9, disk=1, files=1), kills)
    watching.begin()
    watching.start()
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    time.sleep(watch.PACE * 2)
    watching.stop()
    assert (watching.ran_out, kills.count) == (None, 0)
