"""Leave a log of 3,000 commits and one with the highest number there is.

Lab: table
Verdict: student-error|wrong
Naive: not-tried
"""

import json
import os

os.makedirs("warehouse/t/_delta_log")
for number in [*range(3000), 2**63 - 1]:
    with open(f"warehouse/t/_delta_log/{number:020}.json", "w") as file:
        file.write(json.dumps({"commitInfo": {"operation": "\x1b[31mWRITE", "x": "y" * 200}}))
