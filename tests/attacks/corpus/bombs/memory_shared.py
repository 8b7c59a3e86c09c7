"""Take memory that no process's data size shows: shared mappings and a memory file, 2 GiB at most.

Lab: tight
Verdict: student-error|wrong
Message: memory: 256 MiB reached
Naive: not-tried
"""

import contextlib
import mmap
import os
import time

kept = []
with contextlib.suppress(OSError):
    for _ in range(16):
        kept.append(mmap.mmap(-1, 64 << 20))
        kept[-1].write(b"x" * (64 << 20))
    fd = os.memfd_create("bomb")
    for _ in range(64):
        os.write(fd, b"x" * (16 << 20))
time.sleep(1)


def answer(n):
    """Nothing."""


def order(values):
    """Nothing."""
