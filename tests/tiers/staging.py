"""Run a command as somebody else would run it: as an ordinary user, or where only some see Python.

As root, Python may lie in a home that nobody else can enter. In a mount namespace of its own the
command finds such a home replaced by an empty one that everybody may enter, with just what Python
and the grader need. Nothing of it is seen outside, and it goes with the command.

usage: python -m tests.tiers.staging [--user UID | --container] COMMAND...
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import grader
from grader.provision.jars import CACHE, cache_folder

#: An ordinary user that no system gives to anybody.
USER = 65_533
ROOT = Path(grader.__file__).parents[1]
#: What root may not do in a container that is not privileged: make mounts and namespaces.
_LACKING = "-sys_admin,-sys_ptrace,-sys_module,-net_admin,-sys_resource,-dac_read_search"


def staged(
    command: Sequence[str], *, user: int | None = None, container: bool = False
) -> list[str]:
    """A command line that runs `command` so. It needs root.

    With `user`, as that ordinary user; with `container`, as root without the rights that a
    container lacks, control groups among them.
    """
    script = ["set -e"]
    closed: dict[Path, list[Path]] = {}
    for path in _needed():
        top = _closed_above(path)
        if top is not None and path.exists():
            closed.setdefault(top, []).append(path)
    for number, (top, paths) in enumerate(sorted(closed.items())):
        aside = f"/run/lakehouse-stage-{os.getpid()}-{number}"
        script += [f"mkdir -p {aside}", f"mount --rbind {shlex.quote(str(top))} {aside}"]
        script += [f"mount -t tmpfs -o mode=755 stage {shlex.quote(str(top))}"]
        for path in paths:
            seen, source = shlex.quote(str(path)), f"{aside}/{path.relative_to(top)}"
            script += [f"mkdir -p {seen}", f"mount --rbind {shlex.quote(source)} {seen}"]
        script += [f"umount -l {aside}", f"rmdir {aside} || true"]
    if user is not None:
        script += _named(user)
    if container:
        script.append("mount -t tmpfs -o ro stage /sys/fs/cgroup")
    script.append('exec "$@"')
    line = ["unshare", "--mount", "--propagation", "private", "--"]
    line += ["sh", "-c", "\n".join(script), "sh"]
    line += ["env", f"{CACHE}={cache_folder()}"]
    if user is not None:
        line += ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"]
    elif container:
        line += ["setpriv", f"--bounding-set={_LACKING}", f"--inh-caps={_LACKING}", "--"]
    return [*line, *command]


def _named(user: int) -> list[str]:
    """Give the user a name, as every user of a machine has one."""
    entry = f"ordinary:x:{user}:{user}::/tmp:/bin/sh"
    return [
        "names=$(mktemp)",
        f"(cat /etc/passwd; echo {entry}) > $names",
        "chmod 644 $names",
        "mount --bind $names /etc/passwd",
        "rm $names",
    ]


def _needed() -> list[Path]:
    java = os.environ.get("JAVA_HOME")
    paths = {Path(sys.prefix), Path(sys.base_prefix), ROOT, cache_folder()}
    paths |= {Path(java)} if java else set()
    return sorted(p for p in paths if not any(p != o and p.is_relative_to(o) for o in paths))


def _closed_above(path: Path) -> Path | None:
    """The topmost folder above `path` that others cannot enter."""
    above = reversed(path.parents)
    return next((p for p in above if p.is_dir() and not p.stat().st_mode & 0o001), None)


def main() -> NoReturn:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--user", type=int)
    parser.add_argument("--container", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    line = staged(given.command, user=given.user, container=given.container)
    os.execvp(line[0], line)


if __name__ == "__main__":
    main()
