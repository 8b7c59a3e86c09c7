"""Look over what a guest left in its workspace, before our inspector reads it.

The counterpart of `intake`: nothing is copied, but what an honest run does not leave is named, so
that a reader of a strange verdict sees why. Honest are Spark's `.part-0000.crc` files, `_delta_log`
folders, MLflow's eight levels of folders, and partitions `city=A` beside `city=a`.
"""

from __future__ import annotations

import stat
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from grader.core.clean import clean_line
from grader.sandbox.intake import Caps
from grader.sandbox.metering import size_text
from grader.sandbox.walking import BAD_CHARACTER, Entry, Twins, sparse, walk

#: What a workspace may hold after a lab: far more than an honest one, little enough to read.
WORKSPACE = Caps(files=20_000, total=2 << 30, file=1 << 30, depth=32)
#: A file may have holes of so many bytes: engines preallocate.
SPARSE_ABOVE = 64 << 20
#: Names that are told of each kind.
_TOLD = 3
_KINDS = {
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "FIFO",
    stat.S_IFSOCK: "socket",
    stat.S_IFBLK: "device",
    stat.S_IFCHR: "device",
}
_PLURALS = {
    "link": "links",
    "FIFO": "FIFOs",
    "socket": "sockets",
    "device": "devices",
    "hard link": "hard links",
    "sparse file": "sparse files",
    "file that is too large": "files that are too large",
    "folder that lies too deep": "folders that lie too deep",
    "folder that cannot be opened": "folders that cannot be opened",
    "name with control characters": "names with control characters",
    "name like another but for upper and lower case": (
        "names like others but for upper and lower case"
    ),
}


def survey(folder: Path, caps: Caps = WORKSPACE) -> list[str]:
    """What in `folder` no honest run leaves, one sentence a kind; empty if there is nothing.

    A workspace beyond the caps is not read to its end, which is then the last sentence.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    twins: list[Twins] = []
    files = total = 0
    beyond = ""
    try:
        for entry in walk(folder, caps.depth):
            files += 1
            total += entry.info.st_blocks * 512
            if files > caps.files:
                beyond = f"more than {caps.files:,} files and folders"
            elif total > caps.total:
                beyond = f"more than {size_text(caps.total)}"
            if beyond:
                break
            del twins[entry.depth :]
            if len(twins) < entry.depth:
                twins.append(Twins())
            for kind in _strange(entry, twins[-1], caps):
                found[kind].append(entry.where)
    except OSError as error:
        return [f"the workspace cannot be read ({error.strerror})"]
    told = [f"the workspace holds {_sentence(kind, places)}" for kind, places in found.items()]
    return [*told, f"the workspace holds {beyond}"] if beyond else told


def _strange(entry: Entry, twins: Twins, caps: Caps) -> Iterator[str]:
    """The kinds of strange things an entry is."""
    info = entry.info
    mode = stat.S_IFMT(info.st_mode)
    if mode == stat.S_IFREG:
        if info.st_nlink > 1:
            yield "hard link"
        if sparse(info, SPARSE_ABOVE):
            yield "sparse file"
        elif info.st_size > caps.file:
            yield "file that is too large"
    elif mode != stat.S_IFDIR:
        yield _KINDS.get(mode, "device")
    elif entry.closed:
        deep = entry.depth >= caps.depth
        yield "folder that lies too deep" if deep else "folder that cannot be opened"
    if BAD_CHARACTER.search(entry.name):
        yield "name with control characters"
    # Values of a partition are data: on this system each has a folder of its own.
    if "=" not in entry.name and twins.of(entry.name):
        yield "name like another but for upper and lower case"


def _sentence(kind: str, places: list[str]) -> str:
    count = "a" if len(places) == 1 else f"{len(places):,}"
    names = [clean_line(place, 100) or "?" for place in places[:_TOLD]]
    more = f" and {len(places) - _TOLD:,} more" if len(places) > _TOLD else ""
    return f"{count} {kind if len(places) == 1 else _PLURALS[kind]}: {', '.join(names)}{more}"
