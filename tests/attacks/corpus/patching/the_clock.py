"""Turn all clocks back, so that no time seems to pass.

Lab: probe
Verdict: student-error
Message: time: more than 2 s
Naive: not-tried
"""

import time

sleep = time.sleep
for name in ("time", "monotonic", "perf_counter", "process_time", "time_ns", "monotonic_ns"):
    setattr(time, name, lambda: 0)


def answer(n):
    """Take a minute, and say it was none."""
    sleep(30)
    return 42


def order(values):
    """Likewise."""
    sleep(30)
    return sorted(values)
