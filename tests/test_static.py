"""What tox checks without running anything: style, types, and the course itself."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.builders import ROOT


def commands() -> list[object]:
    """Return the commands of tox's environments `lint` and, which takes a minute, `types`."""
    tox = ConfigParser()
    tox.read(ROOT / "tox.ini")
    return [
        pytest.param(line, marks=marks)
        for name, marks in (("lint", ()), ("types", (pytest.mark.deep,)))
        for line in tox[f"testenv:{name}"]["commands"].splitlines()
        if line
    ]


@pytest.mark.parametrize("command", commands())
def test_tox_would_be_content(command: str) -> None:
    """Each command, with the programs of the environment that the tests run in."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        shlex.split(command),
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
