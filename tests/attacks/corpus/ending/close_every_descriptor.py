"""Close all descriptors, the grader's channels among them, and live on.

Lab: probe
Verdict: student-error
Message: ended|closed|was killed
Naive: not-tried
"""

import os
import time

os.closerange(0, 4096)
time.sleep(20)
