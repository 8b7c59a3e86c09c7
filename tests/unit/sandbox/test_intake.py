"""`grader.sandbox.intake`: what is copied out of a student's folder, and what is left behind."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from grader.core.grade import Problem
from grader.errors import SubmissionError
from grader.sandbox.intake import MAX_TOLD, Caps, take_in
from tests.builders import write


@pytest.fixture
def alice(tmp_path: Path) -> Path:
    """A student's folder with one good file."""
    write(tmp_path / "alice/answers/quiz-1.yaml", "exam: quiz-1\n")
    return tmp_path / "alice"


def taken(source: Path, caps: Caps | None = None) -> tuple[list[str], list[str]]:
    """What was copied, and what was said about the rest."""
    target = source.parent / "copy"
    problems = take_in(source, target, caps)
    files = sorted(p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file())
    return files, [f"{p.where}: {p.message}" for p in problems]


GOOD = ["answers/quiz-1.yaml"]


def test_plain_files_are_copied_as_they_are(alice: Path) -> None:
    """Contents are the same byte for byte, in folders of the same names, in files of their own."""
    raw = bytes(range(256)) * 20_000
    write(alice / "labs/helper/data.bin", raw)
    write(alice / "ümläut 😀.txt", "")
    os.chmod(write(alice / "labs/run.sh", "#!/bin/sh\n"), 0o4777)  # noqa: PTH101 - setuid bit too
    files, problems = taken(alice)
    assert files == sorted([*GOOD, "labs/helper/data.bin", "labs/run.sh", "ümläut 😀.txt"])
    assert problems == []
    copy = alice.parent / "copy"
    assert (copy / "labs/helper/data.bin").read_bytes() == raw
    assert (copy / "labs/run.sh").stat().st_mode & 0o7111 == 0
    assert (copy / "labs/run.sh").stat().st_ino != (alice / "labs/run.sh").stat().st_ino


def test_the_source_stays_as_it_was(alice: Path) -> None:
    """Intake reads and changes nothing."""
    before = sorted((p, p.lstat().st_mtime_ns) for p in alice.rglob("*"))
    taken(alice)
    assert sorted((p, p.lstat().st_mtime_ns) for p in alice.rglob("*")) == before


def test_the_target_must_be_new(alice: Path) -> None:
    """A copy is never laid over another student's."""
    (alice.parent / "copy").mkdir()
    with pytest.raises(FileExistsError):
        taken(alice)


@pytest.mark.parametrize(
    "target",
    ["{outside}/key.yaml", "{outside}", "/dev/zero", "/etc/passwd", "/nowhere", "quiz-1.yaml", "."],
)
def test_no_link_is_followed(alice: Path, target: str) -> None:
    """To a file, a folder, a device, nothing or a good neighbour: a link is left behind."""
    write(alice.parent / "outside/key.yaml", "the key")
    (alice / "answers/link.yaml").symlink_to(target.format(outside=alice.parent / "outside"))
    assert taken(alice) == (GOOD, ["alice/answers/link.yaml: is a link; it was not taken in"])
    assert not (alice.parent / "copy/answers/link.yaml").is_symlink()


def test_a_linked_folder_is_not_entered(alice: Path) -> None:
    """A folder of the student's that is a link hides nothing else."""
    write(alice.parent / "outside/quiz-2.yaml", "the key")
    (alice / "labs").symlink_to(alice.parent / "outside", target_is_directory=True)
    assert taken(alice) == (GOOD, ["alice/labs: is a link; it was not taken in"])


def test_a_hard_link_is_left_behind(alice: Path) -> None:
    """A second name of somebody else's file is refused, under both names within the folder."""
    secret = write(alice.parent / "outside/key.yaml", "the key")
    os.link(secret, alice / "answers/quiz-2.yaml")
    assert taken(alice) == (
        GOOD,
        ["alice/answers/quiz-2.yaml: is a hard link; it was not taken in"],
    )


def test_a_fifo_does_not_block(alice: Path) -> None:
    """A pipe that nobody writes to is seen for what it is, at once."""
    os.mkfifo(alice / "answers/quiz-2.yaml")
    assert taken(alice) == (
        GOOD,
        ["alice/answers/quiz-2.yaml: is not a regular file; it was not taken in"],
    )


def test_a_socket_is_left_behind(alice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket cannot be opened as a file."""
    monkeypatch.chdir(alice)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        assert taken(alice) == (
            GOOD,
            ["alice/socket: cannot be opened (No such device or address); it was not taken in"],
        )


def test_a_sparse_giant_is_not_copied(alice: Path) -> None:
    """A terabyte of holes costs nothing: its size is looked at first."""
    with (alice / "answers/giant.yaml").open("wb") as handle:
        handle.truncate(1 << 40)
    assert taken(alice) == (
        GOOD,
        ["alice/answers/giant.yaml: is larger than 8 MiB; it was not taken in"],
    )


def test_holes_are_not_copied(alice: Path) -> None:
    """Also within the caps a file must be what it says: by a megabyte, and nearly all of it."""
    for name, size in (("holes", 4 << 20), ("few", 1 << 20)):
        with (alice / name).open("wb") as handle:
            handle.truncate(size)
    write(alice / "zeros", bytes(4 << 20))
    with write(alice / "half", b"x" * (2 << 20)).open("r+b") as handle:
        handle.truncate(4 << 20)
    assert taken(alice) == (
        sorted([*GOOD, "few", "half", "zeros"]),
        ["alice/holes: is sparse: it says to be larger than it is; it was not taken in"],
    )


def test_a_file_of_exactly_the_cap_is_copied(alice: Path) -> None:
    """The cap itself is allowed, for a file and for the whole."""
    caps = Caps(file=1 << 20, total=2 << 20)
    write(alice / "a", b"x" * (1 << 20))
    write(alice / "b", b"x" * ((1 << 20) + 1))
    assert taken(alice, caps) == (
        sorted(["a", *GOOD]),
        ["alice/b: is larger than 1 MiB; it was not taken in"],
    )


def test_the_whole_has_a_cap(alice: Path) -> None:
    """What would exceed the total is left behind, and smaller files after it are still taken."""
    caps = Caps(total=3 << 20)
    for name in ("a", "b"):
        write(alice / name, b"x" * (2 << 20))
    write(alice / "c", b"x")
    files, problems = taken(alice, caps)
    assert files == ["a", *GOOD, "c"]
    assert problems == ["alice/b: would bring the submission over 3 MiB; it was not taken in"]


def test_too_many_files_are_left_behind(alice: Path) -> None:
    """The first in the order of names are taken, up to the cap, which folders count against."""
    for i in range(4):
        write(alice / f"labs/{i}.py", "")
    files, problems = taken(alice, Caps(files=5))
    assert files == [*GOOD, "labs/0.py", "labs/1.py"]
    assert problems == [
        f"alice/labs/{i}.py: is beyond the 5 files a submission may have; it was not taken in"
        for i in (2, 3)
    ]


def test_too_many_folders_are_left_behind(alice: Path) -> None:
    """Empty folders fill the cap like files, and one beyond it is not entered."""
    for i in range(4):
        (alice / f"folder-{i}").mkdir()
    write(alice / "folder-3/lost", "")
    files, problems = taken(alice, Caps(files=5))
    assert files == GOOD
    assert problems == [
        "alice/folder-3: is beyond the 5 files a submission may have; it was not taken in"
    ]
    assert not (alice.parent / "copy/folder-3").exists()


def test_too_deep_folders_are_left_behind(alice: Path) -> None:
    """Six folders deep, the student's own counted, and no deeper."""
    write(alice / "2/3/4/5/6/kept", "")
    write(alice / "2/3/4/5/6/7/lost", "")
    assert taken(alice) == (
        ["2/3/4/5/6/kept", *GOOD],
        ["alice/2/3/4/5/6/7: lies more than 6 folders deep; it was not taken in"],
    )


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a\nb", "alice/a b"),
        ("a\n", "alice/a"),
        ("n" * 120 + "\n", "alice/" + "n" * 120),
        ("\x1b[31mred", "alice/red"),
        ("a\x00b".replace("\x00", "\x01"), "alice/ab"),
        ("a\x7f", "alice/a"),
        ("a\x9bb", "alice/ab"),
        ("a\\b", "alice/a\\b"),
        (os.fsdecode(b"caf\xe9"), "alice/caf"),
        ("n" * 121, "alice/" + "n" * 121),
    ],
)
@pytest.mark.parametrize("folder", [False, True])
def test_names_that_could_do_harm_are_left_behind(
    alice: Path, name: str, told: str, folder: bool
) -> None:
    """Control characters, backslashes, bytes that are no text, endless names: told clean."""
    if folder:
        (alice / name).mkdir()
    else:
        (alice / name).write_bytes(b"")
    assert taken(alice) == (
        GOOD,
        [f"{told}: has a name with control characters, or one too long; it was not taken in"],
    )


def test_a_name_may_be_120_characters_long(alice: Path) -> None:
    """The longest name that is allowed."""
    write(alice / ("n" * 120), "")
    assert taken(alice) == (sorted([*GOOD, "n" * 120]), [])


def test_names_that_differ_in_case_only_clash(alice: Path) -> None:
    """The one in lower case is taken, as the course's own names are; on other systems they would
    be one file."""
    write(alice / "answers/Quiz-1.yaml", "")
    write(alice / "STRASSE", "")
    write(alice / "straße", "")
    files, problems = taken(alice)
    assert files == ["answers/quiz-1.yaml", "straße"]
    assert problems == [
        "alice/answers/Quiz-1.yaml: has the name of 'quiz-1.yaml' but for upper and lower case; "
        "it was not taken in",
        "alice/STRASSE: has the name of 'straße' but for upper and lower case; it was not taken in",
    ]


def test_junk_does_not_use_up_the_room_for_what_is_graded(alice: Path) -> None:
    """Sheets and labs are taken in before whatever sorts before them."""
    for number in range(20):
        write(alice / f"aaa/{number}.txt", "junk")
    files, problems = taken(alice, Caps(files=8))
    assert "answers/quiz-1.yaml" in files
    assert problems


def test_a_folder_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    """A submission that went away is an error in words."""
    with pytest.raises(SubmissionError, match="ann cannot be opened: No such file"):
        take_in(tmp_path / "ann", tmp_path / "copy")


@pytest.mark.parametrize("noise", [".git/config", "labs/__pycache__/x.pyc", ".DS_Store", ".venv/x"])
def test_what_tools_leave_behind_is_not_worth_a_word(alice: Path, noise: str) -> None:
    """Version control, caches and environments are passed over silently."""
    write(alice / noise, "")
    assert taken(alice) == (GOOD, [])


def test_complaints_come_to_an_end(alice: Path) -> None:
    """A folder of ten thousand links does not fill a report; the last line counts the rest."""
    for i in range(200):
        (alice / f"link-{i:03}").symlink_to("/dev/zero")
    files, problems = taken(alice)
    assert files == GOOD
    assert len(problems) == MAX_TOLD + 1
    assert problems[-2:] == [
        f"alice/link-{MAX_TOLD - 1:03}: is a link; it was not taken in",
        "alice: 150 more files and folders were not taken in",
    ]


def test_what_was_told_whole_is_not_counted(alice: Path) -> None:
    """As many complaints as are told one by one need no line that counts more."""
    for i in range(MAX_TOLD):
        (alice / f"link-{i:03}").symlink_to("/dev/zero")
    _, problems = taken(alice)
    assert len(problems) == MAX_TOLD
    assert problems[-1].startswith(f"alice/link-{MAX_TOLD - 1:03}: ")


def test_problems_are_in_the_form_of_the_grade(alice: Path) -> None:
    """What comes back can be put into a grade as it is."""
    os.mkfifo(alice / "pipe")
    problems = take_in(alice, alice.parent / "copy")
    assert problems == [Problem("alice/pipe", "is not a regular file; it was not taken in")]


def test_an_empty_folder_is_taken_in(tmp_path: Path) -> None:
    """Nothing handed in is no error here."""
    (tmp_path / "bob").mkdir()
    assert taken(tmp_path / "bob") == ([], [])
