"""Make the model a link to a folder of the host, in which a right one lies.

Lab: model
Verdict: student-error
Message: the workspace holds a link: model
Naive: not-tried
"""

import os

os.symlink("@COURSE@/labs/model/saved", "model")
