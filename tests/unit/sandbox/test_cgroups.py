"""`grader.sandbox.cgroups` and `.group`, on files like the kernel's, and for real where possible.

Version 2 is only played: a machine has one or the other.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.errors import SandboxFault
from grader.sandbox import cgroups, group, metering
from grader.sandbox.cgroups import Hierarchy, available
from grader.sandbox.group import Group
from tests.builders import ROOT, write

V2 = {
    "cgroup.type": "domain\n",
    "cgroup.procs": "",
    "cgroup.controllers": "",
    "cgroup.subtree_control": "",
    "cgroup.kill": "",
    "memory.max": "max\n",
    "memory.swap.max": "max\n",
    "memory.oom.group": "0\n",
    "memory.current": "0\n",
    "memory.peak": "0\n",
    "memory.stat": "anon 0\nfile 0\nshmem 0\nslab_reclaimable 0\n",
    "memory.events": "low 0\noom 0\noom_kill 0\n",
    "pids.max": "max\n",
    "pids.current": "0\n",
    "pids.events": "max 0\n",
    "cpu.stat": "usage_usec 0\nuser_usec 0\n",
}
#: A process id that no Linux gives.
NOBODY = 1 << 23


class Kernel:
    """A tree of files that answers like version 2 does."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.lacks: set[str] = set()
        self.refuses: dict[str, int] = {}
        self.make(top)
        (top / "cgroup.type").unlink()

    def make(self, folder: Path) -> None:
        """As mkdir does: the files are there, with the controllers of the parent."""
        if "mkdir" in self.refuses:
            raise OSError(self.refuses["mkdir"], "refused")
        folder.mkdir()
        for name, content in V2.items():
            if name not in self.lacks:
                write(folder / name, content)
        if folder != self.top:
            handed = (folder.parent / "cgroup.subtree_control").read_text()
            write(folder / "cgroup.controllers", handed)

    def unmake(self, folder: Path) -> None:
        """As rmdir does: not while there is a process; what is gone is gone."""
        if not folder.exists():
            return
        if (folder / "cgroup.procs").read_text():
            raise OSError(errno.EBUSY, "busy")
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

    def write(self, path: Path, text: str) -> None:
        """As a write does."""
        if not path.exists():
            raise FileNotFoundError(path)
        if path.name in self.refuses:
            raise OSError(self.refuses[path.name], "refused")
        if path.name == "cgroup.kill":
            write(path.with_name("cgroup.procs"), "")
        elif path.name == "cgroup.procs":
            for procs in self.top.rglob("cgroup.procs"):
                pids = procs.read_text().split()
                write(procs, "".join(f"{p}\n" for p in pids if p != text))
            write(path, path.read_text() + f"{text}\n")
        elif path.name == "cgroup.subtree_control":
            if path.with_name("cgroup.procs").read_text() and path.parent != self.top:
                raise OSError(errno.EBUSY, "busy")
            write(path, text.replace("+", ""))
        else:
            write(path, f"{text}\n")

    def group(self, path: str, pids: tuple[int, ...] = (), handed: str = "") -> Path:
        """Make a group that was there before."""
        folder = self.top / path
        for missing in reversed([p for p in (folder, *folder.parents) if not p.exists()]):
            self.make(missing)
        write(folder / "cgroup.procs", "".join(f"{p}\n" for p in pids))
        write(folder / "cgroup.subtree_control", handed)
        return folder

    def proc(self, own: str) -> Path:
        """A /proc/self that says so."""
        proc = self.top.parent / "proc"
        write(proc / "cgroup", f"1:name=systemd:/x\n0::{own}\n")
        mounts = f"22 1 0:21 / /proc rw - proc proc rw\n31 23 0:28 / {self.top} rw - cgroup2 c rw\n"
        write(proc / "mountinfo", mounts)
        return proc


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """Version 2, played."""
    played = Kernel(tmp_path / "cgroup")
    for module in (cgroups, group):
        for name in ("make", "unmake", "write"):
            monkeypatch.setattr(module, name, getattr(played, name))
    return played


MIB = 1 << 20


@pytest.mark.parametrize(
    ("limits", "room"),
    [
        (("max", "max", "max"), None),
        (("max", "max", "100"), 70),
        (("max", "90", "100"), 60),
        (("50", "90", "100"), 20),
        (("20", "max", "max"), 0),
    ],
)
def test_a_containers_limit_is_what_there_is(
    kernel: Kernel, limits: tuple[str, ...], room: int | None
) -> None:
    """The least of what our group and those above it leave; cached files count as free."""
    kernel.group("box/ours")
    for folder, limit in zip(("", "box", "box/ours"), limits, strict=True):
        at = kernel.top / folder
        write(at / "memory.max", limit if limit == "max" else str(int(limit) * MIB))
        write(at / "memory.current", str(40 * MIB))
        write(at / "memory.stat", f"file {15 * MIB}\nshmem {5 * MIB}\nslab_reclaimable 0\n")
    found = cgroups.room(kernel.proc("/box/ours"))
    assert found == (None if room is None else room * MIB)


def test_version_1_limits_memory_in_a_hierarchy_of_its_own(tmp_path: Path) -> None:
    """What of it a container sees is mounted from its own group."""
    top = tmp_path / "memory"
    write(top / "memory.limit_in_bytes", str(100 * MIB))
    write(top / "memory.usage_in_bytes", str(60 * MIB))
    write(top / "memory.stat", f"total_cache {20 * MIB}\ntotal_shmem 0\n")
    write(tmp_path / "proc/cgroup", "3:pids:/docker/x\n2:memory:/docker/x\n")
    mounts = "22 1 0:21 / /proc rw - proc proc rw\n"
    mounts += f"31 23 0:28 /docker/x {top} rw - cgroup c rw,memory\n"
    mounts += f"32 23 0:29 /docker/x {tmp_path} rw - cgroup c rw,pids\n"
    write(tmp_path / "proc/mountinfo", mounts)
    assert cgroups.room(tmp_path / "proc") == 60 * MIB


def test_without_control_groups_there_is_no_such_limit(tmp_path: Path) -> None:
    """Nothing is mounted, or nothing can be read."""
    assert cgroups.room(tmp_path) is None
    write(tmp_path / "cgroup", "0::/\n")
    write(tmp_path / "mountinfo", "22 1 0:21 / /proc rw - proc proc rw\n")
    assert cgroups.room(tmp_path) is None


def base(found: Hierarchy | None) -> Path | None:
    """Where groups are made."""
    return found.bases["cgroup"] if found else None


def test_the_nearest_group_that_hands_controllers_down_is_used(kernel: Kernel) -> None:
    """A scope of systemd's lies in a slice that does: nobody is moved."""
    kernel.group("user.slice", handed="cpu memory pids\n")
    slice_ = kernel.group("user.slice/app.slice", handed="memory pids\n")
    scope = kernel.group("user.slice/app.slice/run.scope", (os.getpid(), NOBODY))
    found = Hierarchy.find(kernel.proc("/user.slice/app.slice/run.scope"))
    assert base(found) == slice_
    assert found is not None
    assert found.kind == "v2"
    assert str(os.getpid()) in (scope / "cgroup.procs").read_text()
    assert [p.name for p in slice_.iterdir() if p.is_dir()] == ["run.scope"]


def test_a_group_of_ones_own_is_freed(kernel: Kernel) -> None:
    """In a container's group with us and who started us: we move, and it hands controllers down."""
    write(kernel.top / "cgroup.type", "domain\n")
    write(kernel.top / "cgroup.controllers", "cpu memory pids\n")
    pids = (os.getpid(), os.getppid())
    write(kernel.top / "cgroup.procs", "".join(f"{p}\n" for p in pids))
    found = Hierarchy.find(kernel.proc("/"))
    assert base(found) == kernel.top
    assert (kernel.top / "cgroup.subtree_control").read_text() == "memory pids"
    home = (kernel.top / "lakehouse-grader-home/cgroup.procs").read_text()
    assert {int(p) for p in home.split()} == set(pids)
    # A second grader that was started from here finds it as it is now.
    again = Hierarchy.find(kernel.proc("/lakehouse-grader-home"))
    assert base(again) == kernel.top


def test_a_group_with_strangers_is_left_alone(kernel: Kernel) -> None:
    """Whoever else is in it is not moved, and there are no groups for us."""
    mine = kernel.group("box", (os.getpid(), NOBODY))
    write(mine / "cgroup.controllers", "memory pids\n")
    assert Hierarchy.find(kernel.proc("/box")) is None
    assert (mine / "cgroup.procs").read_text().split() == [str(os.getpid()), str(NOBODY)]
    assert not (mine / "lakehouse-grader-home").exists()


def test_who_was_moved_in_vain_is_moved_back(kernel: Kernel) -> None:
    """The kernel refuses to hand controllers down: everything is as before."""
    mine = kernel.group("box", (os.getpid(),))
    write(mine / "cgroup.controllers", "memory pids\n")
    kernel.refuses["cgroup.subtree_control"] = errno.EOPNOTSUPP
    assert Hierarchy.find(kernel.proc("/box")) is None
    assert (mine / "cgroup.procs").read_text().split() == [str(os.getpid())]
    assert not (mine / "lakehouse-grader-home").exists()


def test_nobody_is_moved_out_of_the_root_of_all(kernel: Kernel) -> None:
    """It may hold processes and groups: kernel threads cannot be moved anyway."""
    write(kernel.top / "cgroup.controllers", "memory pids\n")
    write(kernel.top / "cgroup.procs", f"2\n{os.getpid()}\n")
    assert base(Hierarchy.find(kernel.proc("/"))) == kernel.top
    assert (kernel.top / "cgroup.procs").read_text() == f"2\n{os.getpid()}\n"


@pytest.mark.parametrize("refused", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_where_no_group_can_be_made_there_are_none(kernel: Kernel, refused: int) -> None:
    """A container with a read-only view, an ordinary user without delegation."""
    kernel.group("box", (os.getpid(),))
    write(kernel.top / "cgroup.subtree_control", "memory pids\n")
    kernel.refuses["mkdir"] = refused
    assert Hierarchy.find(kernel.proc("/box")) is None


def test_where_nobody_can_join_there_are_none(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Groups that can be made but not entered: a session of an ordinary user's on a server."""
    write(kernel.top / "cgroup.subtree_control", "memory pids\n")
    monkeypatch.setattr(Group, "procs", lambda _: [Path("/nowhere/cgroup.procs")])
    assert Hierarchy.find(kernel.proc("/")) is None
    assert [p for p in kernel.top.iterdir() if p.is_dir()] == []


def test_without_control_groups_there_are_none(tmp_path: Path) -> None:
    """No /proc, nothing mounted, a group outside of what is mounted."""
    assert Hierarchy.find(tmp_path / "nowhere") is None
    write(tmp_path / "cgroup", "0::/\n")
    write(tmp_path / "mountinfo", "22 1 0:21 / /proc rw - proc proc rw\n")
    assert Hierarchy.find(tmp_path) is None
    write(tmp_path / "cgroup", "4:memory:/a\n8:pids:/a\n0::/../other\n")
    mounts = "35 31 0:31 /docker/b {0}/m rw - cgroup c rw,memory\n"
    mounts += (
        "36 31 0:36 / {0}/nowhere rw - cgroup c rw,pids\n37 31 0:37 /b {0} rw - cgroup2 c rw\n"
    )
    write(tmp_path / "mountinfo", mounts.format(tmp_path))
    assert Hierarchy.find(tmp_path) is None


def test_version_1_is_found_in_each_hierarchy(tmp_path: Path) -> None:
    """Joint mounts, a container's part of a tree, names with spaces; without time if need be."""
    for name in ("mem ory/x", "pids", "cpu,cpuacct/y"):
        (tmp_path / name).mkdir(parents=True)
    write(tmp_path / "cgroup", "4:memory:/d/x\n8:pids:/\n2:cpu,cpuacct:/y\n0::/\n")
    mounts = "35 31 0:31 /d {0}/mem\\040ory rw - cgroup c rw,memory\n"
    mounts += "36 31 0:36 / {0}/pids rw - cgroup c rw,pids\n"
    mounts += "37 31 0:37 / {0}/cpu,cpuacct rw - cgroup c rw,cpu,cpuacct\n"
    write(tmp_path / "mountinfo", mounts.format(tmp_path))
    tried = list(cgroups._candidates(cgroups._own(tmp_path), cgroups._mounts(tmp_path)))
    assert [h.kind for h in tried] == ["v1", "v1"]
    needed = {"memory": tmp_path / "mem ory/x", "pids": tmp_path / "pids"}
    assert tried[0].bases == {**needed, "cpuacct": tmp_path / "cpu,cpuacct/y"}
    assert tried[1].bases == needed


@pytest.fixture
def played(kernel: Kernel) -> Iterator[Group]:
    """A group of version 2, played."""
    write(kernel.top / "cgroup.subtree_control", "memory pids\n")
    made = Hierarchy("v2", {"cgroup": kernel.top}, (kernel.top,)).create("lab")
    yield made
    made.remove()


def folder(of: Group) -> Path:
    """The folder of a played group."""
    return of.procs()[0].parent


def test_limits_are_the_kernels(played: Group) -> None:
    """Memory with no swap beside it, tasks, and an end for the whole group."""
    played.limit(1536 << 20, 512)
    said = {
        name: (folder(played) / name).read_text().strip()
        for name in ("memory.max", "memory.swap.max", "memory.oom.group", "pids.max")
    }
    assert list(said.values()) == [str(1536 << 20), "0", "1", "512"]


def test_a_kernel_without_swap_or_group_end_will_do(kernel: Kernel) -> None:
    """Both files may be missing."""
    kernel.lacks = {"memory.swap.max", "memory.oom.group", "memory.peak", "cgroup.kill"}
    made = Hierarchy("v2", {"cgroup": kernel.top}, (kernel.top,)).create("lab")
    made.limit(1 << 30, 10)
    assert made.peak() == 0
    made.remove()


def test_without_a_controller_there_is_no_limit(kernel: Kernel) -> None:
    """A fault, not a guest without limits."""
    kernel.lacks = {"memory.max"}
    made = Hierarchy("v2", {"cgroup": kernel.top}, (kernel.top,)).create("lab")
    with pytest.raises(SandboxFault, match="a control group cannot be limited: "):
        made.limit(1 << 30, 10)
    made.remove()


def test_memory_is_what_cannot_be_given_back(played: Group) -> None:
    """Cached files do not count, but those in memory do; the peak is remembered."""
    write(folder(played) / "memory.current", str(900 << 20))
    stat = f"anon 1\nfile {600 << 20}\nshmem {100 << 20}\nslab_reclaimable {50 << 20}\n"
    write(folder(played) / "memory.stat", stat)
    assert played.memory() == 350 << 20
    write(folder(played) / "memory.current", str(800 << 20))
    assert played.memory() == 250 << 20
    assert played.peak() == 350 << 20
    write(folder(played) / "memory.peak", str(950 << 20))
    assert played.peak() == 950 << 20


def test_memory_is_not_limited_below_what_is_used(played: Group) -> None:
    """The kernel would kill at once: that is our mistake, not the guest's."""
    write(folder(played) / "memory.current", str(300 << 20))
    message = "a control group cannot be limited: 300 MiB are in use, 100 MiB would be allowed"
    with pytest.raises(SandboxFault, match=message):
        played.limit(100 << 20, 10)
    played.limit(400 << 20, 10)


def test_tasks_and_time_are_counted(played: Group) -> None:
    """As the kernel says."""
    write(folder(played) / "pids.current", "17\n")
    write(folder(played) / "cpu.stat", "usage_usec 2500000\nuser_usec 1\n")
    write(folder(played) / "cgroup.procs", "12\n7\n")
    assert (played.processes(), played.cpu(), played.pids()) == (17, 2.5, [7, 12])


def test_what_ran_out_is_named(played: Group) -> None:
    """In the words of a verdict; reaching a limit without harm is nothing."""
    played.limit(1536 << 20, 1536)
    write(folder(played) / "memory.events", "max 7\noom 0\noom_kill 0\n")
    assert played.ran_out() == []
    write(folder(played) / "memory.events", "max 7\noom 1\noom_kill 1\n")
    write(folder(played) / "pids.events", "max 3\n")
    assert played.ran_out() == ["memory: 1.5 GiB reached", "processes: 1,536 reached"]


def test_killing_is_not_running_out(played: Group) -> None:
    """What is refused while everything is killed is our doing."""
    played.limit(1 << 30, 10)
    write(folder(played) / "cgroup.procs", "0\n")
    played.kill()
    assert (folder(played) / "pids.max").read_text() == "0\n"
    write(folder(played) / "pids.events", "max 3\n")
    assert played.ran_out() == []


def test_a_group_is_removed_once(played: Group) -> None:
    """And again is no error; its lock is gone."""
    place = folder(played)
    assert place.is_dir()
    played.remove()
    assert not place.exists()
    played.remove()


def stale(kernel: Kernel, pid: int, start: int | None, name: str = "9-lab") -> Path:
    """A group that a grader made."""
    return kernel.group(f"slice/lakehouse-grader-{pid}-{start}-{name}", (0,))


def test_groups_of_dead_graders_are_swept(kernel: Kernel) -> None:
    """Wherever they are; an id that another process has now is a dead grader's too."""
    gone = [stale(kernel, NOBODY, 5), stale(kernel, os.getpid(), 5)]
    others = [
        stale(kernel, os.getpid(), metering.started(os.getpid())),
        stale(kernel, os.getppid(), metering.started(os.getppid())),
        kernel.group("slice/lakehouse-grader-home", (0,)),
        kernel.group("slice/somebody", (0,)),
    ]
    assert Hierarchy("v2", {"cgroup": kernel.top}, (kernel.top,)).sweep() == 2
    assert [p.exists() for p in gone] == [False, False]
    assert [(p / "cgroup.procs").read_text() for p in others] == ["0\n"] * 4


def test_a_locked_group_is_somebodys(kernel: Kernel) -> None:
    """Also where its grader cannot be seen: in a container of its own."""
    held = stale(kernel, NOBODY, 5)
    fd = os.open(held, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    here = Hierarchy("v2", {"cgroup": kernel.top}, (kernel.top,))
    assert here.sweep() == 0
    os.close(fd)
    assert here.sweep() == 1


def test_our_own_groups_outlive_a_sweep(kernel: Kernel) -> None:
    """A grader may sweep at any time."""
    here = Hierarchy("v2", {"cgroup": kernel.top}, (kernel.top,))
    made = [here.create("lab"), here.create("lab")]
    assert here.sweep() == 0
    assert len({folder(m) for m in made}) == 2
    for one in made:
        one.remove()


@pytest.fixture(scope="module")
def real() -> Hierarchy:
    """The machine's own control groups."""
    found = Hierarchy.find()
    if found is None:
        pytest.skip("this process cannot make control groups")
    return found


@pytest.fixture
def lab(real: Hierarchy) -> Iterator[Group]:
    """A group of the machine's."""
    made = real.create("test")
    yield made
    places = [p.parent for p in made.procs()]
    made.remove()
    assert not any(p.exists() for p in places)


def inside(lab: Group, code: str) -> subprocess.Popen[bytes]:
    """Run a line of shell in a group."""
    join = f'for f; do echo 0 > "$f" || exit 9; done; {code}'
    command = ["sh", "-c", join, "sh", *map(str, lab.procs())]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def until(lab: Group, tasks: int) -> None:
    """Wait until so many tasks are in a group."""
    end = time.monotonic() + 5
    while lab.processes() < tasks and time.monotonic() < end:
        time.sleep(0.01)


def test_available_says_what_is_found() -> None:
    """Whatever the machine offers, the answer is one of three."""
    assert available() in ("v1", "v2", None)


def test_memory_really_runs_out(lab: Group) -> None:
    """The kernel kills, and it is told."""
    lab.limit(32 << 20, 20)
    grow = "x = [bytearray(1 << 20) for _ in range(100)]"
    run = inside(lab, f'exec {sys.executable} -c "{grow}"')
    assert run.wait(timeout=20) == -signal.SIGKILL
    assert lab.ran_out() == ["memory: 32 MiB reached"]
    assert lab.peak() >= 30 << 20


def test_processes_really_run_out_and_a_bomb_really_ends(lab: Group) -> None:
    """Forks beyond the limit fail; killing is quick and leaves nobody."""
    lab.limit(256 << 20, 20)
    run = inside(lab, "b() { b | b & }; b; exec sleep 100")
    until(lab, 20)
    end = time.monotonic() + 5
    while not lab.ran_out() and time.monotonic() < end:
        time.sleep(0.01)
    assert lab.ran_out() == ["processes: 20 reached"]
    began = time.monotonic()
    lab.kill()
    assert time.monotonic() - began < 5
    assert lab.pids() == []
    assert run.wait(timeout=5) == -signal.SIGKILL


def test_a_real_group_counts(lab: Group) -> None:
    """Processes, memory and time of all that ran in it."""
    run = inside(lab, "sleep 100 & i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; wait")
    until(lab, 2)
    assert run.pid in lab.pids()
    assert len(lab.pids()) == lab.processes() == 2
    assert lab.memory() < 64 << 20
    lab.kill()
    run.wait(timeout=5)
    used = lab.cpu()
    assert used is None or 0 < used < 10


def test_a_real_limit_is_not_lowered_below_what_is_used(lab: Group) -> None:
    """It may be raised and lowered while something runs, but not so far."""
    lab.limit(256 << 20, 20)
    grown = "exec {} -c 'x = bytearray(40 << 20); import time; time.sleep(60)'"
    run = inside(lab, grown.format(sys.executable))
    end = time.monotonic() + 10
    while lab.memory() < 40 << 20 and time.monotonic() < end:
        time.sleep(0.01)
    with pytest.raises(SandboxFault, match="are in use, 16 MiB would be allowed"):
        lab.limit(16 << 20, 20)
    lab.limit(512 << 20, 20)
    lab.limit(200 << 20, 20)
    lab.kill()
    assert run.wait(timeout=5) == -signal.SIGKILL


LEAVE = """
import os, subprocess, sys
from grader.sandbox.cgroups import Hierarchy
group = Hierarchy.find().create("test")
join = 'for f; do echo 0 > "$f"; done; echo in; exec sleep 60'
command = ["sh", "-c", join, "sh", *map(str, group.procs())]
run = subprocess.Popen(command, stdout=subprocess.PIPE)
assert run.stdout.readline() == b"in\\n"
print(run.pid, group.procs()[0].parent, flush=True)
sys.stdin.read()
group.remove()
"""


def test_what_a_killed_grader_left_is_really_swept(real: Hierarchy) -> None:
    """Its guest dies and its group goes; while it lived, nothing happened to them."""
    with subprocess.Popen(
        [sys.executable, "-c", LEAVE],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        pid, place = other.stdout.readline().split()
        real.sweep()
        assert Path(place).exists()
        assert Path(f"/proc/{pid}").exists()
        other.kill()
        other.wait()
        assert Path(place).exists()
        assert real.sweep() >= 1
        assert not Path(place).exists()
        assert metering.started(int(pid)) is None
