"""Find others' work from where this file lies, without knowing any path.

Lab: probe
Verdict: wrong
Naive: steals
"""

import re
from pathlib import Path

MARK = r"canary-[a-z]+-[0-9a-f]{12}"
loot = []
for base in (Path(__file__).resolve(), Path("@SUBMISSIONS@/@ME@/labs/x"), Path.cwd() / "x"):
    for above in list(base.parents)[1:4]:
        for path in [*above.glob("*/labs/*.py"), *above.glob("*/answers/*.yaml")]:
            try:
                loot += re.findall(MARK, path.read_text())
            except OSError:
                continue
print(loot)


def answer(n):
    """What was found."""
    return loot


order = answer
