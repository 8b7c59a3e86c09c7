"""Answer with a list that contains itself, and with 30 MB.

Lab: probe
Verdict: student-error
Message: nested.*larger than
Naive: not-tried
"""


def answer(n):
    """A loop."""
    loop = []
    loop.append(loop)
    return loop


def order(values):
    """A flood."""
    return ["x" * 30_000_000]
