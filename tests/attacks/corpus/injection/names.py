"""Hide commands in names that the grader has to tell: of the exception and of a module.

Lab: probe
Verdict: student-error
Message: answer raised
Naive: breaks
"""

Evil = type("\x1b]0;owned\x07<img src=x>\n::error::Evil\u202e", (Exception,), {})
Evil.__qualname__ = "\x1b[31m"
Evil.__module__ = "\n::error::"


def answer(n):
    """Raise it."""
    raise Evil("x")


order = answer
