"""How much does marking cost over parsing, and pytest over marking?

usage: python benchmarks/sheets.py [STUDENTS]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from grader.core.marking import mark
from grader.course.course import Course
from grader.course.submission import read_sheet
from grader.course.yamldoc import read_yaml

ROOT = Path(__file__).parents[1]
ROUNDS = 5


def main() -> None:
    """Time the three ways in turn and print medians and ratios."""
    students = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    course = Course(ROOT)
    bank, schemas = course.bank().bank, course.schemas
    exam = next(iter(bank.exams.values()))
    with tempfile.TemporaryDirectory() as folder:
        sheets = []
        for n in range(students):
            sheet = Path(folder) / f"s{n}" / "answers" / f"{exam.id}.yaml"
            sheet.parent.mkdir(parents=True)
            answers = dict.fromkeys(exam.items, "B")
            sheet.write_text(yaml.safe_dump({"exam": exam.id, "answers": answers}))
            sheets.append(sheet)

        def parse() -> None:
            for path in sheets:
                yaml.load(path.read_text(), Loader=yaml.CSafeLoader)

        def grade() -> None:
            for path in sheets:
                given = read_sheet(read_yaml(path), exam, schemas).answers
                for i in exam.items:
                    mark(bank.questions[i], bank.keys[i], given.get(i), exam.credit, "source")

        def run() -> None:
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
            command += [f"--submission={folder}", f"--exam={exam.id}", f"--report-dir={folder}/r"]
            subprocess.run(command, cwd=ROOT, capture_output=True, check=False)

        ways: dict[str, Callable[[], None]] = {"parse": parse, "mark": grade, "pytest": run}
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                begun = time.perf_counter()
                way()
                times[name].append(time.perf_counter() - begun)
    base = statistics.median(times["parse"])
    print(f"{students} sheets of {len(exam.items)} items, median of {ROUNDS} rounds in turn")
    for name, seconds in times.items():
        middle = statistics.median(seconds)
        each = middle / students * 1000
        print(f"{name:<7} {middle:7.3f} s  {each:7.2f} ms a sheet  {middle / base:6.1f} x parsing")


if __name__ == "__main__":
    main()
