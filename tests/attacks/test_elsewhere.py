"""The corpus where a tier needs somebody else: an ordinary user, or no bubblewrap at all."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.attacks.conftest import DEAR, VARIABLE
from tests.builders import ROOT
from tests.tiers.staging import USER, staged

pytestmark = [pytest.mark.engine, pytest.mark.timeout(2400)]

#: Labs that start engines are the same everywhere, and are attacked where root grades.
CHEAP = " and ".join(f"not {word}" for word in DEAR)
#: Who grades, on which tier, and what is tried there: on the second way to `landlock` what the
#: user makes a difference to.
PLACES = {
    "an ordinary user with bubblewrap": (USER, "bwrap", CHEAP),
    "root in a container": (None, "landlock", CHEAP),
    "an ordinary user without": (
        USER,
        "landlock",
        f"(reading or ending or daemons or forging or reference) and {CHEAP}",
    ),
}


@pytest.mark.parametrize("who", PLACES)
def test_the_corpus_fails_there_too(who: str) -> None:
    """Every attack on labs without engines, and the references after it."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    user, tier, chosen = PLACES[who]
    pytest_ = [sys.executable, "-m", "pytest", "tests/attacks/test_corpus.py", "-q"]
    pytest_ += ["-p", "no:cacheprovider", "-k", chosen, "--maxfail=5"]
    command = staged(pytest_, user=user, container=user is None)
    env = {**os.environ, VARIABLE: tier, "HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"}
    env.pop("PYTEST_XDIST_WORKER", None)
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    shown = (done.stdout + done.stderr)[-6000:]
    assert done.returncode == 0, shown
    assert " passed" in done.stdout
