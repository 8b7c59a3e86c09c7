"""The same suite as others would run it: as an ordinary user, and as root in a container."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from grader.labs.engines import RUNTIME, prepare
from grader.labs.walls import open_sandbox
from tests.tiers.staging import ROOT, USER, staged

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else"),
]
#: Where this is set the suite runs for somebody else already.
SUITE = [sys.executable, "-B", "-m", "pytest", "-p", "no:cacheprovider", "-v", "-rs"]
FILES = ("test_promises.py", "test_engines.py")


@pytest.mark.parametrize(
    ("who", "tiers"),
    [("user", {"bwrap", "landlock", "none"}), ("container", {"landlock", "none"})],
)
def test_the_suite_holds_for_others(who: str, tiers: set[str], tmp_path: Path) -> None:
    """All promises hold on every tier that there is for them, and there are these."""
    prepare(open_sandbox(), RUNTIME, lambda _: None)  # others cannot fetch into root's cache
    files = [os.fspath(Path(__file__).with_name(name)) for name in FILES]
    # The repository may be read-only to others, and so may be its temporary folders.
    command = [*SUITE, *files]
    user = USER if who == "user" else None
    done = subprocess.run(
        staged(command, user=user, container=who == "container"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    worked = set(re.findall(r"test_a_lab_with_engines_is_graded\[(\w+)\] PASSED", done.stdout))
    assert worked == tiers, done.stdout[-3000:]
