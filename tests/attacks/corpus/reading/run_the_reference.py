"""Hand in the course's own solution without having seen it.

Lab: probe
Verdict: student-error
Message: (FileNotFound|Permission)Error
Naive: passes
"""

with open("@COURSE@/labs/probe/solution.py") as file:
    SOLUTION = file.read()
exec(SOLUTION)
_answer, _order = answer, order  # noqa: F821 - the reference defines them


def answer(n):
    """The reference's answer."""
    return _answer(n)


def order(values):
    """The reference's order."""
    return _order(values)
