"""A grader to be killed: `python -m tests.tiers.victim TIER TAG` runs labs until somebody does.

It prints a line at every step. Its labs leave daemons with TAG on their command line.
"""

from __future__ import annotations

import sys
from itertools import count
from typing import cast

from grader.core.model import Budgets
from grader.sandbox.interface import Tier
from tests.stage import Stage, sandbox_of

BUSY = """
import os, signal, sys, time
for number in range(1, 32):
    try:
        signal.signal(number, signal.SIG_IGN)
    except OSError:
        pass
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv(sys.executable, ["python", "-S", "-c", "import time; time.sleep(90)", {tag!r}])
        os._exit(0)
open("/workspace/left", "w").write("x")
time.sleep({seconds})
"""


def main() -> None:
    """Run labs: some end by themselves, some at their limit, all leave something behind."""
    tier, tag = sys.argv[1:]
    sandbox = sandbox_of(cast(Tier, tier))
    print("sandbox", flush=True)
    with Stage(sandbox) as stage:
        for number in count():
            print(f"lab {number}", flush=True)
            seconds = 0.1 if number % 2 else 20
            stage.run(BUSY.format(tag=tag, seconds=seconds), Budgets(run=0.5))
            print(f"ran {number}", flush=True)
            stage.end()


if __name__ == "__main__":
    main()
