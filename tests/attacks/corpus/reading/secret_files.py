"""Read files of the host, one for everybody and one for its owner alone.

Lab: probe
Verdict: wrong
Naive: steals
"""

loot = []
for name in ("public", "private"):
    try:
        with open(f"@ROOT@/{name}.txt") as file:
            loot.append(file.read())
    except OSError:
        continue
print(loot)


def answer(n):
    """What was found."""
    return loot


order = answer
