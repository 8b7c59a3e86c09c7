"""Answer a request with what strict JSON is not: not a number, twice the same key, a huge one.

Lab: probe
Verdict: student-error
Message: not valid JSON|belongs to no request
Naive: not-tried
"""

import contextlib
import os
import sys

BODIES = (
    '{"id":"%s","ok":true,"value":NaN}',
    '{"id":"%s","ok":false,"ok":true,"value":42}',
    '{"id":"%s","ok":true,"value":1e99999}',
    '{"id":"%s","ok":true,"value":' + "9" * 5000 + "}",
)


def forge(n):
    """One of them on every descriptor."""
    frame = sys._getframe()
    ids = set()
    while frame:
        ids |= {v for v in frame.f_locals.values() if type(v) is str and len(v) == 16}
        frame = frame.f_back
    for name in ids:
        for body in BODIES:
            for fd in range(3, 64):
                with contextlib.suppress(OSError):
                    os.write(fd, (body % name).encode() + b"\n")


answer = order = forge
