"""Leave with a child that holds every pipe open, so that nobody ever sees their end.

Lab: probe
Verdict: student-error
Message: ended|time: more than
Naive: not-tried
"""

import os
import time

if os.fork() == 0:
    os.setsid()
    time.sleep(20)
    os._exit(0)
os._exit(0)
