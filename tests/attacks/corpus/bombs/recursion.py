"""Recurse through the end of the C stack.

Lab: tight
Verdict: student-error
Message: Recursion|ended by itself|was killed|memory
Naive: not-tried
"""

import sys

sys.setrecursionlimit(1 << 30)


class Loop:
    """Its repr needs its repr, in C."""

    def __repr__(self):
        return repr([self])


repr(Loop())
