"""What the scene is made of and looked at with: files, keys, processes, reports."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

#: What CI services obey in a log: at the beginning of a line, or anywhere in it.
_COMMANDS = (r"^\s*::\w.*", r"^\s*section_(?:start|end):", r"##\[", r"##vso\[")
#: What Markdown and HTML obey, unless a backslash stands before it.
_MARKUP = (r"(?<!\\)<\w", r"(?<!\\)\]\(", r"(?<!\\)!\[", r"```")


def unclean(place: str, text: str) -> list[str]:
    """What in a report a terminal, a browser or a CI service would obey."""
    found = [
        f"{place} holds U+{ord(c):04X}"
        for c in sorted(set(text) - set("\n\t\u00ad"))
        if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Cn")
    ]
    patterns = (*_COMMANDS, *(_MARKUP if place == "feedback.md" else ()))
    for pattern in patterns:
        found += [f"{place} holds {m[0][:60]!r}" for m in re.finditer(pattern, text, re.MULTILINE)]
    return found


def tagged(tag: str) -> dict[int, str]:
    """Processes with `tag` on their command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                raw = (entry / "cmdline").read_bytes()
            except OSError:
                continue  # it ended meanwhile
            line = raw.replace(b"\0", b" ").decode(errors="replace")
            if tag in line:
                found[int(entry.name)] = line[:200]
    return found


def write_right_table(path: Path) -> None:
    """The file that `table` asks for; written elsewhere, since no engine is loaded here."""
    code = f"""
import pyarrow as pa, pyarrow.parquet as pq
pq.write_table(pa.table({{'n': [11, 22, 33]}}), {os.fspath(path)!r})
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def remember(name: str, secret: str) -> None:
    """Put `secret` into the session's keyring, where the kernel has one."""
    number = {"x86_64": 248, "aarch64": 217}.get(platform.machine())
    if number is not None:
        session = -3
        data = secret.encode()
        libc = ctypes.CDLL(None, use_errno=True)
        libc.syscall(number, b"user", name.encode(), data, len(data), session)


def decoy() -> subprocess.Popen[bytes]:
    """A process that ends when this one does: at the end of its input."""
    return subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)


def remove(folder: Path) -> None:
    """Remove a tree of any depth; `shutil.rmtree` gives up on a thousand levels."""
    subprocess.run(["rm", "-rf", "--", os.fspath(folder)], check=True)
