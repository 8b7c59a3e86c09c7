"""`grader.sandbox.leftovers` and its walk: strange things in a workspace are named."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from grader.core.clean import clean_line
from grader.sandbox.intake import Caps
from grader.sandbox.leftovers import WORKSPACE, survey
from grader.sandbox.walking import Twins, open_folder, walk
from tests.builders import write


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """What an honest lab leaves: a Delta table with checksums and partitions, a deep MLflow run."""
    work = tmp_path / "work"
    for name in (
        "warehouse/t/_delta_log/00000000000000000000.json",
        "warehouse/t/_delta_log/.00000000000000000000.json.crc",
        "warehouse/t/city=A/part-00000-x.c000.snappy.parquet",
        "warehouse/t/city=A/.part-00000-x.c000.snappy.parquet.crc",
        "warehouse/t/city=a/part-00000-x.c000.snappy.parquet",
        "warehouse/t/when=2026-01-01 10%3A00%3A00/part-0.parquet",
        "mlruns/1/models/m-1/artifacts/a/b/c/d/MLmodel",
        "mlruns/1/tags/mlflow.user",
        ".hidden/größe 😀.txt",
        "other/MLmodel",
    ):
        write(work / name, "x")
    (work / "warehouse/empty").mkdir()
    return work


def test_an_honest_workspace_is_not_worth_a_word(workspace: Path) -> None:
    """Checksums, partitions that differ in case, eight levels of folders."""
    assert survey(workspace) == []


def test_an_empty_workspace_is_honest(tmp_path: Path) -> None:
    """Nothing was left."""
    assert survey(tmp_path) == []


def test_links_are_named_and_not_followed(workspace: Path, tmp_path: Path) -> None:
    """To files, folders, nothing and themselves; three of them by name."""
    write(tmp_path / "outside/secret\n", "x")
    (workspace / "a").symlink_to(tmp_path / "outside")
    (workspace / "b").symlink_to("/nowhere")
    (workspace / "c").symlink_to("c")
    (workspace / "warehouse/d").symlink_to("/dev/zero")
    told = survey(workspace)
    assert len(told) == 1
    assert told[0].startswith("the workspace holds 4 links: ")
    assert told[0].endswith(" and 1 more")
    (workspace / "warehouse/d").unlink()
    (workspace / "b").unlink()
    (workspace / "c").unlink()
    assert survey(workspace) == ["the workspace holds a link: a"]


def test_what_is_no_file_is_named(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FIFOs and sockets: reading one would never end."""
    os.mkfifo(workspace / "other/pipe")
    monkeypatch.chdir(workspace)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("door")
        assert sorted(survey(workspace)) == [
            "the workspace holds a FIFO: other/pipe",
            "the workspace holds a socket: door",
        ]


def test_a_device_is_named(workspace: Path) -> None:
    """A second name of the machine's memory, where one can be made."""
    try:
        os.mknod(workspace / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root can make a device, and not in every container")
    assert survey(workspace) == ["the workspace holds a device: zero"]


def test_hard_links_are_named(workspace: Path) -> None:
    """Under both names."""
    os.link(workspace / "other/MLmodel", workspace / "other/second")
    (told,) = survey(workspace)
    assert told.startswith("the workspace holds 2 hard links: other/")


@pytest.mark.parametrize(
    ("size", "content", "told"),
    [
        (1 << 40, b"", ["the workspace holds a sparse file: giant"]),
        (1 << 40, b"x" * 100_000, ["the workspace holds a sparse file: giant"]),
        ((64 << 20) + 1, b"", ["the workspace holds a sparse file: giant"]),
        (64 << 20, b"", []),
        (1 << 20, b"", []),
    ],
)
def test_sparse_files_are_named(
    workspace: Path, size: int, content: bytes, told: list[str]
) -> None:
    """Holes of more than 64 MiB: engines preallocate less."""
    with (workspace / "giant").open("wb") as handle:
        handle.write(content)
        handle.truncate(size)
    assert survey(workspace) == told


def test_a_large_file_is_named(workspace: Path) -> None:
    """One file beyond what an inspector reads."""
    write(workspace / "large", b"x" * 5000)
    caps = Caps(files=100, total=1 << 30, file=4999, depth=32)
    assert survey(workspace, caps) == ["the workspace holds a file that is too large: large"]


def test_too_many_files_end_the_survey(workspace: Path) -> None:
    """The caps themselves are allowed."""
    count = sum(1 for _ in workspace.rglob("*"))
    assert survey(workspace, Caps(files=count, total=1 << 30, file=1 << 30, depth=32)) == []
    assert survey(workspace, Caps(files=count - 1, total=1 << 30, file=1 << 30, depth=32)) == [
        f"the workspace holds more than {count - 1} files and folders"
    ]


def test_too_many_bytes_end_the_survey(workspace: Path) -> None:
    """What is allocated counts, not what is said."""
    write(workspace / "a", b"x" * (3 << 20))
    assert survey(workspace, Caps(files=1000, total=2 << 20, file=1 << 30, depth=32)) == [
        "the workspace holds more than 2 MiB"
    ]


def test_folders_that_are_too_deep_are_named(workspace: Path) -> None:
    """They are not entered."""
    place = "/".join(["deep"] * 34)
    (workspace / place).mkdir(parents=True)
    (told,) = survey(workspace)
    assert told.startswith("the workspace holds a folder that lies too deep: deep/deep/")
    assert WORKSPACE.depth == 32


def test_a_closed_folder_is_named(workspace: Path) -> None:
    """An ordinary user's inspector could not read it either; root reads everything."""
    (workspace / "other").chmod(0)
    expected = (
        [] if os.geteuid() == 0 else ["the workspace holds a folder that cannot be opened: other"]
    )
    assert survey(workspace) == expected
    (workspace / "other").chmod(0o755)


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31mb", "a\x9bb", "a\\b", os.fsdecode(b"caf\xe9")])
def test_names_with_control_characters_are_named_clean(workspace: Path, name: str) -> None:
    """What would break a terminal is told without doing so."""
    (workspace / name).mkdir()
    (told,) = survey(workspace)
    assert told == f"the workspace holds a name with control characters: {clean_line(name)}"
    assert told.isprintable()


def test_a_name_of_nothing_visible_is_still_told(workspace: Path) -> None:
    """A name of which cleaning leaves nothing."""
    (workspace / "\x01").touch()
    assert survey(workspace) == ["the workspace holds a name with control characters: ?"]


def test_names_that_differ_in_case_only_are_named(workspace: Path) -> None:
    """Once for each second name, within one folder."""
    write(workspace / "other/mlmodel", "x")
    write(workspace / "third/mlmodel", "x")
    (told,) = survey(workspace)
    assert told.startswith(
        "the workspace holds a name like another but for upper and lower case: other/"
    )


def test_a_workspace_that_is_gone_or_a_link_is_not_read(tmp_path: Path) -> None:
    """Neither an error nor a way out."""
    assert survey(tmp_path / "gone") == ["the workspace cannot be read (No such file or directory)"]
    (tmp_path / "work").symlink_to("/etc")
    assert survey(tmp_path / "work") == ["the workspace cannot be read (Not a directory)"]


def test_a_folder_exchanged_for_a_link_is_not_followed(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at it and its opening: the walk stays inside."""
    write(tmp_path / "outside/key", "x")

    def exchanged(name: str | Path, within: int | None = None, *, unlock: bool = False) -> int:
        if name == "other":
            (workspace / "other").rename(tmp_path / "away")
            (workspace / "other").symlink_to(tmp_path / "outside")
        return open_folder(name, within, unlock=unlock)

    monkeypatch.setattr("grader.sandbox.walking.open_folder", exchanged)
    assert "other/key" not in {e.where for e in walk(workspace, 32)}


def test_a_walk_ends_without_open_descriptors(workspace: Path) -> None:
    """Also one that is not walked to its end."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert len(list(walk(workspace, 32))) > 20
    for entry in walk(workspace, 32):
        if entry.depth == 4:
            break
    steps = walk(workspace, 32)
    next(steps)
    del steps
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_walk_passes_over_what_vanishes(workspace: Path) -> None:
    """A guest that is still removing files does no harm."""
    found = []
    for entry in walk(workspace, 32):
        found.append(entry.where)
        for path in sorted(workspace.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
    assert len(found) < 20


def test_twins_are_found_beyond_ascii() -> None:
    """As other systems fold names."""
    twins = Twins()
    assert [twins.of(n) for n in ("STRASSE", "a", "straße", "A", "a", "b")] == [
        None,
        None,
        "STRASSE",
        "a",
        None,
        None,
    ]
