"""Make the store a link to another student's, and its places point at the host's files.

Lab: store
Verdict: student-error
Message: the workspace holds a link: mlflow.db
Naive: not-tried
"""

import os

os.rename("mlflow.db", "old.db")
os.symlink("@ROOT@/public.txt", "mlflow.db")
