"""Exchange the table for a link to the host's folders while it is being read.

Lab: table
Verdict: student-error|unanswered|wrong
Naive: not-tried
"""

import contextlib
import os
import threading
import time

os.makedirs("warehouse/real/_delta_log")


def swap():
    """A folder, a link, a folder, for ten seconds."""
    end = time.time() + 10
    while time.time() < end:
        with contextlib.suppress(OSError):
            os.rename("warehouse/real", "warehouse/t")
        with contextlib.suppress(OSError):
            os.rename("warehouse/t", "warehouse/real")
            os.symlink("@COURSE@", "warehouse/t")
        with contextlib.suppress(OSError):
            os.unlink("warehouse/t")


threading.Thread(target=swap, daemon=True).start()
time.sleep(0.1)
