"""Ignore all signals and sleep in a call.

Lab: tight
Verdict: student-error
Message: time: more than 2 s
Naive: not-tried
"""

import contextlib
import signal
import time

for number in range(1, 65):
    with contextlib.suppress(OSError, ValueError):
        signal.signal(number, signal.SIG_IGN)


def answer(n):
    """Sleep on."""
    for _ in range(60):
        time.sleep(1)


order = answer
