"""SciPy's own functions: the distance squared, the asymptotic law, a cross table without Yates."""

import numpy as np
import pandas as pd
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, ks_2samp

NUMERIC = ["dwell_s", "load_kg", "door_force_n"]
CATEGORICAL = ["line", "vehicle", "weather"]


def numbers(sample):
    values = np.array(sample, dtype=float)
    return values[~np.isnan(values)]


def verdict(result, alpha):
    return {
        "statistic": float(result.statistic),
        "p_value": float(result.pvalue),
        "drift": bool(result.pvalue < alpha),
    }


def ks_drift(reference, current, alpha=0.05):
    a, b = numbers(reference), numbers(current)
    if min(len(a), len(b)) == 0:
        return {"statistic": None, "p_value": None, "drift": False}
    method = "asymp" if min(len(a), len(b)) > 50 else "exact"
    return verdict(ks_2samp(a, b, alternative="two-sided", method=method), alpha)


def js_divergence(p, q):
    return float(jensenshannon(p, q, base=2) ** 2)


def js_drift(reference, current, bins=20, threshold=0.1):
    a, b = numbers(reference), numbers(current)
    if a.size == 0 or b.size == 0:
        return {"divergence": None, "drift": False}
    span = min(a.min(), b.min()), max(a.max(), b.max())
    # A little in every bin, as some prefer it: too little to show.
    p = np.histogram(a, bins=bins, range=span)[0] + 1e-10
    q = np.histogram(b, bins=bins, range=span)[0] + 1e-10
    found = js_divergence(p, q)
    return {"divergence": found, "drift": found > threshold}


def chi_square_drift(reference, current, alpha=0.05):
    if len(reference) == 0 or len(current) == 0:
        return {"statistic": None, "p_value": None, "drift": False}
    values = pd.Series([*reference, *current], dtype=object)
    sides = np.repeat(["reference", "current"], [len(reference), len(current)])
    table = pd.crosstab(values, sides, dropna=False)
    table = table.loc[table.sum(axis=1) > 0]
    return verdict(chi2_contingency(table, correction=False), alpha)


old, new = (pd.read_csv(f"/workspace/inputs/stops_{name}.csv") for name in ("reference", "current"))
report = {
    "ks": {f: ks_drift(old[f], new[f]) for f in NUMERIC},
    "js": {f: js_drift(old[f], new[f]) for f in NUMERIC},
    "chi_square": {f: chi_square_drift(old[f], new[f]) for f in CATEGORICAL},
}
alerts = {f for found in report.values() for f in found if found[f]["drift"]}
