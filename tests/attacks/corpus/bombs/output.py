"""Print 20 MB in one line on each stream.

Lab: tight
Verdict: wrong
Naive: not-tried
"""

import sys

print("x" * 20_000_000, flush=True)
print("y" * 20_000_000, file=sys.stderr, flush=True)


def answer(n):
    """Nothing."""


def order(values):
    """Nothing."""
