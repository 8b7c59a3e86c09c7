"""Answer from a thread, before, between and after requests, with ids that may come.

Lab: probe
Verdict: student-error
Message: belongs to no request|not valid JSON
Naive: not-tried
"""

import contextlib
import os
import threading
import time


def keep_answering():
    """A forged reply on every descriptor each few milliseconds, for ten seconds."""
    for _ in range(2000):
        for fd in range(3, 64):
            with contextlib.suppress(OSError):
                os.write(fd, b'{"id":"start","ok":true,"value":42}\n')
        time.sleep(0.005)


threading.Thread(target=keep_answering, daemon=True).start()
time.sleep(0.1)


def answer(n):
    """Nothing."""


def order(values):
    """Nothing."""
