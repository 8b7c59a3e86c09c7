"""Fill the folders that lie in memory: /tmp and /dev/shm, 600 MiB at most in each.

Lab: tight
Verdict: student-error|unanswered
Message: (disk: 32 MiB|memory: 256 MiB) reached|No space left|Permission denied
Naive: not-tried
"""

import time

for folder in ("/tmp", "/dev/shm"):
    for number in range(75):
        with open(f"{folder}/bomb-{number}", "wb") as file:
            file.write(b"x" * (8 << 20))
time.sleep(1)


def answer(n):
    """Nothing."""


def order(values):
    """Nothing."""
