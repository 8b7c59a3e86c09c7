"""Send the loot in datagrams, which ask for no answer.

Lab: probe
Verdict: wrong
Naive: touches
"""

import contextlib
import socket

with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
    for _ in range(3):
        out.sendto(b"by udp", ("127.0.0.1", int("@UDP@")))


def answer(n):
    """Nothing."""


def order(values):
    """Nothing."""
