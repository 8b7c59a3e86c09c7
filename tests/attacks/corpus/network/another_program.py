"""Let a shell connect, in case only Python was tamed.

Lab: probe
Verdict: wrong
Promise: services
Naive: touches
"""

import shutil
import subprocess

bash = shutil.which("bash")
if bash:
    subprocess.run(
        [bash, "-c", "echo by bash > /dev/tcp/127.0.0.1/@PORT@"],
        check=False,
        timeout=2,
        stderr=subprocess.DEVNULL,
    )


def answer(n):
    """Nothing."""


def order(values):
    """Nothing."""
