"""Hand in what the student at the next desk wrote.

Lab: probe
Verdict: student-error
Message: (FileNotFound|Permission)Error
Naive: passes
"""

from pathlib import Path

exec(Path("@SUBMISSIONS@/neighbour/labs/probe.py").read_text())
_answer, _order = answer, order  # noqa: F821 - the neighbour defines them


def answer(n):
    """The neighbour's answer."""
    return _answer(n)


def order(values):
    """The neighbour's order."""
    return _order(values)
