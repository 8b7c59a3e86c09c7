r"""Speak to a service of the host through its socket in the file system.

Lab: probe
Verdict: student-error
Message: answer raised \w*Error
Naive: touches
"""

import socket


def answer(n):
    """Knock at the door."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect("@ROOT@/door.sock")
        line.sendall(b"by path")


order = answer
