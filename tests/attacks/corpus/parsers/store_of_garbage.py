"""Overwrite the tracking store with bytes that begin like SQLite.

Lab: store
Verdict: student-error
Naive: not-tried
"""

with open("mlflow.db", "wb") as file:
    file.write(b"SQLite format 3\0" + b"\xff" * 200_000)
