"""Where trained ahead-of-time caches of Java's are kept, and whether they may be used.

There is one for Spark and one for a Kafka broker. Each is bound to one Java, one list of jars and
one set of flags, of which its name is made. A hash beside it tells a damaged one, which is removed,
so that it is trained again.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import time
from contextlib import suppress
from importlib import metadata
from importlib.machinery import ModuleSpec
from pathlib import Path

from grader.errors import ProvisionError
from grader.provision.jars import Group, cache_folder, locked
from grader.provision.java import find_java

#: Bumped when the flags or the settings of the JVM change.
EDITION = 3
#: What the files' names begin with.
_NAMES: dict[Group, str] = {"spark": "java", "kafka-broker": "kafka"}
#: The first release of Java that makes such a cache in one go (JEP 514).
FIRST_RELEASE = 25
#: Seconds after its last use that a cache of another version or environment is kept.
_MONTH = 30 * 86_400


def cache_path(group: Group = "spark") -> Path | None:
    """Where this machine's cache for what runs on these jars is or would be; None if its Java
    cannot have one."""
    java = find_java()
    if java.release < FIRST_RELEASE:
        return None
    parts = [str(EDITION), java.version, str(java.home), metadata.version("pyspark")]
    with suppress(OSError):
        parts.append((java.home / "release").read_text(encoding="utf-8"))
    # Java itself compares when its jars were last written.
    jars = cache_folder() / "jars"
    parts += [f"{jar.name} {jar.sha256} {_written(jars / jar.name)}" for jar in locked(group)]
    spec = importlib.util.find_spec("pyspark")
    parts += [f"{place} {_written(Path(place, 'jars'))}" for place in _places(spec)]
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    return cache_folder() / f"{_NAMES[group]}-{key}.aot"


def find_cache(group: Group = "spark") -> Path | None:
    """The cache, if it is there and sound. A damaged one is removed."""
    path = cache_path(group)
    if path is None or not path.is_file():
        return None
    try:
        if _hash(path) == _note(path).read_text(encoding="ascii").strip():
            with suppress(OSError):
                os.utime(path)  # it is in use
            return path
    except (OSError, ValueError):
        pass
    for file in (path, _note(path)):
        file.unlink(missing_ok=True)
    return None


def keep_cache(made: Path, path: Path) -> None:
    """Put what was made in its place, and remove what nobody has used for a month.

    Raises:
        ProvisionError: nothing was made.
    """
    fresh = path.with_name(f"{path.name}.new")  # a name that a later one clears away
    try:
        shutil.copyfile(made, fresh, follow_symlinks=False)
    except OSError as error:
        raise ProvisionError(f"Java wrote no cache: {error.strerror}") from error
    fresh.chmod(0o644)
    _note(path).write_text(f"{_hash(fresh)}\n", encoding="ascii")
    fresh.replace(path)
    for old in path.parent.glob(f"{path.name.partition('-')[0]}-*.aot*"):
        with suppress(OSError):
            fresh_enough = old.stat().st_mtime > time.time() - _MONTH
            if not old.name.startswith(path.stem) and not fresh_enough:
                old.unlink()


def _places(spec: ModuleSpec | None) -> list[str]:
    return list(spec.submodule_search_locations or ()) if spec else []


def _written(path: Path) -> int:
    """When a file or folder was last written, in ns; 0 if it is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
