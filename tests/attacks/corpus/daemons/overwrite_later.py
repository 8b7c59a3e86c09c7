"""Leave a daemon that overwrites results after the grader has finished.

Lab: probe
Verdict: wrong
Naive: touches
"""

import os
import pathlib
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(0.3)
        for path in ("@REPORTS@/@ME@/grade.json", "@ROOT@/drop/tripwire.txt"):
            try:
                pathlib.Path(path).write_text("{}")
            except OSError:
                continue
    os._exit(0)
time.sleep(0.1)


def answer(n):
    """Nothing."""


def order(values):
    """Nothing."""
