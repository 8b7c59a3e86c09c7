"""Replace the functions of the grader's own code in this process by ones that praise.

Lab: probe
Verdict: wrong|student-error
Naive: not-tried
"""

import json
import sys

PRAISE = {"verdict": "correct", "points": 3, "maximum": 3}
for name, module in list(sys.modules.items()):
    if name.startswith("grader"):
        for attribute in ("encode", "describe", "_failure"):
            if hasattr(module, attribute):
                setattr(module, attribute, lambda *_: PRAISE)
json.JSONEncoder.default = lambda *_: PRAISE


def answer(n):
    """Praise."""
    return PRAISE


def order(values):
    """Praise."""
    return PRAISE
