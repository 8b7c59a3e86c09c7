"""Answer with an object that equals whatever it is compared with.

Lab: probe
Verdict: student-error
Message: not data that can be checked
Naive: passes
"""


class Anything:
    """Equal to all, and never unequal."""

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = None


def answer(n):
    """Whatever is expected."""
    return Anything()


def order(values):
    """Whatever is expected."""
    return Anything()
