"""Apples. Shares and plots work; no idea what concept drift wants."""

import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd

NUMERIC = ["weight_g", "sugar_brix", "firmness_kg"]
CATEGORICAL = ["variety", "slope"]
LABEL = "premium"


def mean_shift(reference, current):
    ref, cur = pd.Series(reference, dtype=float), pd.Series(current, dtype=float)
    return abs(ref.mean() - cur.mean()) / ref.std()


def category_shares(reference, current):
    ref = pd.Series(reference).value_counts(normalize=True)
    cur = pd.Series(current).value_counts(normalize=True)
    cats = set(ref.index) | set(cur.index)
    return {
        "reference": {c: ref.get(c, 0) for c in cats},
        "current": {c: cur.get(c, 0) for c in cats},
        "new": list(set(cur.index) - set(ref.index)),
        "gone": list(set(ref.index) - set(cur.index)),
    }


def missing_shift(reference, current):
    return pd.Series(current).isna().mean() - pd.Series(reference).isna().mean()


def bin_shares(reference, current, bins):
    ref, cur = pd.Series(reference, dtype=float), pd.Series(current, dtype=float)
    r, edges = np.histogram(ref.dropna(), bins)
    c, _ = np.histogram(cur.dropna(), bins)
    return {"edges": edges, "reference": r / r.sum(), "current": c / c.sum()}


def concept_shift(reference_categories, reference_labels, current_categories, current_labels):
    return abs(np.mean(reference_labels) - np.mean(current_labels))


def kinds_of_drift(reference, current):
    kinds = []
    if any(abs(missing_shift(reference[f], current[f])) > 0.05 for f in NUMERIC + CATEGORICAL):
        kinds.append("data quality")
    if any(mean_shift(reference[f], current[f]) > 0.5 for f in NUMERIC):
        kinds.append("feature")
    if abs(np.mean(reference[LABEL]) - np.mean(current[LABEL])) > 0.10:
        kinds.append("label")
    return kinds


reference = pd.read_csv("inputs/season_reference.csv")
current = pd.read_csv("inputs/season_current.csv")

with mlflow.start_run(run_name="season-check"):
    for f in NUMERIC:
        mlflow.log_metric(f"mean_shift_{f}", mean_shift(reference[f], current[f]))
    for f in NUMERIC + CATEGORICAL:
        mlflow.log_metric(f"missing_shift_{f}", missing_shift(reference[f], current[f]))

for f in CATEGORICAL:
    shares = category_shares(reference[f], current[f])
    print(f, "new:", shares["new"], "gone:", shares["gone"])

for f in NUMERIC:
    plt.figure()
    plt.hist(reference[f], alpha=0.5, label="reference")
    plt.hist(current[f], alpha=0.5, label="current")
    plt.legend()
    plt.savefig(f"{f}.png")
    with mlflow.start_run(run_name=f"plot-{f}"):
        mlflow.log_artifact(f"{f}.png")

kinds = kinds_of_drift(reference, current)
