"""Take memory in eight children that stay below the limit each, 1.6 GiB in all.

Lab: tight
Verdict: student-error|wrong
Message: memory: 256 MiB reached
Naive: not-tried
"""

import os
import time

for _ in range(8):
    if os.fork() == 0:
        kept = bytearray(200 << 20)
        kept[::4096] = b"x" * len(kept[::4096])
        time.sleep(20)
        os._exit(0)
time.sleep(2)


def answer(n):
    """Nothing."""


def order(values):
    """Nothing."""
