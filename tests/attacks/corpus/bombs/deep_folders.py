"""Leave folders behind that are nested 4,000 deep, which breaks whoever tidies up.

Lab: tight
Verdict: student-error|wrong
Message: files: (500|folders 100 deep) reached
Naive: not-tried
"""

import os

for _ in range(4000):
    os.mkdir("d")
    os.chdir("d")


def answer(n):
    """Nothing."""


def order(values):
    """Nothing."""
