"""Submission folders as plans: what to make, in plain values that a file can hold."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from hypothesis import strategies as st

from tests.properties.sheets import nearly, spelt
from tests.properties.texts import hostile

Kind = Literal[
    "file", "folder", "link", "twin", "fifo", "socket", "holes", "locked", "locked-folder"
]
_KINDS: tuple[Kind, ...] = get_args(Kind)


class Entry(NamedTuple):
    """One thing in a submission; `parts` are the names that lead to it.

    `content` is a file's bytes, a link's target, or what a hard link (`twin`) is a second name of.
    """

    parts: tuple[str, ...]
    kind: Kind
    content: bytes


class Plan(NamedTuple):
    """A submission folder's name, and what to make in it, in this order."""

    name: str
    entries: tuple[Entry, ...]


#: Sheets that earn everything; `promises` holds the keys.
FULL = {
    "quiz-1": b"exam: quiz-1\nanswers: {q1-01: B, q1-02: [A, C]}\n",
    "quiz-2": b"exam: quiz-2\nanswers: {q2-01: A}\n",
}
SOUND = tuple(Entry(("answers", f"{k}.yaml"), "file", v) for k, v in FULL.items())
#: What must stay untouched for a paper to keep its grade.
KEPT = ("answers", "quiz-2.yaml")

_REAL = (
    "answers",
    "labs",
    "submission.yaml",
    "quiz-1.yaml",
    "quiz-2.yaml",
    "quiz-1.yml",
    "quizz-1.yaml",
    "Quiz-1.yaml",
    "ANSWERS",
    "tiny.py",
    "Tiny.py",
    "conftest.py",
    "pytest.ini",
    "sitecustomize.py",
    "__pycache__",
    ".git",
    ".env",
    "grade.json",
    "feedback.md",
)
_ODD = (
    "-rf",
    "--submission=x",
    "...",
    "~",
    "*",
    "a::b",
    "a[1]",
    "con",
    " ",
    "x" * 120,
    "x" * 121,
    "x" * 255,
    "\U0001f600" * 63,
    "a\nb",
    "a\\b",
    "\udcff\udcfe",
    "\u202egpj.exe",
    "e\u0301",
    "\u00e9",
)
#: One name of a file: no slash, no NUL, not a folder's own or its parent.
names = st.one_of(
    st.sampled_from(_REAL),
    st.sampled_from(_ODD),
    hostile.map(lambda s: s.replace("/", "").replace("\x00", "")[:60]),
).filter(lambda s: s not in ("", ".", ".."))

_places = st.one_of(
    st.tuples(st.sampled_from(("answers", "labs")), names),
    st.tuples(names),
    st.lists(names, min_size=1, max_size=9).map(tuple),
)
#: The whole submission is unreadable.
SHUT = Entry((), "locked-folder", b"")
_cards = st.one_of(
    st.builds("id: {}\n".format, st.one_of(st.sampled_from(("ann", "a b", "1", "&x y")), hostile)),
    st.builds("id: ann\nname: {}\n".format, st.one_of(st.just('"\\u202e \\x1b[0m"'), hostile)),
).map(str.encode)
_contents = st.one_of(
    nearly(), spelt("quiz-1").map(lambda pair: pair[1]), _cards, st.binary(max_size=50)
)
_targets = st.sampled_from(
    (
        b".",
        b"..",
        b"/",
        b"/dev/zero",
        b"/etc/passwd",
        b"answers",
        b"quiz-2.yaml",
        b"nowhere",
        b"loop",
    )
)


#: What somebody may write after `--submission=`.
arguments = st.one_of(
    names,
    st.sampled_from(
        ("", ".", "..", "/", "sound", "sound/", "submissions", "\x00", "~", "x" * 5000)
    ),
    st.lists(names, max_size=4).map("/".join),
)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Something to find in a submission."""
    kind: Kind = draw(st.one_of(st.sampled_from(_KINDS[:1]), st.sampled_from(_KINDS)))
    where = draw(
        st.one_of(_places, st.sampled_from([e.parts for e in SOUND]), st.just(("submission.yaml",)))
    )
    if kind in ("link", "twin"):
        return Entry(where, kind, draw(_targets))
    if kind == "holes":
        return Entry(where, kind, b"%d" % draw(st.sampled_from((1, 1 << 17, 9 << 20, 1 << 40))))
    return Entry(where, kind, draw(_contents) if kind in ("file", "locked") else b"")


def plans(kept: bool = False) -> st.SearchStrategy[Plan]:
    """Submissions; if `kept`, sound ones in which only KEPT is sure to be as it was."""
    chosen = entries().filter(_beside) if kept else st.one_of(*[entries()] * 12, st.just(SHUT))
    base = st.just(SOUND) if kept else st.sampled_from((SOUND, ()))
    name = st.just("ann") if kept else st.one_of(st.just("ann"), names)
    more = st.lists(chosen, max_size=6).map(tuple)
    return st.builds(Plan, name, st.builds(lambda b, m: b + m, base, more))


def _beside(entry: Entry) -> bool:
    """Whether making `entry` leaves KEPT alone: no other name for it, no name but for case."""
    if entry.kind == "twin" and entry.content.decode() == KEPT[-1]:
        return False
    mine = tuple(p.casefold() for p in entry.parts[: len(KEPT)])
    if mine == KEPT or (len(entry.parts) == 1 and mine == KEPT[:1]):
        return False
    return entry.parts[0] == KEPT[0] or mine[0] != KEPT[0]


def build(plan: Plan, root: Path) -> Path | None:
    """Make `plan` below `root`; None if its very name cannot be had here.

    What the file system refuses (a name too long, a file where a folder should be) is left out.
    """
    top = root / plan.name
    try:
        top.mkdir()
    except OSError:
        return None
    locked = []
    for entry in plan.entries:
        path = top.joinpath(*entry.parts)
        try:
            if not _is_inside(path, top):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(path) and not path.is_dir():
                path.unlink()
            if not os.path.lexists(path):
                _MAKE[entry.kind](path, entry.content)
        except (OSError, UnicodeEncodeError):
            continue
        if entry.kind in ("locked", "locked-folder") and not path.is_symlink():
            locked.append(path)
    for path in locked:
        if os.path.lexists(path) and not path.is_symlink():
            path.chmod(0)
    return top


def _is_inside(path: Path, top: Path) -> bool:
    """Whether no link lies on the way to `path`, `top` or below: plans never leave it."""
    between = [p for p in path.parents if p != top and p.is_relative_to(top)]
    return not any(p.is_symlink() for p in between)


def _holes(path: Path, content: bytes) -> None:
    with path.open("wb") as out:
        out.truncate(int(content))


def _socket(path: Path, _: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.fspath(path))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _twin(path: Path, content: bytes) -> None:
    source = path.parent / content.decode()
    if not source.is_file():
        source = path.parent / "source-of-a-twin"
        source.write_bytes(FULL["quiz-1"])
    path.hardlink_to(source)


_MAKE: dict[Kind, Callable[[Path, bytes], None]] = {
    "file": _write,
    "locked": _write,
    "folder": lambda path, _: path.mkdir(),
    "locked-folder": lambda path, _: path.mkdir(),
    "link": lambda path, content: path.symlink_to(content.decode()),
    "twin": _twin,
    "fifo": lambda path, _: os.mkfifo(path),
    "socket": _socket,
    "holes": _holes,
}
