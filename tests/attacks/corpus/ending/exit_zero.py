r"""Leave with status 0 before any check can run.

Lab: probe
Verdict: student-error
Message: ended by itself \(exit status 0\)
Naive: passes
"""

import os

os._exit(0)
