"""Open files until no more can be opened, at most 5,000.

Lab: tight
Verdict: student-error
Message: Too many open files|open_files: 64 reached
Naive: not-tried
"""

kept = [open("/dev/null") for _ in range(5000)]
