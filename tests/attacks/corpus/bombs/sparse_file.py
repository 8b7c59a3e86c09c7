"""Make a file of a terabyte that takes no room, for whoever copies or reads it.

Lab: tight
Verdict: student-error
Message: File too large|disk: 32 MiB reached
Naive: not-tried
"""

with open("sparse", "wb") as file:
    file.truncate(1 << 40)
