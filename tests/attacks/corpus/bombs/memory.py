"""Take memory and touch it, at most 3 GiB.

Lab: tight
Verdict: student-error|unanswered
Message: memory: 256 MiB reached
Naive: not-tried
"""

kept = [bytearray(b"x" * (16 << 20)) for _ in range(192)]
