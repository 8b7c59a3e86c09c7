"""Stop without ending, so that whoever waits for a reply waits for ever.

Lab: probe
Verdict: student-error
Message: time: more than 5 s
Naive: not-tried
"""

import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)
