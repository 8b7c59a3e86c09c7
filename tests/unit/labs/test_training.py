"""`grader.labs.training` as a program beside a run: it ends with the run, and clears up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.builders import ROOT

#: Training that takes long, with something to clear up.
CODE = """
import os, signal, sys, time
from pathlib import Path
from grader.labs import training, walls
from grader.sandbox import scratch
def train(*_):
    try:
        {before}
        print(scratch.folder("long"), os.nice(0), flush=True)
        time.sleep(60)
    finally:
        print("cleared up", flush=True)
training.train = train
walls.open_sandbox = lambda: None
training.GRACE = {grace}
training.main(Path(sys.argv[1]))
"""


def trained(root: Path, grace: float, before: str = "pass") -> tuple[Path, str, int]:
    """A folder of a training that was left alone, what it said then, and its exit status."""
    (root / "labs").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", CODE.format(before=before, grace=grace), str(root)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    folder, niceness = process.stdout.readline().split()
    assert niceness == "19"
    said, _ = process.communicate(timeout=20)  # closes its input, as the end of the run does
    return Path(folder), said, process.returncode


def test_it_ends_with_the_run_and_clears_up(tmp_path: Path) -> None:
    """Walls and control groups go as if it had been done."""
    folder, said, status = trained(tmp_path, 10)  # it is the nicest of all processes
    assert (said, status) == ("cleared up\n", 0)
    assert not folder.exists()


def test_what_does_not_let_itself_be_interrupted_is_ended(tmp_path: Path) -> None:
    """After a while, and its folders go."""
    folder, said, status = trained(tmp_path, 0.5, "signal.signal(signal.SIGINT, signal.SIG_IGN)")
    assert (said, status) == ("", 1)
    assert not folder.exists()
