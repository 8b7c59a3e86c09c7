r"""Speak to a service of the host through an abstract socket, which no folder hides.

Lab: probe
Verdict: student-error
Message: answer raised \w*Error
Naive: touches
"""

import socket


def answer(n):
    """Knock at the door."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect("\0@TAG@")
        line.sendall(b"by name")


order = answer
