"""Each histogram chooses its bins from its own season.

Fails: test_histograms_share_their_bins
"""

import math

import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd

NUMERIC = ["weight_g", "sugar_brix", "firmness_kg"]
CATEGORICAL = ["variety", "slope"]
LABEL = "premium"
KINDS = ["data quality", "feature", "label", "concept"]


def mean_shift(reference: list[float | None], current: list[float | None]) -> float:
    """How far the mean has moved, in standard deviations of the reference."""
    before, after = pd.Series(reference, dtype=float), pd.Series(current, dtype=float)
    moved = abs(after.mean() - before.mean())
    if before.nunique() == 1:
        return 0.0 if math.isclose(moved, 0.0, abs_tol=1e-12) else math.inf
    return moved / before.std()


def category_shares(reference: list[str | None], current: list[str | None]) -> dict[str, object]:
    """Shares of all categories in both seasons; which are new and which are gone."""
    before = pd.Series(reference, dtype=object).value_counts(normalize=True)
    after = pd.Series(current, dtype=object).value_counts(normalize=True)
    names = sorted(set(before.index) | set(after.index))
    return {
        "reference": {name: float(before.get(name, 0.0)) for name in names},
        "current": {name: float(after.get(name, 0.0)) for name in names},
        "new": sorted(set(after.index) - set(before.index)),
        "gone": sorted(set(before.index) - set(after.index)),
    }


def missing_shift(reference: list[object], current: list[object]) -> float:
    """By how much the share of missing values has grown."""
    return pd.Series(current).isna().mean() - pd.Series(reference).isna().mean()


def bin_shares(
    reference: list[float | None], current: list[float | None], bins: int
) -> dict[str, list[float]]:
    """Histograms of both columns over the same bins."""
    before = pd.Series(reference, dtype=float).dropna()
    after = pd.Series(current, dtype=float).dropna()
    edges = np.histogram_bin_edges(pd.concat([before, after]), bins)
    return {
        "edges": edges.tolist(),
        "reference": (np.histogram(before, edges)[0] / len(before)).tolist(),
        "current": (np.histogram(after, bins)[0] / len(after)).tolist(),
    }


def concept_shift(
    reference_categories: list[str | None],
    reference_labels: list[int],
    current_categories: list[str | None],
    current_labels: list[int],
) -> float:
    """The largest change of the share of label 1 within a category."""
    before = pd.Series(reference_labels).groupby(pd.Series(reference_categories)).mean()
    after = pd.Series(current_labels).groupby(pd.Series(current_categories)).mean()
    changes = (after - before).abs().dropna()  # NaN where a season lacks the category
    return float(changes.max()) if len(changes) else 0.0


def kinds_of_drift(
    reference: dict[str, list[object]], current: dict[str, list[object]]
) -> list[str]:
    """Which of KINDS hold between two tables."""
    kinds = []
    features = NUMERIC + CATEGORICAL
    if any(abs(missing_shift(reference[f], current[f])) > 0.05 for f in features):
        kinds.append("data quality")

    moved = any(mean_shift(reference[f], current[f]) > 0.5 for f in NUMERIC)
    for feature in CATEGORICAL:
        shares = category_shares(reference[feature], current[feature])
        before, after = shares["reference"], shares["current"]
        moved |= bool(shares["new"] or shares["gone"])
        moved |= any(abs(after[name] - before[name]) > 0.10 for name in before)
    if moved:
        kinds.append("feature")

    if abs(np.mean(current[LABEL]) - np.mean(reference[LABEL])) > 0.10:
        kinds.append("label")

    concept = concept_shift(
        reference["variety"], reference[LABEL], current["variety"], current[LABEL]
    )
    if concept > 0.20:
        kinds.append("concept")
    return kinds


last = pd.read_csv("inputs/season_reference.csv").to_dict("list")
this = pd.read_csv("inputs/season_current.csv").to_dict("list")

with mlflow.start_run(run_name="season-check"):
    for feature in NUMERIC:
        mlflow.log_metric(f"mean_shift_{feature}", mean_shift(last[feature], this[feature]))
    for feature in NUMERIC + CATEGORICAL:
        mlflow.log_metric(f"missing_shift_{feature}", missing_shift(last[feature], this[feature]))

    for feature in NUMERIC:
        shares = bin_shares(last[feature], this[feature], 20)
        figure, axes = plt.subplots()
        axes.stairs(shares["reference"], shares["edges"], label="last season", fill=True, alpha=0.5)
        axes.stairs(shares["current"], shares["edges"], label="this season", fill=True, alpha=0.5)
        axes.set(title=feature, ylabel="share of crates")
        axes.legend()
        mlflow.log_figure(figure, f"{feature}.png")
        plt.close(figure)

kinds = kinds_of_drift(last, this)
