"""Drift tests. Rescaled the reference so that chisquare takes it."""

import numpy as np
import pandas as pd
from scipy import stats

NUMERIC = ["dwell_s", "load_kg", "door_force_n"]
CATEGORICAL = ["line", "vehicle", "weather"]


def ks_drift(reference, current, alpha=0.05):
    ref = pd.Series(reference, dtype=float).dropna()
    cur = pd.Series(current, dtype=float).dropna()
    if len(ref) == 0 or len(cur) == 0:
        return {"statistic": None, "p_value": None, "drift": False}
    stat, p = stats.ks_2samp(ref, cur)
    return {"statistic": stat, "p_value": p, "drift": p < alpha}


def js_divergence(p, q):
    p, q = np.asarray(p) / np.sum(p), np.asarray(q) / np.sum(q)
    m = (p + q) / 2
    return (stats.entropy(p, m, base=2) + stats.entropy(q, m, base=2)) / 2


def js_drift(reference, current, bins=20, threshold=0.1):
    ref = pd.Series(reference, dtype=float).dropna()
    cur = pd.Series(current, dtype=float).dropna()
    lo, hi = min(ref.min(), cur.min()), max(ref.max(), cur.max())
    p, _ = np.histogram(ref, bins=bins, range=(lo, hi))
    q, _ = np.histogram(cur, bins=bins, range=(lo, hi))
    div = js_divergence(p, q)
    return {"divergence": div, "drift": div > threshold}


def chi_square_drift(reference, current, alpha=0.05):
    ref = pd.Series(reference).value_counts()
    cur = pd.Series(current).value_counts()
    cats = [c for c in ref.index if c in cur.index]
    observed = cur[cats].to_numpy()
    expected = ref[cats].to_numpy() * observed.sum() / ref[cats].sum()
    stat, p = stats.chisquare(observed, expected)
    return {"statistic": stat, "p_value": p, "drift": p < alpha}


reference = pd.read_csv("inputs/stops_reference.csv")
current = pd.read_csv("inputs/stops_current.csv")

report = {
    "ks": {f: ks_drift(reference[f], current[f]) for f in NUMERIC},
    "js": {f: js_drift(reference[f], current[f]) for f in NUMERIC},
    "chi_square": {f: chi_square_drift(reference[f], current[f]) for f in CATEGORICAL},
}
alerts = [f for test in report for f in report[test] if report[test][f]["drift"]]
