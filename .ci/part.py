"""Write the part of the lock that some dependency groups of pyproject.toml need, with its hashes:
`part.py FILE GROUP...`. So a small environment has the versions of the whole one."""

from __future__ import annotations

import re
import sys
from pathlib import Path

LOCK = Path(__file__).with_name("requirements.lock")
#: A locked package: a line that begins with its name, and the indented lines after it.
ENTRY = re.compile(r"^([a-z0-9-]+)==.*\n(?:[ ]+.*\n)+", re.MULTILINE)
#: Who needs it, as uv notes it: a package's name, or ours with the group in brackets.
NEEDED_BY = re.compile(r"^ +#(?: via)? +(\S.*)$", re.MULTILINE)


def part(lock: str, groups: list[str]) -> str:
    """Return the entries that `groups` need, directly or not, in the lock's order."""
    entries = [(found[1], found[0]) for found in ENTRY.finditer(lock)]
    wanted = {f"lakehouse-grader (pyproject.toml:{group})" for group in groups}
    before = 0
    while before < len(wanted):
        before = len(wanted)
        wanted |= {name for name, text in entries if wanted & set(NEEDED_BY.findall(text))}
    return "".join(text for name, text in entries if name in wanted)


if __name__ == "__main__":
    file, *names = sys.argv[1:]
    Path(file).write_text(part(LOCK.read_text(encoding="utf-8"), names), encoding="utf-8")
