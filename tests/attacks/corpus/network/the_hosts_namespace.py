"""Enter the network namespace of the grader's process, and connect from there.

Lab: probe
Verdict: student-error
Message: answer raised (ConnectionRefused|Permission|OS)Error
Promise: services
Naive: touches
"""

import contextlib
import ctypes
import os
import socket

libc = ctypes.CDLL(None, use_errno=True)
for pid in ("@PID@", "1"):
    with contextlib.suppress(OSError):
        fd = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        libc.setns(fd, 0x40000000)


def answer(n):
    """Call home."""
    with socket.create_connection(("127.0.0.1", int("@PORT@")), 1) as line:
        line.sendall(b"by setns")


order = answer
