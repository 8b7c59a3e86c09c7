"""Checks of the drift-types lab."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from grader.labs import Lab, points
from grader.labs.lab import Run

NUMERIC = ["weight_g", "sugar_brix", "firmness_kg"]
CATEGORICAL = ["variety", "slope"]
PREDICTED = ["label", "concept"]
#: What the two seasons of the files are made to show.
SEASON = ["concept", "data quality", "feature"]


@points(2, hint="Which of the two columns is the yardstick, and does n or n - 1 divide?")
def test_mean_shift_is_in_deviations_of_the_reference(lab: Lab) -> None:
    """Columns of other lengths and spreads, with gaps."""
    for before, after in lab.data["columns"]:
        expected = _mean_shift(before, after)
        got: float = lab.call("mean_shift", before, after, returns=float)
        assert _near(got, expected), (
            f"a mean of {_mean(before):.4f} (s = {statistics.stdev(_values(before)):.4f}) that "
            f"becomes {_mean(after):.4f} has shifted by {expected:.4f}, not {got:.4f}"
        )


@points(1, hint="What is the standard deviation of a column that never changes?")
def test_a_constant_reference_is_no_obstacle(lab: Lab) -> None:
    """A shift of 0 if the mean stays, and an infinite one if it moves."""
    for before, after, expected in (
        ([4.5, 4.5, None, 4.5], [4.5, None, 4.5], 0.0),
        ([6.0, 6.0, 6.0], [5.0, 7.0, 6.0, None], 0.0),
        ([2.0, None, 2.0], [2.0, 2.5, 3.0], math.inf),
        ([9.0, 9.0], [8.0, 8.5], math.inf),
    ):
        got: float = lab.call("mean_shift", before, after, returns=float)
        same = got == expected or abs(got - expected) < 1e-9
        assert same, f"mean_shift({before}, {after}) must be {expected}, not {got}"


@points(2, hint="Count both seasons over the union of their categories.")
def test_shares_cover_the_categories_of_both_seasons(lab: Lab) -> None:
    """Every category has a share on either side, and the shares of a side add up to 1."""
    for before, after in lab.data["categories"]:
        columns = {"reference": before["categories"], "current": after["categories"]}
        names = sorted({name for column in columns.values() for name in _values(column)})
        got = _shares(lab, before, after)
        for side, column in columns.items():
            found = got.get(side)
            assert isinstance(found, dict), f"category_shares must have a dictionary {side!r}"
            assert sorted(found) == names, (
                f"{side!r} must have the categories {names}; got {sorted(found)}"
            )
            values = _values(column)
            for name in names:
                share = values.count(name) / len(values)
                assert _is_number(found[name]) and _near(found[name], share), (
                    f"{name!r} is {values.count(name)} of {len(values)} values of {side!r}: "
                    f"{share:.4f}, not {found[name]}"
                )


@points(1, hint="Sets have a difference, and it depends on which set comes first.")
def test_new_and_gone_categories_are_told_apart(lab: Lab) -> None:
    """What only one of the seasons has."""
    for before, after in lab.data["categories"]:
        old, new = set(_values(before["categories"])), set(_values(after["categories"]))
        got = _shares(lab, before, after)
        for key, expected in (("new", sorted(new - old)), ("gone", sorted(old - new))):
            found = got.get(key)
            assert isinstance(found, list), f"category_shares must have a list {key!r}"
            assert sorted(map(str, found)) == expected, (
                f"from {sorted(old)} to {sorted(new)}: {key!r} is {expected}, not {found}"
            )


@points(1, hint="A share has all rows of its own column below the line.")
def test_missing_shift_compares_shares(lab: Lab) -> None:
    """Numbers and texts; more gaps than before, and fewer."""
    texts = [[side["categories"] for side in pair] for pair in lab.data["categories"]]
    for before, after in [*lab.data["columns"], *texts, [[1.0, None], ["a", "b", "c"]]]:
        expected = _missing(after) - _missing(before)
        got: float = lab.call("missing_shift", before, after, returns=float)
        assert _near(got, expected), (
            f"{before.count(None)} of {len(before)} and then {after.count(None)} of {len(after)} "
            f"values are missing: the shift is {expected:.4f}, not {got:.4f}"
        )


@points(2, hint="Decide on the edges first, from both columns; then count each one with them.")
def test_histograms_share_their_bins(lab: Lab) -> None:
    """The same edges for both seasons, and shares instead of counts."""
    for (before, after), bins in zip(lab.data["columns"], (5, 8, 3), strict=True):
        got: dict[str, list[float]] = lab.call(
            "bin_shares", before, after, bins, returns=dict[str, list[float]]
        )
        both = _values(before) + _values(after)
        low, high = min(both), max(both)
        edges = [low + (high - low) * i / bins for i in range(bins + 1)]
        _assert_list(got, "edges", edges, f"{bins} bins from {low:.3f} to {high:.3f}")
        for side, column in (("reference", before), ("current", after)):
            values = _values(column)
            counts = [sum(a <= v < b for v in values) for a, b in pairwise(edges)]
            counts[-1] = len(values) - sum(counts[:-1])  # the largest value is in the last bin
            shares = [count / len(values) for count in counts]
            _assert_list(got, side, shares, f"{len(values)} values counted as {counts}")


@points(1, hint="Group the labels by category in each season, and compare group with group.")
def test_concept_shift_compares_within_categories(lab: Lab) -> None:
    """The relation of category and label, whatever the mix of categories is."""
    apart = [
        {"categories": ["a", "a", None], "labels": [0, 1, 1]},
        {"categories": ["b", None, "b"], "labels": [1, 0, 1]},
    ]
    for before, after in [*lab.data["categories"], apart]:
        changes = _concept_changes(before, after)
        expected = max(changes.values(), default=0.0)
        got: float = lab.call(
            "concept_shift",
            before["categories"],
            before["labels"],
            after["categories"],
            after["labels"],
            returns=float,
        )
        told = {name: round(change, 4) for name, change in changes.items()}
        assert _near(got, expected), (
            f"by category the share of label 1 changes by {told}: the largest change is "
            f"{expected:.4f}, not {got:.4f}"
        )


@points(1, hint="Go through the features; one that meets one of the conditions is enough.")
def test_drift_of_features_and_of_data_quality_is_named(lab: Lab) -> None:
    """Seasons in which only what goes into the model changes."""
    for told, kinds in (
        ("nothing changes", []),
        ("apples become heavier", ["feature"]),
        ("apples become lighter", ["feature"]),
        ("a new variety", ["feature"]),
        ("a variety is given up", ["feature"]),
        ("more crates from the southern slope", ["feature"]),
        ("a sensor fails", ["data quality"]),
        ("a scanner is mended", ["data quality"]),
    ):
        got = [kind for kind in _kinds(lab, told) if kind not in PREDICTED]
        assert got == kinds, f"{told}: of what goes into the model, {kinds} drifts, not {got}"


@points(1, hint="Label drift looks at all labels together, concept drift at those of like crates.")
def test_drift_of_labels_and_of_the_concept_is_named(lab: Lab) -> None:
    """Either comes without the other."""
    for told, kinds in (
        ("nothing changes", []),
        ("more crates of a good variety", ["label"]),
        ("tasters are stricter with all", ["label"]),
        ("tasters change their minds about two varieties", ["concept"]),
    ):
        got = [kind for kind in _kinds(lab, told) if kind in PREDICTED]
        assert got == kinds, f"{told}: of {PREDICTED}, {kinds} drifts, not {got}"


@points(1, hint="One run holds all of it: a metric for each feature, under the feature's name.")
def test_the_run_holds_the_shifts(lab: Lab) -> None:
    """Eight metrics of the two files, in a finished run."""
    run = _run(lab)
    before, after = lab.data["reference"], lab.data["current"]
    expected = {f"mean_shift_{f}": _mean_shift(before[f], after[f]) for f in NUMERIC}
    for feature in NUMERIC + CATEGORICAL:
        expected[f"missing_shift_{feature}"] = _missing(after[feature]) - _missing(before[feature])
    for name, value in expected.items():
        assert name in run.metrics, f"the run 'season-check' has no metric {name!r}"
        # Close is enough: whether n or n - 1 divides is asked elsewhere.
        assert abs(run.metrics[name] - value) <= 0.005 * max(1.0, value), (
            f"the metric {name!r} must be {value:.4f}, not {run.metrics[name]:.4f}"
        )
    assert run.status == "FINISHED", f"the run 'season-check' is {run.status}, not FINISHED"


@points(1, hint="Save a figure before it is closed, and begin a new one for the next feature.")
def test_the_run_keeps_a_plot_of_each_feature(lab: Lab) -> None:
    """Three images, and none like another."""
    run = _run(lab)
    images = []
    for feature in NUMERIC:
        name = f"{feature}.png"
        kept = lab.files(f"mlruns/*/{run.id}/artifacts/**/{name}")
        assert kept, f"the run 'season-check' has no artefact {name!r}"
        images.append(lab.text(kept[0]))
        assert images[-1][1:4] == "PNG", f"{name!r} is not an image in PNG format"
    assert len(set(images)) == len(images), "plots of different features are the same image"


@points(1, hint="Hand over all columns of both files, and keep what comes back.")
def test_the_season_is_judged(lab: Lab) -> None:
    """What has drifted between the two files."""
    told: list[str] = lab.value("kinds", returns=list[str])
    kinds = sorted(set(told))
    assert kinds == SEASON, f"between the two files {SEASON} have drifted, not {kinds}"


def _values(column: Sequence[Any]) -> list[Any]:
    return [value for value in column if value is not None]


def _mean(column: Sequence[float | None]) -> float:
    return statistics.fmean(_values(column))


def _mean_shift(before: Sequence[float | None], after: Sequence[float | None]) -> float:
    spread: float = statistics.stdev(_values(before))
    return abs(_mean(after) - _mean(before)) / spread


def _missing(column: Sequence[Any]) -> float:
    return column.count(None) / len(column)


def _concept_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, float]:
    """The change of the share of label 1, by the categories that both seasons have."""
    rates: list[dict[str, float]] = []
    for season in (before, after):
        labels: dict[str, list[int]] = {}
        for name, label in zip(season["categories"], season["labels"], strict=True):
            if name is not None:
                labels.setdefault(name, []).append(label)
        rates.append({name: statistics.fmean(values) for name, values in labels.items()})
    return {
        name: abs(rates[1][name] - rates[0][name]) for name in sorted(rates[0].keys() & rates[1])
    }


def _shares(lab: Lab, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    got: dict[str, Any] = lab.call(
        "category_shares", before["categories"], after["categories"], returns=dict[str, object]
    )
    return got


def _kinds(lab: Lab, told: str) -> list[str]:
    before, after = lab.data["seasons"][told]
    kinds: list[str] = lab.call("kinds_of_drift", before, after, returns=list[str])
    return sorted(set(kinds))


def _run(lab: Lab) -> Run:
    runs = lab.mlflow.named("season-check")
    assert runs, "there is no run named 'season-check'"
    return runs[-1]


def _assert_list(
    got: Mapping[str, list[float]], key: str, expected: list[float], told: str
) -> None:
    assert key in got, f"bin_shares must have a list {key!r}"
    found = got[key]
    assert len(found) == len(expected), (
        f"{key!r} must have {len(expected)} entries for {told}; got {len(found)}"
    )
    near = all(_near(a, b) for a, b in zip(found, expected, strict=True))
    assert near, f"{told}: {key!r} must be {_rounded(expected)}, not {_rounded(found)}"


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 4) for value in values]


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-6 * max(1.0, abs(b))
