"""Die of SIGKILL, as if the machine had run out of memory.

Lab: probe
Verdict: student-error
Message: was killed
Naive: not-tried
"""

import os
import signal

os.kill(os.getpid(), signal.SIGKILL)
