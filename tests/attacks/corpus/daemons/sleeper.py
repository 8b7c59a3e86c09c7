"""Leave programs running in sessions of their own that ignore hang-ups and terminations.

Lab: probe
Verdict: wrong
Naive: not-tried
"""

import subprocess
import sys

CODE = "import signal, time; [signal.signal(s, signal.SIG_IGN) for s in (1, 2, 15)]; time.sleep(20)"
for _ in range(5):
    subprocess.Popen([sys.executable, "-c", CODE, "@TAG@"], start_new_session=True)


def answer(n):
    """Nothing."""


def order(values):
    """Nothing."""
