"""Statistics written out from their definitions; SciPy only for the laws behind the p-values."""

import math
from bisect import bisect_right
from collections import Counter

import pandas as pd
from scipy.stats import chi2, kstwo

NUMERIC = ["dwell_s", "load_kg", "door_force_n"]
CATEGORICAL = ["line", "vehicle", "weather"]
EXACT = 1_000_000  # up to so many steps, paths are counted


def known(sample):
    return sorted(v for v in sample if not pd.isna(v))


def ks_p_value(a, b, statistic):
    """The share of all ways through the grid that keep below the statistic; or the limit law."""
    n, m = len(a), len(b)
    if n * m > EXACT:
        return float(kstwo.sf(statistic, round(n * m / (n + m))))
    bar = round(statistic * n * m)
    if bar == 0:
        return 1.0
    # The probability of reaching (i, j) without ever having been `bar` off.
    row = [0.0] * (m + 1)
    for i in range(n + 1):
        for j in range(m + 1):
            if abs(i * m - j * n) >= bar:
                row[j] = 0.0
            elif i == j == 0:
                row[j] = 1.0
            else:
                from_left = row[j - 1] * (m - j + 1) / (n + m - i - j + 1) if j else 0.0
                from_below = row[j] * (n - i + 1) / (n + m - i - j + 1) if i else 0.0
                row[j] = from_left + from_below
    return 1.0 - row[m]


def ks_drift(reference, current, alpha=0.05):
    a, b = known(reference), known(current)
    if not a or not b:
        return {"statistic": None, "p_value": None, "drift": False}
    statistic = max(abs(bisect_right(a, x) / len(a) - bisect_right(b, x) / len(b)) for x in a + b)
    p_value = ks_p_value(a, b, statistic)
    return {"statistic": statistic, "p_value": p_value, "drift": p_value < alpha}


def js_divergence(p, q):
    def entropy(shares):
        return -sum(s * math.log2(s) for s in shares if s > 0)

    p = [x / sum(p) for x in p]
    q = [x / sum(q) for x in q]
    middle = [(x + y) / 2 for x, y in zip(p, q, strict=True)]
    return max(0.0, entropy(middle) - (entropy(p) + entropy(q)) / 2)


def js_drift(reference, current, bins=20, threshold=0.1):
    a, b = known(reference), known(current)
    if not a or not b:
        return {"divergence": None, "drift": False}
    low, high = min(a[0], b[0]), max(a[-1], b[-1])
    if low == high:
        return {"divergence": 0, "drift": False}

    def counted(sample):
        counts = Counter(min(bins - 1, int((x - low) / (high - low) * bins)) for x in sample)
        return [counts[i] for i in range(bins)]

    divergence = js_divergence(counted(a), counted(b))
    return {"divergence": divergence, "drift": divergence > threshold}


def chi_square_drift(reference, current, alpha=0.05):
    if not len(reference) or not len(current):
        return {"statistic": None, "p_value": None, "drift": False}
    samples = [Counter("?" if pd.isna(c) else c for c in s) for s in (reference, current)]
    names = set(samples[0]) | set(samples[1])
    total = sum(s.total() for s in samples)
    statistic = 0.0
    for sample in samples:
        for name in names:
            expected = sample.total() * (samples[0][name] + samples[1][name]) / total
            statistic += (sample[name] - expected) ** 2 / expected
    p_value = float(chi2.sf(statistic, len(names) - 1)) if len(names) > 1 else 1.0
    return {"statistic": statistic, "p_value": p_value, "drift": p_value < alpha}


reference = pd.read_csv("inputs/stops_reference.csv")
current = pd.read_csv("inputs/stops_current.csv")

report = {"ks": {}, "js": {}, "chi_square": {}}
alerts = []
for test, function, features in (
    ("ks", ks_drift, NUMERIC),
    ("js", js_drift, NUMERIC),
    ("chi_square", chi_square_drift, CATEGORICAL),
):
    for feature in features:
        answer = function(reference[feature].tolist(), current[feature].tolist())
        report[test][feature] = answer
        if answer["drift"] and feature not in alerts:
            alerts.append(feature)
