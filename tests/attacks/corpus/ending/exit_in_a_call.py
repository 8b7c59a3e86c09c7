"""Leave by SystemExit when a check calls, so that the rest of the grader never runs.

Lab: probe
Verdict: student-error
Message: answer raised SystemExit
Naive: passes
"""

import sys


def answer(n):
    """Leave."""
    sys.exit(0)


def order(values):
    """Leave."""
    sys.exit(0)
