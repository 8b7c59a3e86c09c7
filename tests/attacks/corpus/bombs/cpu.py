"""Keep four processes busy for a minute, which uses up CPU faster than the clock goes.

Lab: tight
Verdict: student-error
Message: cpu: 2 s reached
Naive: not-tried
"""

import os
import time

for _ in range(3):
    if os.fork() == 0:
        break
begun = time.time()
while time.time() - begun < 60:
    pass
