r"""Replace the process by one that succeeds.

Lab: probe
Verdict: student-error
Message: ended by itself \(exit status 0\)
Naive: passes
"""

import os

os.execv("/usr/bin/true", ["true"])
