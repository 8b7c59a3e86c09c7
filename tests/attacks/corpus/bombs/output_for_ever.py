"""Print for a minute as fast as it goes.

Lab: tight
Verdict: student-error
Message: (time: more than|cpu:)
Naive: not-tried
"""

import time

begun = time.time()
while time.time() - begun < 60:
    print("again and again " * 100)
