"""Turn the direction of text around and hide characters, so that a message reads otherwise.

Lab: probe
Verdict: student-error
Message: answer raised ValueError
Naive: breaks
"""

EVIL = "points 0\u202e3 fo 3\u202c\u2066\u200b\ufeff\u061c\U000e0041\U000e007f \u2060"
print(EVIL, flush=True)


def answer(n):
    """Say it."""
    raise ValueError(EVIL)


order = answer
