"""Leave folders behind that not even their owner may list or empty.

Lab: probe
Verdict: wrong
Naive: not-tried
"""

import os

for number in range(20):
    os.makedirs(f"locked-{number}/inner")
    os.chmod(f"locked-{number}/inner", 0)
    os.chmod(f"locked-{number}", 0)


def answer(n):
    """Nothing."""


def order(values):
    """Nothing."""
