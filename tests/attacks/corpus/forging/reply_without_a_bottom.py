"""Answer with sixty thousand brackets, to exhaust whoever parses them.

Lab: probe
Verdict: student-error
Message: not valid JSON|nested|belongs to no request
Naive: not-tried
"""

import contextlib
import os

for fd in range(3, 64):
    with contextlib.suppress(OSError):
        os.write(fd, b'{"id":"x","value":' + b"[" * 60_000 + b"\n")
