"""Answer with a mapping whose items never end: the grader's own code inside does the looping.

Lab: probe
Verdict: student-error
Message: time: more than 2 s
Naive: not-tried
"""


class Endless(dict):
    """Items without end."""

    def items(self):
        """The same, again and again."""
        while True:
            yield "same", 1


def answer(n):
    """Without end."""
    return Endless()


order = answer
