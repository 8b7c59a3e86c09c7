"""Sleep for a minute before the first function is there.

Lab: tight
Verdict: student-error
Message: time: more than 12 s
Naive: not-tried
"""

import time

time.sleep(60)
