"""Make 3,000 empty files in the workspace.

Lab: tight
Verdict: student-error|wrong
Message: files: 500 reached
Naive: not-tried
"""

import contextlib
import os

for number in range(3000):
    with contextlib.suppress(OSError):
        os.close(os.open(f"f{number}", os.O_CREAT | os.O_WRONLY))


def answer(n):
    """Nothing."""


def order(values):
    """Nothing."""
