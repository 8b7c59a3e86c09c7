"""Raise an exception with a message of 50 MB and a million lines.

Lab: probe
Verdict: student-error
Message: answer raised ValueError: x
Naive: not-tried
"""


def answer(n):
    """Say too much."""
    raise ValueError("x" * 50_000_000 + "\nline" * 1_000_000)


order = answer
