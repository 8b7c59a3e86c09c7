"""Submissions that are not the plain files they should be: links, pipes, devices, names, masses."""

from __future__ import annotations

import json
import os
import socket
import stat
from pathlib import Path

from tests.attacks.catalogue import WRONG, Build, Places, registering
from tests.builders import write

#: Family, builder, and whether only root can build it.
BUILT: list[tuple[str, Build, bool]] = []
attack = registering(BUILT)


@attack("intake")
def link_to_the_reference(folder: Path, places: Places) -> None:
    """Hand in a symbolic link to the course's own solution.

    Verdict: unanswered
    Message: labs/probe.py: is a link
    Naive: passes
    """
    (folder / "labs").mkdir()
    (folder / "labs" / "probe.py").symlink_to(f"{places['COURSE']}/labs/probe/solution.py")


@attack("intake")
def links_to_the_neighbours_folders(folder: Path, places: Places) -> None:
    """Hand in links to folders: the neighbour's labs and answers.

    Verdict: unanswered
    Message: answers: is a link.*labs: is a link
    Naive: passes
    """
    for name in ("labs", "answers"):
        (folder / name).symlink_to(f"../neighbour/{name}")


@attack("intake")
def hard_links(folder: Path, places: Places) -> None:
    """Hand in hard links to the keys and the reference, which no look at a path tells from files.

    Verdict: unanswered
    Message: quiz-1.yaml: is a hard link.*probe.py: is a hard link
    Naive: passes
    """
    for name, source in (
        ("labs/probe.py", "labs/probe/solution.py"),
        ("answers/quiz-1.yaml", "bank/keys/quiz-1.yaml"),
    ):
        (folder / name).parent.mkdir()
        os.link(f"{places['COURSE']}/{source}", folder / name)


@attack("intake")
def pipes(folder: Path, places: Places) -> None:
    """Hand in FIFOs, which make a reader wait for ever.

    Verdict: unanswered
    Message: is not a regular file
    Naive: not-tried
    """
    for name in ("labs/probe.py", "answers/quiz-1.yaml", "submission.yaml"):
        (folder / name).parent.mkdir(exist_ok=True)
        os.mkfifo(folder / name)


@attack("intake")
def sockets(folder: Path, places: Places) -> None:
    """Hand in a socket.

    Verdict: unanswered
    Message: labs/probe.py: (is not a regular file|cannot be opened)
    Naive: not-tried
    """
    (folder / "labs").mkdir()
    with socket.socket(socket.AF_UNIX) as one:
        # A socket's path has at most 107 bytes.
        here = os.open(folder / "labs", os.O_RDONLY)
        try:
            one.bind(f"/proc/self/fd/{here}/probe.py")
        finally:
            os.close(here)


@attack("intake", root=True)
def devices(folder: Path, places: Places) -> None:
    """Hand in /dev/zero, which has no end.

    Verdict: unanswered
    Message: is not a regular file
    Naive: not-tried
    """
    for name in ("labs/probe.py", "answers/quiz-1.yaml"):
        (folder / name).parent.mkdir()
        os.mknod(folder / name, stat.S_IFCHR | 0o666, os.makedev(1, 5))


@attack("intake")
def a_terabyte_of_nothing(folder: Path, places: Places) -> None:
    """Hand in files of a terabyte that take no room.

    Verdict: unanswered
    Message: quiz-1.yaml: is larger than.*probe.py: is larger than
    Naive: not-tried
    """
    for name in ("labs/probe.py", "answers/quiz-1.yaml"):
        write(folder / name, "")
        os.truncate(folder / name, 1 << 40)


@attack("intake")
def many_large_files(folder: Path, places: Places) -> None:
    """Hand in twelve files that are each just small enough, before the lab's own.

    Verdict: unanswered|wrong
    Message: would bring the submission over
    Naive: not-tried
    """
    for number in range(12):
        with write(folder / "data" / f"{number}.bin", "").open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, (8 << 20) - 1)
    write(folder / "labs" / "probe.py", WRONG)


@attack("intake")
def too_many_files(folder: Path, places: Places) -> None:
    """Hand in 1,500 empty files.

    Verdict: unanswered|wrong
    Message: beyond the 500 files.*more files and folders were not taken in
    Naive: not-tried
    """
    (folder / "a").mkdir()
    for number in range(1500):
        (folder / "a" / f"{number}").touch()
    write(folder / "labs" / "probe.py", WRONG)


@attack("intake")
def too_deep(folder: Path, places: Places) -> None:
    """Hand in folders that are nested 1,200 deep.

    Verdict: wrong
    Message: folders deep
    Naive: not-tried
    """
    write(folder / "labs" / "probe.py", WRONG)
    here = os.open(folder, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


@attack("intake")
def names_that_command(folder: Path, places: Places) -> None:
    """Name files with control characters, line breaks, markup, and bytes that are no text.

    Verdict: wrong
    Message: control characters
    Naive: breaks
    """
    write(folder / "labs" / "probe.py", WRONG)
    for name in (
        b"\x1b]0;owned\x07.py",
        b"\x1b[2J.py",
        b"a\n::error::owned.py",
        b"\xff\xfe.py",
        b"<img src=x onerror=alert(1)>.py",
        "\u202eyp.eborp".encode(),
        b"-rf",
        b"back\\slash.py",
        b"x" * 250,
    ):
        (folder / "labs" / os.fsdecode(name)).touch()


@attack("intake")
def names_that_differ_in_case(folder: Path, places: Places) -> None:
    """Hand in the same file thrice for file systems that cannot tell the names apart.

    Verdict: wrong|unanswered
    Message: but for upper and lower case
    Naive: not-tried
    """
    for name in ("labs/PROBE.py", "labs/Probe.py", "labs/probe.py", "Labs/probe.py"):
        write(folder / name, WRONG)


@attack("intake")
def files_for_folders(folder: Path, places: Places) -> None:
    """Hand in a file where a folder belongs, and folders where files do.

    Verdict: unanswered
    Message: labs/probe.py was not handed in
    Naive: not-tried
    """
    write(folder / "answers", "exam: quiz-1")
    (folder / "labs" / "probe.py").mkdir(parents=True)
    (folder / "submission.yaml").mkdir()


@attack("intake")
def ready_made_reports(folder: Path, places: Places) -> None:
    """Hand in the finished grade, wherever a report or a cache might be looked for.

    Verdict: wrong
    Naive: not-tried
    """
    write(folder / "labs" / "probe.py", WRONG)
    grade = json.dumps({"decision": "pass", "checks": [], "verdict": "correct"})
    for name in ("grade.json", "feedback.md", "reports/grade.json", "labs/grade.json"):
        write(folder / name, grade)
    for name in (".pytest_cache/v/cache/lastfailed", ".git/hooks/post-checkout", ".grader"):
        write(folder / name, grade)


@attack("intake")
def somebody_else(folder: Path, places: Places) -> None:
    """Say that one is the neighbour, to be graded in their place or to overwrite their report.

    Verdict: wrong
    Naive: not-tried
    """
    write(folder / "labs" / "probe.py", WRONG)
    write(folder / "submission.yaml", "id: neighbour\nname: ../neighbour\n")


@attack("intake")
def a_path_for_a_name(folder: Path, places: Places) -> None:
    """Say that one's id is a path, so that the report is written elsewhere.

    Verdict: wrong
    Message: submission.yaml
    Naive: not-tried
    """
    write(folder / "labs" / "probe.py", WRONG)
    write(folder / "submission.yaml", "id: ../../drop/tripwire.txt\n")
