"""NumPy arrays, a cross table of pandas, and the MLflow client."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from mlflow import MlflowClient
from mlflow.entities import Metric

NUMERIC = ["weight_g", "sugar_brix", "firmness_kg"]
CATEGORICAL = ["variety", "slope"]
LABEL = "premium"
KINDS = ["data quality", "feature", "label", "concept"]


def numbers(column):
    values = np.array(column, dtype=float)  # None becomes NaN
    return values[~np.isnan(values)]


def mean_shift(reference, current):
    a, b = numbers(reference), numbers(current)
    spread = a.std(ddof=1)
    moved = np.abs(b.mean() - a.mean())
    if np.isclose(spread, 0):
        return 0.0 if np.isclose(moved, 0) else np.inf
    return moved / spread


def category_shares(reference, current):
    seasons = ["reference"] * len(reference) + ["current"] * len(current)
    table = pd.crosstab(pd.Series([*reference, *current]), pd.Series(seasons), normalize="columns")
    before, after = table["reference"], table["current"]
    return {
        "reference": before.to_dict(),
        "current": after.to_dict(),
        "new": table.index[before == 0],
        "gone": table.index[after == 0],
    }


def missing_shift(reference, current):
    return np.mean(pd.isna(np.array(current, object))) - np.mean(
        pd.isna(np.array(reference, object))
    )


def bin_shares(reference, current, bins):
    a, b = numbers(reference), numbers(current)
    span = (min(a.min(), b.min()), max(a.max(), b.max()))
    before, edges = np.histogram(a, bins, span)
    after, _ = np.histogram(b, bins, span)
    return {"edges": edges, "reference": before / before.sum(), "current": after / after.sum()}


def concept_shift(reference_categories, reference_labels, current_categories, current_labels):
    old = pd.DataFrame({"category": reference_categories, "y": reference_labels})
    new = pd.DataFrame({"category": current_categories, "y": current_labels})
    both = pd.merge(
        old.groupby("category").y.mean(),
        new.groupby("category").y.mean(),
        left_index=True,
        right_index=True,
    )
    return 0.0 if both.empty else (both.y_x - both.y_y).abs().max()


def kinds_of_drift(reference, current):
    old, new = pd.DataFrame(reference), pd.DataFrame(current)
    kinds = set()
    if ((new.isna().mean() - old.isna().mean()).abs() > 0.05).any():
        kinds.add("data quality")
    for feature in NUMERIC:
        if mean_shift(old[feature], new[feature]) > 0.5:
            kinds.add("feature")
    for feature in CATEGORICAL:
        shares = category_shares(old[feature], new[feature])
        change = pd.Series(shares["current"]) - pd.Series(shares["reference"])
        if len(shares["new"]) or len(shares["gone"]) or change.abs().max() > 0.10:
            kinds.add("feature")
    if abs(old[LABEL].mean() - new[LABEL].mean()) > 0.10:
        kinds.add("label")
    if concept_shift(old.variety, old[LABEL], new.variety, new[LABEL]) > 0.20:
        kinds.add("concept")
    return sorted(kinds)


ref = pd.read_csv("/workspace/inputs/season_reference.csv")
cur = pd.read_csv("/workspace/inputs/season_current.csv")

client = MlflowClient()
experiment = client.create_experiment("orchard")
run_id = client.create_run(experiment, run_name="season-check").info.run_id
metrics = [Metric(f"mean_shift_{f}", float(mean_shift(ref[f], cur[f])), 0, 0) for f in NUMERIC]
for f in NUMERIC + CATEGORICAL:
    metrics.append(Metric(f"missing_shift_{f}", float(missing_shift(ref[f], cur[f])), 0, 0))
client.log_batch(run_id, metrics)
for f in NUMERIC:
    shares = bin_shares(ref[f], cur[f], 12)
    figure = Figure(figsize=(5, 3))
    axes = figure.subplots()
    for side in ("reference", "current"):
        axes.stairs(shares[side], shares["edges"], label=f"{side} {f}")
    axes.legend()
    client.log_figure(run_id, figure, f"{f}.png")
client.set_terminated(run_id)

kinds = kinds_of_drift(ref, cur)
