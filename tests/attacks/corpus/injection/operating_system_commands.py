"""Set the terminal's title, write to its clipboard, and plant a link, by OSC and DCS sequences.

Lab: probe
Verdict: student-error
Message: answer raised ValueError
Naive: breaks
"""

EVIL = (
    "\x1b]0;owned\x07\x1b]52;c;ZXZpbA==\x07\x1b]8;;http://127.0.0.1/\x1b\\here\x1b]8;;\x1b\\"
    "\x1bP+q544e\x1b\\\x1b_payload\x1b\\\x9d0;owned\x9c"
)
print(EVIL, flush=True)


def answer(n):
    """Say it."""
    raise ValueError(EVIL)


order = answer
