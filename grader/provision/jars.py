"""Fetch jars once, check them against our own lock, and keep them per user.

They come in groups: what Spark needs beside its own jars, the same for every lab, so that all share
one ahead-of-time cache; and a Kafka broker's. A group is fetched when it is first asked for.

`jgo` resolves and downloads from Maven Central, or from the mirror that `GRADER_MAVEN_MIRROR`
names, without a JVM. A jar reaches the cache by an atomic rename and only with the SHA-256 that
`jars.lock` holds, so an interrupted or tampered download is fetched again, never used.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

import platformdirs

from grader.errors import ProvisionError

MIRROR = "GRADER_MAVEN_MIRROR"
CACHE = "GRADER_CACHE"

#: Delta's jars and Spark's Kafka connector come beside Spark's own; a broker's stand alone.
Group = Literal["spark", "kafka-broker"]
#: Called before each download with the jar's name, its number from 1, and how many there are.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Jar:
    """One locked jar; `size` in bytes."""

    group: str
    artifact: str
    version: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.artifact}-{self.version}.jar"


def cache_folder() -> Path:
    """Where fetched pieces are kept: `GRADER_CACHE`, or the user's cache folder."""
    named = os.environ.get(CACHE)
    return Path(named) if named else Path(platformdirs.user_cache_dir("lakehouse-grader"))


def locked(group: Group = "spark") -> list[Jar]:
    """The jars of a group of `jars.lock`."""
    text = resources.files("grader.provision").joinpath("jars.lock").read_text(encoding="utf-8")
    jars = []
    heading = ""
    for line in text.splitlines():
        if line.startswith("["):
            heading = line.strip("[]")
        elif heading == group and line and not line.startswith("#"):
            coordinates, sha256, size = line.split()
            owner, artifact, version = coordinates.split(":")
            jars.append(Jar(owner, artifact, version, sha256, int(size)))
    return jars


def missing(group: Group = "spark") -> list[Jar]:
    """Locked jars of a group that the cache lacks or holds damaged."""
    folder = cache_folder() / "jars"
    return [j for j in locked(group) if not _sound(folder / j.name, j)]


def find_jars(group: Group = "spark") -> list[Path]:
    """The jars of a group in the cache. Sizes are trusted here; `missing` checks contents."""
    return [cache_folder() / "jars" / j.name for j in locked(group)]


def ensure_jars(progress: Progress | None = None, group: Group = "spark") -> list[Path]:
    """The jars of a group, fetched if the cache lacks them.

    Raises:
        ProvisionError: one is missing and cannot be had, or is not what the lock says.
    """
    wanted = missing(group)
    for number, jar in enumerate(wanted, 1):
        if progress:
            progress(jar.name, number, len(wanted))
        fetch(jar)
    return find_jars(group)


def fetch(jar: Jar) -> None:
    """Fetch one jar into the cache. Raises as `ensure_jars` does."""
    from jgo.maven import MavenContext

    mirror = os.environ.get(MIRROR)
    folder = cache_folder() / "jars"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch:
        try:
            context = MavenContext(
                repo_cache=Path(scratch),
                local_repos=[],
                remote_repos={"mirror": mirror} if mirror else None,
                timeout=60,
            )
            component = context.project(jar.group, jar.artifact).at_version(jar.version)
            got = Path(component.artifact().resolve())
        except Exception as error:  # jgo raises whatever its HTTP client does
            raise ProvisionError(
                f"{jar.name} is not in {folder} and could not be fetched from "
                f"{mirror or 'Maven Central'} ({type(error).__name__}). Connect once, "
                f"set {MIRROR} to a mirror of Maven Central, or copy the folder from a machine "
                f"that has it ({CACHE} names another place)"
            ) from error
        if not _sound(got, jar):
            raise ProvisionError(
                f"{jar.name} from {mirror or 'Maven Central'} is not the file that this version "
                "of the grader was locked to (SHA-256 differs); it was not kept"
            )
        target = folder / jar.name
        made = Path(shutil.copyfile(got, Path(scratch) / jar.name))
        made.chmod(0o644)  # whatever the umask: a guest reads it as another user
        made.replace(target)


def _sound(path: Path, jar: Jar) -> bool:
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest() == jar.sha256
    except OSError:
        return False
