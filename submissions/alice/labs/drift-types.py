"""Lindqvist Orchards: two seasons of apples. Done with data frames as far as they go."""

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
    old = pd.to_numeric(pd.Series(reference)).dropna()
    new = pd.to_numeric(pd.Series(current)).dropna()
    distance = float(abs(new.mean() - old.mean()))
    if old.min() == old.max():
        return 0.0 if distance < 1e-9 else float("inf")
    return distance / float(old.std())


def category_shares(reference: list[str | None], current: list[str | None]) -> dict[str, object]:
    """Shares of all categories in both seasons; which are new and which are gone."""
    old = pd.Series(reference).value_counts(normalize=True)
    new = pd.Series(current).value_counts(normalize=True)
    table = pd.DataFrame({"reference": old, "current": new})
    return {
        "reference": table["reference"].fillna(0).to_dict(),
        "current": table["current"].fillna(0).to_dict(),
        "new": table.index[table["reference"].isna()].tolist(),
        "gone": table.index[table["current"].isna()].tolist(),
    }


def missing_shift(reference: list[object], current: list[object]) -> float:
    """By how much the share of missing values has grown."""
    return float(np.mean(pd.isna(pd.Series(current))) - np.mean(pd.isna(pd.Series(reference))))


def bin_shares(
    reference: list[float | None], current: list[float | None], bins: int
) -> dict[str, list[float]]:
    """Histograms of both columns over the same bins."""
    old = np.array([v for v in reference if not pd.isna(v)], dtype=float)
    new = np.array([v for v in current if not pd.isna(v)], dtype=float)
    both = np.concatenate([old, new])
    edges = np.linspace(both.min(), both.max(), bins + 1)
    result = {"edges": edges.tolist()}
    for season, values in {"reference": old, "current": new}.items():
        counts, _ = np.histogram(values, bins=edges)
        result[season] = (counts / counts.sum()).tolist()
    return result


def concept_shift(
    reference_categories: list[str | None],
    reference_labels: list[int],
    current_categories: list[str | None],
    current_labels: list[int],
) -> float:
    """The largest change of the share of label 1 within a category."""
    old = pd.DataFrame({"c": reference_categories, "y": reference_labels}).groupby("c")["y"].mean()
    new = pd.DataFrame({"c": current_categories, "y": current_labels}).groupby("c")["y"].mean()
    common = old.index.intersection(new.index)
    if common.empty:
        return 0.0
    return float((new[common] - old[common]).abs().max())


def kinds_of_drift(
    reference: dict[str, list[object]], current: dict[str, list[object]]
) -> list[str]:
    """Which of KINDS hold between two tables."""

    def quality() -> bool:
        return any(
            abs(missing_shift(reference[f], current[f])) > 0.05 for f in NUMERIC + CATEGORICAL
        )

    def feature() -> bool:
        for f in NUMERIC:
            if mean_shift(reference[f], current[f]) > 0.5:
                return True
        for f in CATEGORICAL:
            shares = category_shares(reference[f], current[f])
            if shares["new"] or shares["gone"]:
                return True
            before, after = shares["reference"], shares["current"]
            if max(abs(after[c] - before[c]) for c in after) > 0.10:
                return True
        return False

    def label() -> bool:
        return abs(np.mean(reference[LABEL]) - np.mean(current[LABEL])) > 0.10

    def concept() -> bool:
        shift = concept_shift(
            reference["variety"], reference[LABEL], current["variety"], current[LABEL]
        )
        return shift > 0.20

    holds = [quality(), feature(), label(), concept()]
    return [kind for kind, yes in zip(KINDS, holds) if yes]


old = pd.read_csv("inputs/season_reference.csv")
new = pd.read_csv("inputs/season_current.csv")

mlflow.set_experiment("orchards")
with mlflow.start_run(run_name="season-check"):
    shifts = {f"mean_shift_{f}": mean_shift(old[f].tolist(), new[f].tolist()) for f in NUMERIC}
    for f in NUMERIC + CATEGORICAL:
        shifts[f"missing_shift_{f}"] = missing_shift(old[f].tolist(), new[f].tolist())
    mlflow.log_metrics(shifts)

    for f in NUMERIC:
        bars = bin_shares(old[f].tolist(), new[f].tolist(), 16)
        left, width = bars["edges"][:-1], bars["edges"][1] - bars["edges"][0]
        fig, ax = plt.subplots(figsize=(6, 4))
        ax.bar(left, bars["reference"], width, align="edge", alpha=0.5, label="reference")
        ax.bar(left, bars["current"], width, align="edge", alpha=0.5, label="current")
        ax.set_xlabel(f)
        ax.legend()
        fig.savefig(f"{f}.png")
        plt.close(fig)
        mlflow.log_artifact(f"{f}.png", "plots")

# Data quality: look after the firmness probe. Feature and concept: retrain, with the new variety.
kinds = kinds_of_drift(old.to_dict("list"), new.to_dict("list"))
