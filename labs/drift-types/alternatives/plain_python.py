"""No pandas: lists, `statistics` and counters, and plots through files."""

import csv
import statistics
from collections import Counter
from pathlib import Path

import matplotlib
import mlflow

matplotlib.use("Agg")
from matplotlib import pyplot as plt

NUMERIC = ["weight_g", "sugar_brix", "firmness_kg"]
CATEGORICAL = ["variety", "slope"]
LABEL = "premium"
KINDS = ["data quality", "feature", "label", "concept"]


def known(column):
    # NaN is the one value that is not equal to itself.
    return [v for v in column if v is not None and v == v]


def mean_shift(reference, current):
    reference, current = known(reference), known(current)
    moved = abs(statistics.fmean(current) - statistics.fmean(reference))
    if min(reference) == max(reference):
        return float("inf") if moved > 1e-12 else 0.0
    return moved / statistics.stdev(reference)


def shares_of(column, names):
    counts = Counter(known(column))
    return {name: counts[name] / counts.total() for name in names}


def category_shares(reference, current):
    old, new = set(known(reference)), set(known(current))
    return {
        "reference": shares_of(reference, old | new),
        "current": shares_of(current, old | new),
        "new": new - old,
        "gone": old - new,
    }


def missing_shift(reference, current):
    return len(known(reference)) / len(reference) - len(known(current)) / len(current)


def bin_shares(reference, current, bins):
    reference, current = known(reference), known(current)
    low = min(reference + current)
    width = (max(reference + current) - low) / bins
    result = {"edges": [low + width * i for i in range(bins + 1)]}
    for side, values in (("reference", reference), ("current", current)):
        counts = Counter(min(int((v - low) / width), bins - 1) for v in values)
        result[side] = [counts[i] / len(values) for i in range(bins)]
    return result


def rates(categories, labels):
    pairs = [(c, y) for c, y in zip(categories, labels, strict=True) if known([c])]
    sizes = Counter(c for c, _ in pairs)
    good = Counter(c for c, y in pairs if y == 1)
    return {c: good[c] / sizes[c] for c in sizes}


def concept_shift(reference_categories, reference_labels, current_categories, current_labels):
    old = rates(reference_categories, reference_labels)
    new = rates(current_categories, current_labels)
    return max((abs(new[c] - old[c]) for c in old if c in new), default=0)


def categories_moved(reference, current):
    found = category_shares(reference, current)
    changes = [abs(found["current"][c] - share) for c, share in found["reference"].items()]
    return bool(found["new"]) or bool(found["gone"]) or max(changes) > 0.10


def kinds_of_drift(reference, current):
    a, b = reference, current
    holds = {
        "concept": concept_shift(a["variety"], a[LABEL], b["variety"], b[LABEL]) > 0.20,
        "label": abs(statistics.fmean(a[LABEL]) - statistics.fmean(b[LABEL])) > 0.10,
        "feature": any(mean_shift(a[f], b[f]) > 0.5 for f in NUMERIC)
        or any(categories_moved(a[f], b[f]) for f in CATEGORICAL),
        "data quality": any(
            not -0.05 <= missing_shift(a[f], b[f]) <= 0.05 for f in NUMERIC + CATEGORICAL
        ),
    }
    return [kind for kind in holds if holds[kind]]


def read(path):
    with Path(path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = {name: [row[name] or None for row in rows] for name in rows[0]}
    for name in NUMERIC:
        table[name] = [None if text is None else float(text) for text in table[name]]
    table[LABEL] = [int(text) for text in table[LABEL]]
    return table


reference = read("inputs/season_reference.csv")
current = read("inputs/season_current.csv")

run = mlflow.start_run(run_name="season-check")
mlflow.log_metrics(
    {f"mean_shift_{f}": mean_shift(reference[f], current[f]) for f in NUMERIC}
    | {f"missing_shift_{f}": missing_shift(reference[f], current[f]) for f in NUMERIC + CATEGORICAL}
)
for feature in NUMERIC:
    both = known(reference[feature]), known(current[feature])
    plt.hist(both, bins=15, density=True, label=["reference", "current"])
    plt.legend()
    plt.savefig(f"{feature}.png")
    plt.clf()
    mlflow.log_artifact(f"{feature}.png", artifact_path="plots")
mlflow.end_run()

kinds = kinds_of_drift(reference, current)
