"""Leave folders behind that break recursive tidying, in a lab that allows as many.

Lab: probe
Verdict: wrong|student-error
Naive: not-tried
"""

import os

for _ in range(1500):
    os.mkdir("d")
    os.chdir("d")


def answer(n):
    """Nothing."""


def order(values):
    """Nothing."""
