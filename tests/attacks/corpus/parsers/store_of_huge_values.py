"""Log one run with the name that is asked for, and a parameter of 20 MB.

Lab: store
Verdict: student-error|wrong
Message: larger than|memory
Naive: not-tried
"""

import sqlite3

import mlflow

with mlflow.start_run(run_name="final") as run:
    mlflow.log_param("depth", 3)
with sqlite3.connect("mlflow.db") as db:
    db.execute("UPDATE params SET value = ?", ("x" * 20_000_000,))
