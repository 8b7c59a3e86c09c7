"""Hang in predict for 20 seconds, deaf to signals; the lab allows a call 5 seconds.

Lab: model
Verdict: student-error
Message: time: more than
Naive: not-tried
"""

import os

CODE = """
import signal, time


class Model:
    def predict(self, rows, params=None):
        for number in (1, 2, 15):
            signal.signal(number, signal.SIG_IGN)
        time.sleep(20)
        return [0.0] * len(rows)


def _load_pyfunc(path):
    return Model()
"""
os.makedirs("model/code")
with open("model/code/slow_loader.py", "w") as file:
    file.write(CODE)
with open("model/MLmodel", "w") as file:
    file.write(
        "flavors:\n  python_function:\n    loader_module: slow_loader\n    code: code\n"
        "    env: {}\n"
    )
