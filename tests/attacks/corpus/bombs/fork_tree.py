"""Fork children that fork, which doubles at each step: 512 at the end.

Lab: tight
Verdict: student-error|wrong
Message: processes: 50 reached|gave None
Naive: not-tried
"""

import contextlib
import os
import time

first = os.getpid()
for _ in range(9):
    with contextlib.suppress(OSError):
        os.fork()
    time.sleep(0.02)
if os.getpid() != first:
    time.sleep(20)
    os._exit(0)


def answer(n):
    """Nothing."""


def order(values):
    """Nothing."""
