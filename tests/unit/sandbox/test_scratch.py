"""`grader.sandbox.scratch`: temporary folders that go with their grader, however it ends."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.errors import SandboxFault
from grader.sandbox import scratch
from tests.builders import ROOT, write


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place for temporary files of a test's own, where nothing has begun yet."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setattr(scratch, "_run", None)
    yield place
    scratch.end()


def grader(code: str, temporary: Path) -> subprocess.Popen[str]:
    """Another grader, as far as it matters here; it has begun when it prints a line."""
    return subprocess.Popen(
        [sys.executable, "-c", f"from grader.sandbox import scratch\n{code}"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )


def told(run: subprocess.Popen[str]) -> Path:
    """The folder that another grader prints."""
    assert run.stdout is not None
    return Path(run.stdout.readline().strip())


BEGIN = "print(scratch.folder('lab'), flush=True)\n"


def ended(run: subprocess.Popen[str]) -> None:
    """Let another grader end, and wait for it."""
    run.communicate("\n", timeout=20)


def test_folders_are_new_and_lie_in_one_run(temporary: Path) -> None:
    """Each call makes one; their parent carries this process's id."""
    one, two = scratch.folder("lab"), scratch.folder("lab")
    assert one != two
    assert one.name.startswith("lab-")
    assert one.parent == two.parent
    assert one.parent.name.startswith(f"run-{os.getpid()}-")
    assert one.parent.parent == temporary / f"lakehouse-grader-{os.geteuid()}"
    assert list(one.iterdir()) == []


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_others_pass_through_but_cannot_list(umask: int) -> None:
    """Mode 0711 on every level, whatever the umask: a guest has a user id of its own."""
    before = os.umask(umask)
    try:
        made = scratch.folder("lab")
    finally:
        os.umask(before)
    for folder in (made, made.parent, made.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o711


def test_a_discarded_folder_is_gone() -> None:
    """With what is in it, and without its neighbours."""
    one, two = scratch.folder("lab"), scratch.folder("lab")
    write(one / "a/b/c", "x")
    assert scratch.discard(one)
    assert not one.exists()
    assert two.exists()
    assert scratch.discard(one)


@pytest.mark.parametrize("where", ["{outside}", "{made}/inner", "{run}", "{made}/../../x", "/"])
def test_only_folders_of_this_run_are_discarded(tmp_path: Path, where: str) -> None:
    """A wrong path is a mistake in the grader: nothing is removed."""
    made = scratch.folder("lab")
    (made / "inner").mkdir()
    (tmp_path / "outside").mkdir()
    path = Path(where.format(outside=tmp_path / "outside", made=made, run=made.parent))
    with pytest.raises(ValueError, match="is no folder of this run"):
        scratch.discard(path)
    assert (made / "inner").exists()
    assert (tmp_path / "outside").exists()


def test_no_link_is_followed(tmp_path: Path) -> None:
    """What a link points to stays: a file, a folder, and what is in it."""
    kept = write(tmp_path / "outside/kept", "x")
    made = scratch.folder("lab")
    (made / "file").symlink_to(kept)
    (made / "folder").symlink_to(kept.parent)
    (made / "inner").mkdir()
    (made / "inner/folder").symlink_to(kept.parent)
    os.mkfifo(made / "inner/pipe")
    assert scratch.discard(made)
    assert kept.read_text() == "x"


def deep(top: Path, levels: int) -> None:
    """A chain of folders, longer than a path can say."""
    fd = os.open(top, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("n" * 200, dir_fd=fd)
        inner = os.open("n" * 200, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.close(os.open("bottom", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)


def test_a_tree_deeper_than_a_path_goes() -> None:
    """Sixty folders with names of 200 characters: 12,000, where 4,096 are the limit."""
    made = scratch.folder("lab")
    deep(made, 60)
    assert scratch.discard(made)
    assert not made.exists()


def test_a_wide_tree_goes() -> None:
    """Many files and folders on two levels."""
    made = scratch.folder("lab")
    for i in range(8):
        (made / f"{i}").mkdir()
        for j in range(6):
            (made / f"{i}/{j}").mkdir()
            (made / f"{i}/{j}/file").touch()
    assert scratch.discard(made)
    assert not made.exists()


def as_user(place: Path, action: Callable[[], bool]) -> bool:
    """What `action` answers when an ordinary user does it, to whom `place` belongs."""
    if os.geteuid() != 0:
        return action()
    os.chown(place, 12345, 12345)
    pid = os.fork()
    if pid == 0:
        status = 2
        try:
            os.setgroups([])
            os.setgid(12345)
            os.setuid(12345)
            status = 0 if action() else 1
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def locked() -> bool:
    """Make folders that lack permissions, discard them, and tell whether they are gone."""
    made = scratch.folder("lab")
    for mode in (0, 0o100, 0o200, 0o400, 0o500):
        outer = made / f"{mode}"
        write(outer / "inner/innermost/file", "x")
        for folder in (outer / "inner/innermost", outer / "inner", outer):
            folder.chmod(mode)
    made.chmod(0)
    return scratch.discard(made) and not made.exists()


def test_folders_without_permissions_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary user's own folders are given the bits that are missing."""
    monkeypatch.undo()  # pytest's folders are closed to other users
    with tempfile.TemporaryDirectory() as place:
        monkeypatch.setattr(tempfile, "tempdir", place)
        monkeypatch.setattr(scratch, "_run", None)
        assert as_user(Path(place), locked)
        scratch.end()


def test_a_run_goes_when_its_grader_ends(temporary: Path) -> None:
    """Nothing is left, not even the folder of all runs."""
    run = grader(BEGIN + "input()", temporary)
    made = told(run)
    write(made / "a/b", "x")
    ended(run)
    assert list(temporary.iterdir()) == []


def test_a_killed_graders_run_is_swept(temporary: Path) -> None:
    """SIGKILL leaves a folder; the next sweep removes it."""
    run = grader(BEGIN + "input()", temporary)
    made = told(run)
    write(made / "a/b", "x")
    run.kill()
    run.communicate()
    assert made.exists()
    assert scratch.sweep() == 1
    assert list(temporary.iterdir()) == []


def test_a_live_graders_run_is_not_swept(temporary: Path) -> None:
    """Neither that of another grader nor our own."""
    run = grader(BEGIN + "input()", temporary)
    theirs, ours = told(run), scratch.folder("lab")
    assert scratch.sweep() == 0
    assert theirs.exists()
    assert ours.exists()
    assert theirs.parent.parent == ours.parent.parent
    assert theirs.parent != ours.parent
    ended(run)
    assert ours.exists()


def test_a_stopped_grader_is_alive(temporary: Path) -> None:
    """A grader in the debugger keeps what it has."""
    run = grader(BEGIN + "input()", temporary)
    made = told(run)
    run.send_signal(signal.SIGSTOP)
    assert scratch.sweep() == 0
    run.send_signal(signal.SIGCONT)
    ended(run)
    assert not made.exists()


def test_what_a_sweep_left_is_swept(temporary: Path) -> None:
    """A folder without its lock, and a lock without its folder, are nobody's."""
    base = scratch.folder("lab").parent.parent
    (base / "run-1-2-lost/a").mkdir(parents=True)
    (base / "run-3-4-lost.lock").touch()
    write(base / "notes.txt", "somebody's")
    assert scratch.sweep() == 2
    assert sorted(
        p.name for p in base.iterdir() if not p.name.startswith(f"run-{os.getpid()}")
    ) == ["notes.txt"]


def test_nothing_to_sweep(temporary: Path) -> None:
    """The first grader on a machine."""
    assert scratch.sweep() == 0
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("kind", ["link", "file", "writable", "foreign"])
def test_a_planted_base_is_not_used(temporary: Path, tmp_path: Path, kind: str) -> None:
    """Somebody else's folder or link of that name is left alone, a fresh one is made and swept."""
    base = temporary / f"lakehouse-grader-{os.geteuid()}"
    trap = tmp_path / "trap"
    (trap / "run-1-2-x").mkdir(parents=True)
    if kind == "link":
        base.symlink_to(trap)
    elif kind == "file":
        base.touch()
    else:
        trap.rename(base)
        base.chmod(0o777 if kind == "writable" else 0o755)
        if kind == "foreign":
            if os.geteuid() != 0:
                pytest.skip("only root can make a folder that is another user's")
            os.chown(base, 12345, 12345)
    made = scratch.folder("lab")
    assert not made.is_relative_to(base)
    assert made.parent.parent.name.startswith(f"{base.name}-")
    assert scratch.sweep() == 0
    assert (trap if kind == "link" else base).exists()
    if kind != "file":
        assert (base / "run-1-2-x").exists()


def test_a_forked_child_has_a_run_of_its_own() -> None:
    """Its end does not take its parent's folders along."""
    ours = scratch.folder("lab")
    read, wrote = os.pipe()
    pid = os.fork()
    if pid == 0:
        theirs = scratch.folder("lab")
        os.write(wrote, str(theirs).encode())
        scratch.end()
        os._exit(0)
    os.waitpid(pid, 0)
    theirs = Path(os.read(read, 4096).decode())
    os.close(read)
    os.close(wrote)
    assert theirs.parent != ours.parent
    assert not theirs.exists()
    assert ours.exists()


def test_where_nothing_can_be_made_it_is_said(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place is named."""
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / "nowhere"))
    with pytest.raises(SandboxFault, match=r"no temporary folder can be made in .*/nowhere: "):
        scratch.folder("lab")
