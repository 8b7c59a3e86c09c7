"""A grader that is killed leaves nothing: no process, no mount, and what stays is swept away."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from grader.labs.pool import WORTH_A_STATION
from grader.sandbox import metering
from grader.sandbox.cgroups import Hierarchy
from grader.sandbox.interface import Tier
from tests.attacks.props import tagged
from tests.builders import write, write_course
from tests.stage import smoke_on_best
from tests.tiers.staging import ROOT, staged
from tests.tiers.victim import BUSY

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else"),
]

#: An ordinary user by whom survivors are told: each worker has one of its own, since two of these
#: tests may run at a time.
USER = 65_520 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 13
#: Seconds that the dead have to be gone.
PATIENCE = 15.0
WHO: dict[Tier, int | None] = {"full": None, "bwrap": USER, "landlock": USER}
#: Moments are chosen by chance, the same in every run.
MOMENTS = [(n, random.Random(n)) for n in range(10)]


class Victim:
    """A grader in its own process, as root or as an ordinary user."""

    def __init__(self, command: list[str], user: int | None, tag: str, cwd: Path = ROOT) -> None:
        self.user = user
        self.tag = tag
        self.uid = user or 0
        self._mounts = Path("/proc/self/mountinfo").read_bytes()
        # A shell has what it starts in the background ignore Ctrl-C, and that is inherited.
        hearing = ["env", "--default-signal=INT"]
        self.process = subprocess.Popen(
            [*hearing, *(staged(command, user=user) if user else command)],
            cwd=cwd,
            # As when nothing else runs: otherwise labs would not run side by side.
            env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST_XDIST")},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    @property
    def tree(self) -> set[tuple[int, int]]:
        """All its processes: ids and when they started."""
        return {(p.pid, p.start) for p in metering.tree(self.process.pid)}

    def java(self) -> bool:
        """Whether it runs Java."""
        names = [Path(f"/proc/{pid}/comm") for pid, _ in self.tree]
        found = []
        for name in names:
            with suppress(OSError):
                found.append(name.read_text(encoding="utf-8").strip())
        return "java" in found

    def end(self, number: int) -> None:
        """Send it a signal, and wait until it is gone."""
        before = self.tree
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        until(lambda: not self.survivors(before))
        assert self.survivors(before) == []
        assert Path("/proc/self/mountinfo").read_bytes() == self._mounts

    def survivors(self, before: set[tuple[int, int]]) -> list[str]:
        """What of it still runs."""
        left = [f"{pid} of its tree" for pid, start in before if metering.started(pid) == start]
        left += [f"{pid}: {line}" for pid, line in tagged(self.tag).items()]
        left += [f"{pid} in its group" for group in self.groups() for pid in _members(group)]
        if self.user:
            left += [f"{pid} of its user" for pid in _processes_of(self.user)]
        return left

    def groups(self) -> list[Path]:
        """Its control groups."""
        found = Hierarchy.find()
        if found is None or self.user:
            return []
        pattern = f"lakehouse-grader-{self.process.pid}-*"
        return [p for base in found.bases.values() for p in base.glob(pattern)]

    def folders(self) -> list[Path]:
        """Its temporary folders."""
        base = Path(tempfile.gettempdir()) / f"lakehouse-grader-{self.uid}"
        return list(base.glob(f"run-{self.process.pid}-*"))

    def swept(self) -> None:
        """Have the next start sweep away what it left."""
        command = [sys.executable, "-B", "-c", "from grader.labs.walls import sweep; sweep()"]
        command = staged(command, user=self.user) if self.user else command
        subprocess.run(command, cwd=ROOT, check=True, timeout=60)
        assert self.folders() == []
        assert self.groups() == []


@contextmanager
def victim(tier: Tier, *, real: bool = False) -> Iterator[Victim]:
    """A grader at work: on labs that do their worst, or, if `real`, on one of the course's own."""
    tag = f"left-by-{tier}-{time.monotonic_ns()}"
    with tempfile.TemporaryDirectory() as reports:
        Path(reports).chmod(0o777)
        command = [sys.executable, "-B", "-m", "tests.tiers.victim", tier, tag]
        if real:
            command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
            command += ["--submission=alice", "--lab=delta-lake-operations"]
            command += [f"--sandbox={tier}", f"--report-dir={reports}/of-{tier}"]
        found = Victim(command, WHO[tier], tag)
        try:
            yield found
        finally:
            found.process.kill()
            found.process.communicate()


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Wait until something is so; whether it came to be."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _members(group: Path) -> list[str]:
    with suppress(OSError):
        return (group / "cgroup.procs").read_text(encoding="ascii").split()
    return []


def _processes_of(uid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                text = (entry / "status").read_text(encoding="utf-8", errors="replace")
                uids = re.search(r"^Uid:\s+(\d+)", text, re.MULTILINE)
                if uids and int(uids[1]) == uid and "State:\tZ" not in text:
                    found.append(int(entry.name))
    return found


@pytest.mark.parametrize("tier", WHO)
def test_killed_at_any_moment_it_leaves_nothing(tier: Tier) -> None:
    """At ten moments of labs with daemons that ignore signals; the next start sweeps folders."""
    for _, chance in MOMENTS:
        with victim(tier) as found:
            assert found.process.stdout
            for _ in range(chance.randrange(1, 9)):
                assert found.process.stdout.readline()
            time.sleep(chance.random() * 0.4)
            found.end(signal.SIGKILL)
            found.swept()


@pytest.mark.parametrize("tier", WHO)
def test_killed_with_java_it_leaves_nothing(tier: Tier) -> None:
    """While a course's lab with Spark is graded."""
    chance = random.Random(tier)
    with victim(tier, real=True) as found:
        assert until(found.java, 60)
        time.sleep(chance.random() * 6)
        found.end(signal.SIGKILL)
        found.swept()


@pytest.mark.parametrize(
    ("tier", "number"),
    [(tier, signal.SIGTERM) for tier in WHO] + [smoke_on_best(t, signal.SIGINT) for t in WHO],
)
def test_a_signal_that_asks_leaves_nothing(tier: Tier, number: signal.Signals) -> None:
    """Nor do the signals of a cancelled job and of Ctrl-C; after Ctrl-C no folder is left."""
    with victim(tier) as found:
        assert found.process.stdout
        for _ in range(2):
            assert found.process.stdout.readline()
        assert until(lambda: tagged(found.tag))
        found.end(number)
        if number == signal.SIGINT:
            assert found.folders() == []
        found.swept()


#: A lab without an engine, and its one check.
LAB = """
id: {id}
title: A lab
domain: serving
topics: [endpoints]
points: 1
summary: Wait.
runtime: []
"""
CHECK = """
from grader.labs import Lab, points

@points(1, hint="Wait.")
def test_waited(lab: Lab) -> None:
    \"\"\"It came to its end.\"\"\"
    assert lab.value("waited", returns=bool), "it must wait"
"""
#: As many as are worth two stations. The first comes to its end.
LABS = [f"lab-{number}" for number in range(2 * WORTH_A_STATION)]


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="labs run side by side on two cores")
def test_ctrl_c_ends_labs_that_run_side_by_side(tmp_path: Path) -> None:
    """What was graded until then is reported, what was cut off has no score, nothing is left."""
    tag = f"left-by-ctrl-c-{time.monotonic_ns()}"
    write_course(tmp_path)
    for lab in LABS:
        write(tmp_path / "labs" / lab / "lab.yaml", LAB.format(id=lab))
        write(tmp_path / "labs" / lab / "checks.py", CHECK)
        seconds = 0 if lab == LABS[0] else 20
        text = BUSY.format(tag=tag, seconds=seconds) + "waited = True\n"
        write(tmp_path / "alice" / "labs" / f"{lab}.py", text)
    command = [sys.executable, "-B", "-m", "pytest", "-v", "-p", "no:cacheprovider"]
    command += [f"--rootdir={tmp_path}", f"--submission={tmp_path}/alice"]
    found = Victim(command, None, tag, tmp_path)
    try:
        assert found.process.stdout
        assert any(f"alice/{LABS[0]}::" in line for line in found.process.stdout)
        assert until(lambda: len(tagged(tag)) >= 6)  # daemons of two labs at a time
        found.end(signal.SIGINT)
    finally:
        found.process.kill()
        found.process.communicate()
    assert found.process.returncode == 2
    assert found.folders() == []
    found.swept()
    grade = json.loads((tmp_path / "reports/alice/grade.json").read_text(encoding="utf-8"))
    verdicts = {check["lab"]: check["verdict"] for check in grade["checks"]}
    assert verdicts == {LABS[0]: "correct", **dict.fromkeys(LABS[1:], "not-run")}
    assert grade["decision"] == "partial"
