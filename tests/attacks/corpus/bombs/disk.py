"""Fill the workspace, 1 GiB at most.

Lab: tight
Verdict: student-error|wrong
Message: disk: 32 MiB reached
Naive: not-tried
"""

import contextlib

for number in range(16):
    with contextlib.suppress(OSError), open(f"bomb-{number}", "wb") as file:
        for _ in range(16):
            file.write(b"x" * (4 << 20))


def answer(n):
    """Nothing."""


def order(values):
    """Nothing."""
