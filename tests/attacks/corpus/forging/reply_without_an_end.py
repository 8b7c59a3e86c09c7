"""Answer with a line that does not end, 64 MiB of it, to fill the grader's memory.

Lab: probe
Verdict: student-error
Message: larger than
Naive: not-tried
"""

import contextlib
import os

for fd in range(3, 64):
    with contextlib.suppress(OSError):
        for _ in range(1024):
            os.write(fd, b"x" * (1 << 16))
