"""Fill the disk with files that have no name any more, 1 GiB at most.

Lab: tight
Verdict: student-error|wrong
Message: (disk: 32|memory: 256) MiB reached
Naive: not-tried
"""

import contextlib
import os
import time

kept = []
for number in range(16):
    with contextlib.suppress(OSError):
        fd = os.open(f"bomb-{number}", os.O_RDWR | os.O_CREAT)
        os.unlink(f"bomb-{number}")
        kept.append(fd)
        for _ in range(16):
            os.write(fd, b"x" * (4 << 20))
time.sleep(1)


def answer(n):
    """Nothing."""


def order(values):
    """Nothing."""
