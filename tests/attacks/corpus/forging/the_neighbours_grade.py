"""Spoil the neighbour: their submission, their report, a file that everybody may write.

Lab: probe
Verdict: wrong
Naive: touches
"""

import pathlib

for path in (
    "@SUBMISSIONS@/neighbour/labs/probe.py",
    "@REPORTS@/neighbour/grade.json",
    "@COURSE@/bank/keys/quiz-1.yaml",
    "@ROOT@/drop/tripwire.txt",
    "/submission/labs/probe.py",
):
    try:
        with pathlib.Path(path).open("a") as file:
            file.write("\n# spoilt\n")
    except OSError:
        continue


def answer(n):
    """Nothing."""


def order(values):
    """Nothing."""
