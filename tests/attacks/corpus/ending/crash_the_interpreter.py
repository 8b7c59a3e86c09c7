"""Crash in native code, where no exception handler helps.

Lab: probe
Verdict: student-error
Message: ended by itself|was killed
Naive: not-tried
"""

import ctypes

ctypes.string_at(0)
