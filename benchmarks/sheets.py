"""What grading answer sheets costs: against parsing them, and against pytest's own trivial items.

usage: python benchmarks/sheets.py [ROUNDS]

The course is this project's bank with one exam of 40 items and no labs. A whole
`pytest --submission` process that grades a class, with JUnit, stands against a plain pytest
process with as many parametrised items that do nothing: same options, same plugins but ours.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from grader.core.marking import mark
from grader.course.course import Course
from grader.course.submission import read_sheet
from grader.course.yamldoc import read_yaml

ROOT = Path(__file__).parents[1]
EXAM, FROM, ITEMS = "class-exam", "practice-exam-1", 40
#: Submissions of the timed run, and of the runs whose memory is compared.
STUDENTS = 100
CLASSES = (1, 8, 100)
#: What share of its answers a sheet has right: every other one is a failure with its report.
RIGHT = 0.7
TARGET = 1.5

_CONFIG = """
[tool.pytest]
minversion = "9.0"
addopts = ["--strict-markers", "-p", "no:anyio", "-p", "no:hypothesispytest"]
"""
_PLAIN = """
import pytest

@pytest.mark.parametrize("n", range({}))
def test_nothing(n):
    pass
"""
#: What both sides are asked for.
_OPTIONS = ("-q", "-p", "no:cacheprovider")
#: Runs a command and tells its peak of resident memory in KiB. The system counts what the parent
#: held at the fork as the child's, so the parent has to be a small one.
_WEIGH = """
import os, sys
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def measure(rounds: int = 5) -> dict[str, Any]:
    """Time and weigh everything once, in interleaved rounds.

    Seconds are medians of `rounds`, by the clock and of processor time, which other work on the
    machine disturbs less; peaks are of resident memory, in MiB, of one process each.
    """
    with tempfile.TemporaryDirectory(prefix="grader-sheets-") as scratch:
        home = Path(scratch)
        course = write_course(home / "course")
        write_class(home / "classes", course)
        graded = {n: _graded(home, n) for n in CLASSES}
        plain = {n: _plain(home, n) for n in CLASSES}
        for run in (graded[1], plain[1]):  # compile everything, before anything is measured
            run()
        peaks = {n: {"grade": graded[n].peak(), "plain": plain[n].peak()} for n in CLASSES}
        parse, marked = _in_process(course, home / "classes" / str(STUDENTS))
        ways: dict[str, Callable[[], object]] = {
            "parse": parse,
            "mark": marked,
            "plain": plain[STUDENTS],
            "grade": graded[STUDENTS],
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        works: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                begun, used = time.perf_counter(), _cpu()
                way()
                times[name].append(time.perf_counter() - begun)
                works[name].append(_cpu() - used)
        made = len(list(home.glob(f"reports-{STUDENTS}/*/grade.json")))
        assert made == STUDENTS, f"{made} grades were written"
    seconds = {name: statistics.median(taken) for name, taken in times.items()}
    cpu = {name: statistics.median(taken) for name, taken in works.items()}
    return {
        "students": STUDENTS,
        "items": ITEMS,
        "rounds": rounds,
        "seconds": seconds,
        "cpu_seconds": cpu,
        "ratios": {
            "mark_to_parse": seconds["mark"] / seconds["parse"],
            "grade_to_plain": seconds["grade"] / seconds["plain"],
            "grade_to_plain_cpu": cpu["grade"] / cpu["plain"],
        },
        "target": {"grade_to_plain": TARGET},
        "peak_mib": peaks,
    }


def write_course(root: Path) -> Course:
    """A course at `root` with this project's items, one exam of `ITEMS` of them, and no labs."""
    shutil.copytree(ROOT / "bank", root / "bank", ignore=shutil.ignore_patterns("blueprints"))
    (root / "pyproject.toml").write_text(_CONFIG)
    exam = yaml.safe_load((ROOT / "bank" / "exams" / f"{FROM}.yaml").read_text())
    exam |= {"id": EXAM, "items": exam["items"][:ITEMS]}
    keys = yaml.safe_load((ROOT / "bank" / "keys" / f"{FROM}.yaml").read_text())
    for part, value in (("exams", exam), ("keys", {i: keys[i] for i in exam["items"]})):
        for path in (root / "bank" / part).glob("*.yaml"):
            path.unlink()
        (root / "bank" / part / f"{EXAM}.yaml").write_text(yaml.safe_dump(value, sort_keys=False))
    for path in (root / "bank" / "questions").rglob("*.yaml"):
        if path.stem not in exam["items"]:
            path.unlink()
    return Course(root)


def write_class(home: Path, course: Course) -> None:
    """Folders of submissions below `home`, one a size of class; the same sheets every time."""
    bank = course.bank().bank
    for size in CLASSES:
        for n in range(size):
            luck = random.Random(n)
            answers = {}
            for id_ in bank.exams[EXAM].items:
                options, right = list(bank.questions[id_].options), sorted(bank.keys[id_].answer)
                letters = right if luck.random() < RIGHT else [luck.choice(options)]
                answers[id_] = letters if bank.questions[id_].kind == "multiple" else letters[0]
            sheet = home / str(size) / f"s{n:03}" / "answers" / f"{EXAM}.yaml"
            sheet.parent.mkdir(parents=True)
            sheet.write_text(yaml.safe_dump({"exam": EXAM, "answers": answers}))


def _in_process(course: Course, folder: Path) -> tuple[Callable[[], None], Callable[[], None]]:
    """Bare parsing of the sheets, and reading and marking them, without pytest."""
    loaded, schemas = course.bank(), course.schemas
    bank = loaded.bank
    exam = bank.exams[EXAM]
    sheets = sorted(folder.glob("*/answers/*.yaml"))

    def parse() -> None:
        for path in sheets:
            yaml.load(path.read_text(), Loader=yaml.CSafeLoader)

    def marked() -> None:
        for path in sheets:
            given = read_sheet(read_yaml(path), exam, schemas).answers
            for i in exam.items:
                mark(bank.questions[i], bank.keys[i], given.get(i), exam.credit, "source")

    return parse, marked


def _cpu() -> float:
    """Processor seconds so far of this process and of those that it waited for."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


@dataclass(frozen=True, slots=True)
class Run:
    """A pytest run at `root`, and the exit statuses that are no failure of the benchmark."""

    root: Path
    options: tuple[str, ...]
    expected: tuple[int, ...]
    cache: Path

    def __call__(self) -> None:
        """Run it.

        Raises:
            RuntimeError: it ended with another status than expected.
        """
        self._run()

    def peak(self) -> float:
        """Run it; its peak of resident memory in MiB."""
        return int(self._run(sys.executable, "-I", "-S", "-c", _WEIGH).split()[-1]) / 1024

    def _run(self, *before: str) -> bytes:
        command = [*before, sys.executable, "-m", "pytest", *_OPTIONS, *self.options]
        # As on an ordinary machine: compiled files are kept, output is buffered.
        ours = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        ours |= {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(self.cache)}
        done = subprocess.run(command, cwd=self.root, env=ours, capture_output=True, check=False)
        if done.returncode not in self.expected:
            told = (done.stdout + done.stderr).decode(errors="replace")[-2000:]
            raise RuntimeError(f"{command} ended with {done.returncode}:\n{told}")
        return done.stdout


def _graded(home: Path, size: int) -> Run:
    """Grades a class with every report."""
    reports = home / f"reports-{size}"
    options = (
        f"--submission={home / 'classes' / str(size)}",
        f"--report-dir={reports}",
        f"--junitxml={reports}.xml",
    )
    return Run(home / "course", options, (0, 1), home / "cache")


def _plain(home: Path, size: int) -> Run:
    """As many parametrised items that do nothing, without our plugin."""
    root = home / f"plain-{size}"
    root.mkdir()
    (root / "pyproject.toml").write_text(_CONFIG)
    (root / "test_nothing.py").write_text(_PLAIN.format(size * ITEMS))
    return Run(root, ("-p", "no:grader.plugin", "--junitxml=junit.xml"), (0,), home / "cache")


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    found = measure(rounds)
    print(f"{STUDENTS} sheets of {ITEMS} items, median of {rounds} rounds in turn")
    for name, seconds in found["seconds"].items():
        each, cpu = seconds / STUDENTS * 1000, found["cpu_seconds"][name]
        print(f"  {name:<6} {seconds:7.3f} s {each:7.2f} ms a sheet {cpu:7.3f} s of processor time")
    for name, ratio in found["ratios"].items():
        wanted = found["target"].get(name)
        print(f"  {name} {ratio:.2f}" + (f" (target {wanted})" if wanted else ""))
    print("peak of resident memory")
    for size, peak in found["peak_mib"].items():
        grade, plain = peak["grade"], peak["plain"]
        print(f"  {size:>3} sheets: grading {grade:.1f} MiB, plain pytest {plain:.1f} MiB")


if __name__ == "__main__":
    main()
