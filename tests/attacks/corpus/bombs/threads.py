"""Start threads that do not end, at most 600.

Lab: tight
Verdict: student-error|unanswered
Message: processes: 50 reached
Naive: not-tried
"""

import threading
import time

for _ in range(600):
    threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
time.sleep(20)
