"""Kestrel: three tests, with SciPy doing the statistics."""

import numpy as np
import pandas as pd
from scipy.spatial import distance
from scipy.stats import chi2_contingency, ks_2samp

NUMERIC = ["dwell_s", "load_kg", "door_force_n"]
CATEGORICAL = ["line", "vehicle", "weather"]

UNTESTED = {"statistic": None, "p_value": None, "drift": False}


def clean(sample: list[float | None]) -> np.ndarray:
    """The numbers of a sample."""
    return np.array([v for v in sample if not pd.isna(v)], dtype=float)


def ks_drift(
    reference: list[float | None], current: list[float | None], alpha: float = 0.05
) -> dict[str, float | bool | None]:
    """The two-sample Kolmogorov-Smirnov test."""
    a, b = clean(reference), clean(current)
    if not (a.size and b.size):
        return UNTESTED
    statistic, p_value = ks_2samp(a, b)
    return {
        "statistic": float(statistic),
        "p_value": float(p_value),
        "drift": bool(p_value < alpha),
    }


def js_divergence(p: list[float], q: list[float]) -> float:
    """The Jensen-Shannon divergence with base 2, from 0 to 1."""
    root = distance.jensenshannon(np.asarray(p, dtype=float), np.asarray(q, dtype=float), base=2)
    return float(root) ** 2


def js_drift(
    reference: list[float | None],
    current: list[float | None],
    bins: int = 20,
    threshold: float = 0.1,
) -> dict[str, float | bool | None]:
    """The Jensen-Shannon divergence of two numeric samples."""
    a, b = clean(reference), clean(current)
    if not (a.size and b.size):
        return {"divergence": None, "drift": False}
    both = np.concatenate([a, b])
    if np.ptp(both) == 0:
        return {"divergence": 0.0, "drift": False}
    edges = np.linspace(both.min(), both.max(), bins + 1)
    divergence = js_divergence(np.histogram(a, edges)[0], np.histogram(b, edges)[0])
    return {"divergence": divergence, "drift": divergence > threshold}


def chi_square_drift(
    reference: list[str | None], current: list[str | None], alpha: float = 0.05
) -> dict[str, float | bool | None]:
    """The chi-square test of homogeneity for two samples of categories."""
    if len(reference) == 0 or len(current) == 0:
        return UNTESTED
    a = pd.Series(list(reference), dtype=object).value_counts(dropna=False)
    b = pd.Series(list(current), dtype=object).value_counts(dropna=False)
    counts = pd.DataFrame({"reference": a, "current": b}).fillna(0)
    statistic, p_value, _, _ = chi2_contingency(counts.T.to_numpy())
    return {
        "statistic": float(statistic),
        "p_value": float(p_value),
        "drift": bool(p_value < alpha),
    }


autumn = pd.read_csv("inputs/stops_reference.csv")
week = pd.read_csv("inputs/stops_current.csv")


def over(function, features):
    """What a test says about each feature."""
    return {f: function(autumn[f].tolist(), week[f].tolist()) for f in features}


report = {
    "ks": over(ks_drift, NUMERIC),
    "js": over(js_drift, NUMERIC),
    "chi_square": over(chi_square_drift, CATEGORICAL),
}
alerts = [
    f for f in NUMERIC + CATEGORICAL if any(report[t][f]["drift"] for t in report if f in report[t])
]
