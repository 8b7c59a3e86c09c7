"""Kill a process outside: another student's, or the grader's own.

Lab: probe
Verdict: student-error
Message: was killed
Naive: touches
"""

import contextlib
import os
import signal

with contextlib.suppress(OSError):
    os.kill(int("@DECOY@"), signal.SIGKILL)
os.kill(os.getpid(), signal.SIGKILL)
