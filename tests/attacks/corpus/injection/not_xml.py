"""Put characters into a message that XML may not hold, and tags that end the report's own.

Lab: probe
Verdict: student-error
Message: answer raised ValueError
Naive: breaks
"""

EVIL = "\x00\x01\x0b\x0c\x1f\ufffe\uffff\ud800]]></failure></testcase><testcase name='won'/><!--"


def answer(n):
    """Say it."""
    raise ValueError(EVIL)


def order(values):
    """Say it as an answer."""
    raise KeyError(EVIL, {EVIL: EVIL})
