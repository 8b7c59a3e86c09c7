"""Let a child go on in the parent's place, with all its descriptors, and answer for it.

Lab: probe
Verdict: student-error|wrong
Naive: not-tried
"""

import os

if os.fork() == 0:
    os.setsid()
else:
    os._exit(0)


def answer(n):
    """Nothing."""


def order(values):
    """Nothing."""
