"""Raise what no `except Exception` catches, and break whoever asks what it says.

Lab: probe
Verdict: student-error
Message: cannot be shown|ended by itself
Naive: not-tried
"""


class Evil(BaseException):
    """Nothing can be learnt about it."""

    def __str__(self):
        raise Evil

    __repr__ = __str__

    @property
    def __traceback__(self):
        raise Evil


def answer(n):
    """Raise it."""
    raise Evil


def order(values):
    """Raise it."""
    raise Evil
