"""Send the loot to a listener on the machine's loopback.

Lab: probe
Verdict: student-error
Message: answer raised (ConnectionRefused|Permission|OS)Error
Promise: services
Naive: touches
"""

import socket


def answer(n):
    """Call home."""
    with socket.create_connection(("127.0.0.1", int("@PORT@")), 1) as line:
        line.sendall(b"by tcp")


order = answer
