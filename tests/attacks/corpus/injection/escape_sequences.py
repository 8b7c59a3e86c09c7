"""Clear the reader's screen, colour it, and move its cursor, from a message and from prints.

Lab: probe
Verdict: student-error
Message: answer raised ValueError: gone
Naive: breaks
"""

print("\x1b[2J\x1b[H\x1b[31mPASSED\x1b[0m\x07\x08\x08", flush=True)


def answer(n):
    """Say it in colour."""
    raise ValueError("\x1b[2J\x1b[1;1Hgone\x1b[8m\x9b31m\x1b(0")


order = answer
