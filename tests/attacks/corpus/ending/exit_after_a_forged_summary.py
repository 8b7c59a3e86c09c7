r"""Print what a passing run prints, write its result file, and leave with status 0.

Lab: probe
Verdict: student-error
Message: ended by itself \(exit status 0\)
Naive: passes
"""

import json
import os

print("test_answer PASSED\ntest_order PASSED\n===== 2 passed in 0.01s =====", flush=True)
with open("results.json", "w") as file:
    json.dump({"test_answer": True, "test_order": True}, file)
os._exit(0)
