"""Make the log's first commit a FIFO, so that whoever opens it waits (25 s here, then it ends).

Lab: table
Verdict: student-error
Message: the workspace holds a FIFO
Naive: not-tried
Seconds: 15
"""

import os
import threading
import time

os.makedirs("warehouse/t/_delta_log")
os.mkfifo("warehouse/t/_delta_log/00000000000000000000.json")


def release():
    """Let a reader go after a while, so that this ends by itself."""
    time.sleep(25)
    for _ in range(10):
        with open("warehouse/t/_delta_log/00000000000000000000.json", "w"):
            time.sleep(0.1)


threading.Thread(target=release, daemon=True).start()
