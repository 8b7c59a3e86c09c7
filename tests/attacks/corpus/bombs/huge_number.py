"""Answer with a number of a million digits.

Lab: probe
Verdict: student-error
Message: time: more than 2 s|cannot be sent|number is too large|not valid JSON|Exceeds the limit
Naive: not-tried
"""

import sys

sys.set_int_max_str_digits(0)


def answer(n):
    """A large one."""
    return 1 << 3_000_000


order = answer
