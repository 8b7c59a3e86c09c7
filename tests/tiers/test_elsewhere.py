"""What tiers promise, and the corpus of attacks, where others grade: an ordinary user, a container.

As somebody else, pytest runs in a process of its own. Each of its tests is a subtest here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader.labs.engines import RUNTIME, prepare
from grader.labs.walls import open_sandbox
from tests.attacks.conftest import DEAR, VARIABLE
from tests.tiers.staging import ROOT, USER, staged

pytestmark = [
    pytest.mark.engine,
    pytest.mark.timeout(2400),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else"),
]
FILES = ("tiers/test_promises.py", "tiers/test_engines.py", "attacks/test_corpus.py")
#: Labs that start engines are the same everywhere, and are attacked where root grades.
CHEAP = " and ".join(f"not {word}" for word in DEAR)


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody else: who, which tiers work there, which of them the corpus attacks, and with what.

    Limits are tried on each tier either by what uses them up (`test_what_runs_out_is_named`) or by
    the corpus's bombs, which need the same mechanism.
    """

    user: int | None
    tiers: frozenset[str]
    attacked: tuple[str, ...]
    chosen: str


PLACES = {
    # On the second way to `landlock` the corpus has what the user makes a difference to.
    "an ordinary user": Place(
        USER,
        frozenset({"bwrap", "landlock", "none"}),
        ("bwrap", "landlock"),
        f"not test_corpus or ({CHEAP} and not bombs and "
        "(not landlock or reading or ending or daemons or forging or reference))",
    ),
    "root in a container": Place(
        None,
        frozenset({"landlock", "none"}),
        ("landlock",),
        f"(not test_corpus and not runs_out) or (test_corpus and {CHEAP})",
    ),
}


def cases(report: Path) -> Iterator[tuple[str, str, str]]:
    """Yield name, outcome (empty, `skipped`, `failure` or `error`) and text of each test."""
    for case in ET.parse(report).iter("testcase"):
        bad = next((e for e in case if e.tag in ("skipped", "failure", "error")), None)
        name = f"{case.get('classname')}::{case.get('name')}"
        text = "" if bad is None else f"{bad.get('message')}\n{bad.text}"
        yield name, "" if bad is None else bad.tag, text


@pytest.fixture
def everybodys() -> Iterator[Path]:
    """Return a new folder in which every user of the machine may write."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.mark.parametrize("who", PLACES)
def test_the_wall_holds_for_others(who: str, everybodys: Path, subtests: pytest.Subtests) -> None:
    """All promises are kept and all attacks fail on every tier that there is for them."""
    place = PLACES[who]
    prepare(open_sandbox(), RUNTIME, lambda _: None)  # others cannot fetch into root's cache
    report = everybodys / "junit.xml"
    # The repository may be read-only to others, and so may be its temporary folders.
    command = [sys.executable, "-B", "-m", "pytest", "-p", "no:cacheprovider", "--deep", "-q"]
    command += ["-k", place.chosen, f"--junitxml={report}"]
    command += [os.fspath(ROOT / "tests" / file) for file in FILES]
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_XDIST")}
    # A home outside the wall: `/tmp` itself is a folder of a lab's own inside.
    env |= {VARIABLE: ",".join(place.attacked), "HOME": os.fspath(everybodys)}
    done = subprocess.run(
        staged(command, user=place.user, container=place.user is None),
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    worked = set()
    assert report.exists(), (done.stdout + done.stderr)[-6000:]
    for name, outcome, text in cases(report):
        with subtests.test(name):
            if outcome == "skipped":
                pytest.skip(text)
            if outcome:
                pytest.fail(text, pytrace=False)
            if "test_a_lab_with_engines_is_graded[" in name:
                worked.add(name.rpartition("[")[2].rstrip("]"))
    assert done.returncode in (0, 1), done.stdout[-3000:] + done.stderr[-3000:]
    assert worked == place.tiers
