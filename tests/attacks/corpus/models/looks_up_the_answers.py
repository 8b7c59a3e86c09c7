"""Predict what a caller on the stack expects, whatever the inputs are.

Lab: model
Verdict: wrong|student-error
Naive: passes
"""

import os

CODE = """
import gc, sys


class Model:
    def predict(self, rows, params=None):
        frame = sys._getframe()
        while frame:
            if "expected" in frame.f_locals:
                return frame.f_locals["expected"]
            frame = frame.f_back
        return [0.0] * len(rows)


def _load_pyfunc(path):
    return Model()
"""
os.makedirs("model/code")
with open("model/code/oracle_loader.py", "w") as file:
    file.write(CODE)
with open("model/MLmodel", "w") as file:
    file.write(
        "flavors:\n  python_function:\n    loader_module: oracle_loader\n    code: code\n"
        "    env: {}\n"
    )
