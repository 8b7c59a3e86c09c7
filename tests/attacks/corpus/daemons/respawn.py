"""Start processes that start themselves again as soon as their parent is killed.

Lab: probe
Verdict: student-error
Message: time: more than 2 s
Naive: not-tried
"""

import os
import time


def guard(depth):
    """Watch the parent for 20 s; when it is gone, let a child go on, ten times at most."""
    parent = os.getppid()
    end = time.time() + 20
    while time.time() < end:
        if os.getppid() != parent:
            if depth < 10 and os.fork() == 0:
                guard(depth + 1)
            break
        time.sleep(0.01)
    os._exit(0)


if os.fork() == 0:
    os.setsid()
    guard(0)


def answer(n):
    """Wait to be killed."""
    time.sleep(20)


order = answer
