"""What does a lab cost from nothing to its verdicts, and which part is the student's own work?

usage: python benchmarks/labs.py [LAB ...]
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from grader.course.course import Course
from grader.labs.checking import run_check
from grader.labs.engines import RUNTIME, open_sandbox, prepare
from grader.labs.load import load_labs
from grader.labs.session import LabSession

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Grade each lab's reference once and print its phases in seconds and shares."""
    course = Course(ROOT)
    labs = load_labs(course.labs_folder, course.schemas)
    sandbox = open_sandbox()
    engines = prepare(sandbox, RUNTIME, print)
    print(f"{'lab':<28} {'start':>7} {'file':>7} {'checks':>7} {'all':>7}   start's share")
    for id_ in sys.argv[1:] or labs:
        lab = labs[id_]
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            folder.chmod(0o755)
            file = folder / "labs" / f"{id_}.py"
            file.parent.mkdir()
            shutil.copyfile(lab.folder / "solution.py", file)
            marks = [time.perf_counter()]
            with LabSession(lab, file, folder, sandbox, engines) as session:
                session.start()
                marks.append(time.perf_counter())
                session.run()
                marks.append(time.perf_counter())
                for check in lab.spec.checks:
                    run_check(lab, check, session)
                marks.append(time.perf_counter())
        start, own, checks = (b - a for a, b in pairwise(marks))
        whole = marks[-1] - marks[0]
        share = start / whole
        print(f"{id_:<28} {start:7.1f} {own:7.1f} {checks:7.1f} {whole:7.1f}   {share:.0%}")


if __name__ == "__main__":
    main()
