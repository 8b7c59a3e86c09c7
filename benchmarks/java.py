"""The Java that PySpark's ordinary launcher would find, which is not the bundled one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

#: Spark's launcher asks for this module; the runtime that comes as a wheel lacks it.
_ASKED_FOR = "jdk.incubator.vector"


def ordinary_java() -> tuple[Path, str] | None:
    """JAVA_HOME and version of a Java for the ordinary launcher; None if there is none."""
    named = os.environ.get("JAVA_HOME")
    on_path = shutil.which("java")
    homes = [Path(named)] if named else []
    homes += [Path(on_path).resolve().parents[1]] if on_path else []
    for home in homes:
        java = str(home / "bin" / "java")
        try:
            modules, version = (_told(java, wish) for wish in ("--list-modules", "--version"))
        except OSError:
            continue
        if _ASKED_FOR in modules:
            return home, version.splitlines()[0]
    return None


def _told(java: str, wish: str) -> str:
    return subprocess.run([java, wish], capture_output=True, text=True, check=False).stdout
