"""Fork until nothing can fork any more, at most 600 times.

Lab: tight
Verdict: student-error|wrong
Message: processes: 50 reached|gave None
Naive: not-tried
"""

import os
import time

for _ in range(600):
    try:
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
    except OSError:
        continue


def answer(n):
    """Nothing."""


def order(values):
    """Nothing."""
