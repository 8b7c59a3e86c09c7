"""Predict with objects that equal whatever they are compared with, disguised as numbers.

Lab: model
Verdict: wrong|student-error
Naive: passes
"""

import os

CODE = """
class Number(float):
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False


class Model:
    def predict(self, rows, params=None):
        return [Number(0)] * len(rows)


def _load_pyfunc(path):
    return Model()
"""
os.makedirs("model/code")
with open("model/code/equal_loader.py", "w") as file:
    file.write(CODE)
with open("model/MLmodel", "w") as file:
    file.write(
        "flavors:\n  python_function:\n    loader_module: equal_loader\n    code: code\n"
        "    env: {}\n"
    )
