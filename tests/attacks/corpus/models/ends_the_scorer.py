"""Let the process that loads the model end with status 0.

Lab: model
Verdict: student-error
Message: ended by itself
Naive: passes
"""

import os

os.makedirs("model/code")
with open("model/code/leaving_loader.py", "w") as file:
    file.write("import os\nos._exit(0)\n")
with open("model/MLmodel", "w") as file:
    file.write(
        "flavors:\n  python_function:\n    loader_module: leaving_loader\n    code: code\n"
        "    env: {}\n"
    )
