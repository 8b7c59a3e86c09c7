"""Checks of the drift-tests lab. What is expected, SciPy computes here, outside the sandbox."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from grader.labs import Lab, points

# SciPy is imported where it is used: a run that grades no lab should not wait for it.

NUMERIC = ["dwell_s", "load_kg", "door_force_n"]
CATEGORICAL = ["line", "vehicle", "weather"]
#: What the two files are made to show, by test. Drift of the weather is only in its gaps.
DRIFTED = {
    "ks": ["door_force_n", "dwell_s"],
    "js": ["door_force_n"],
    "chi_square": ["vehicle", "weather"],
}
ALERTS = ["door_force_n", "dwell_s", "vehicle", "weather"]
SAMPLE = Sequence[Any]


@points(2, hint="Compare the values as they are: not sorted into bins, not rounded.")
def test_ks_compares_two_samples(lab: Lab) -> None:
    """Samples of equal and of different size, with ties and without."""
    for kind in ("plain", "ties"):
        for before, after in lab.data["numbers"][kind]:
            _assert_ks(lab, before, after)


@points(1, hint="What is missing is no number: leave it out on either side.")
def test_ks_leaves_out_missing_values(lab: Lab) -> None:
    """Samples with gaps."""
    for before, after in lab.data["numbers"]["gaps"]:
        _assert_ks(lab, before, after)
    _assert_untested(lab, "ks_drift", [None, None], [1.0, 2.0], ("statistic", "p_value"))


@points(1, hint="Only a side without any value cannot be tested; even one value can.")
def test_ks_of_samples_at_the_edge(lab: Lab) -> None:
    """Tiny samples, one value only, and nothing at all."""
    for before, after in (
        [[3.5], [1.25, 2.0]],
        [[7.0, 7.0, 7.0, 7.0], [7.0, 7.0]],
        [[7.0, 7.0, 7.0, 7.0], [8.0, 8.0, 8.0]],
    ):
        _assert_ks(lab, before, after)
    for before, after in ([[], [1.0, 2.0]], [[1.0, 2.0], []]):
        _assert_untested(lab, "ks_drift", before, after, ("statistic", "p_value"))


@points(2, hint="Let both add up to 1, take their mean, and mind the base. Is it a distance?")
def test_js_divergence_is_from_0_to_1(lab: Lab) -> None:
    """Counts of other sums, bins that are empty, the same distribution and two without overlap."""
    same: list[list[list[float]]] = [[[3, 1, 0, 6], [30, 10, 0, 60]], [[5, 0, 0], [0, 1, 8]]]
    for p, q in [*lab.data["counts"], *same]:
        expected = _js(p, q)
        got: float = lab.call("js_divergence", p, q, returns=float)
        assert _near(got, expected), f"js_divergence({p}, {q}) is {expected:.6f}, not {got:.6f}"


@points(
    1, hint="Both samples have to be counted in the same bins, and these have to hold them all."
)
def test_js_drift_counts_both_samples_in_the_same_bins(lab: Lab) -> None:
    """Samples of other sizes and ranges, in 20 bins and in others."""
    for (before, after), bins in zip(lab.data["numbers"]["plain"], (20, 8, 12), strict=True):
        _assert_js(lab, before, after, bins)


@points(1, hint="Where does a bin begin if all values are the same, and what is not a number?")
def test_js_drift_of_gaps_and_constant_samples(lab: Lab) -> None:
    """Gaps, one value only, and nothing at all."""
    for before, after in lab.data["numbers"]["gaps"]:
        _assert_js(lab, before, after, 10)
    _assert_js(lab, [4.0, 4.0, 4.0], [4.0, 4.0], 20)
    _assert_js(lab, [4.0, 4.0, 4.0], [9.0, 9.0], 20)
    nothing: list[tuple[list[Any], list[Any]]] = [([None], [1.0, 2.0]), ([1.0, 2.0], [])]
    for before, after in nothing:
        _assert_untested(lab, "js_drift", before, after, ("divergence",))


@points(2, hint="Two samples make a table of counts: neither of them is what is expected of it.")
def test_chi_square_compares_two_samples(lab: Lab) -> None:
    """The same categories in samples of equal and of different size."""
    for before, after in lab.data["texts"]["plain"]:
        _assert_chi(lab, before, after)


@points(1, hint="A count of 0 belongs into the table, and a rare category is no smaller evidence.")
def test_chi_square_counts_every_category(lab: Lab) -> None:
    """Categories that only one sample has, and rare ones."""
    for before, after in lab.data["texts"]["unlike"]:
        _assert_chi(lab, before, after)


@points(1, hint="Most ways of counting values skip the missing ones unless told otherwise.")
def test_chi_square_counts_missing_values(lab: Lab) -> None:
    """Gaps in both samples, and in one only."""
    for before, after in lab.data["texts"]["gaps"]:
        _assert_chi(lab, before, after)


@points(1, hint="Think of columns that hold one category, and of samples that hold no row.")
def test_chi_square_of_samples_at_the_edge(lab: Lab) -> None:
    """Tiny samples, one category only, and nothing at all."""
    for before, after in (
        [["a", "b", "b"], ["c"]],
        [["a", "a", "a"], ["a", "a"]],
        [["a", "a", "a"], ["b", "b"]],
    ):
        _assert_chi(lab, before, after)
    for before, after in ([[], ["a", "b"]], [["a", "b"], []]):
        _assert_untested(lab, "chi_square_drift", before, after, ("statistic", "p_value"))


@points(
    1, hint="Small p-values and large divergences speak for drift, and the caller sets the bar."
)
def test_decisions_follow_the_bar(lab: Lab) -> None:
    """Bars above and below what the function itself has found, and the default one."""
    numbers, texts = lab.data["numbers"]["plain"][0], lab.data["texts"]["plain"][0]
    for function, (before, after), key, bar, default in (
        ("ks_drift", numbers, "p_value", "alpha", 0.05),
        ("js_drift", numbers, "divergence", "threshold", 0.1),
        ("chi_square_drift", texts, "p_value", "alpha", 0.05),
    ):
        found = _number(_answer(lab, function, before, after), key, f"{function} of two samples")
        assert 0 < found < 1, f"{function}: {key!r} of two samples must be between 0 and 1"
        for value in (found * 0.9, found + (1 - found) * 0.1, None):
            bars = {} if value is None else {bar: value}
            level = default if value is None else value
            drift = found < level if key == "p_value" else found > level
            got = _answer(lab, function, before, after, **bars)["drift"]
            assert got is drift, (
                f"{function}: {key!r} is {found:.4f} and {bar} {level:.4f}: "
                f"'drift' must be {drift}, not {got}"
            )


@points(1, hint="Three tests, three features each: every function answers once a feature.")
def test_the_report_has_every_test_of_every_feature(lab: Lab) -> None:
    """What the functions say about the two files."""
    report: dict[str, Any] = lab.value("report", returns=dict[str, dict[str, dict[str, object]]])
    for test, features in (("ks", NUMERIC), ("js", NUMERIC), ("chi_square", CATEGORICAL)):
        assert test in report, f"report must have an entry {test!r}"
        for feature in features:
            assert feature in report[test], f"report[{test!r}] must have an entry {feature!r}"
            # Gaps are what makes the difference for the weather, and are asked for elsewhere.
            if feature != "weather":
                due = feature in DRIFTED[test]
                got = report[test][feature].get("drift")
                assert got is due, (
                    f"report[{test!r}][{feature!r}]: 'drift' must be {due}, not {got}"
                )


@points(1, hint="One test that says drift is enough, whichever of the three it is.")
def test_alerts_name_what_drifts(lab: Lab) -> None:
    """The features for which some test says drift."""
    told: list[str] = lab.value("alerts", returns=list[str])
    alerts = sorted(set(told))
    assert alerts == ALERTS, f"alerts must hold {ALERTS}, not {alerts}"


def _answer(
    lab: Lab, function: str, before: SAMPLE, after: SAMPLE, **bars: float
) -> dict[str, Any]:
    """What a test answers; it has a truth value `drift`."""
    got: dict[str, Any] = lab.call(function, before, after, returns=dict[str, object], **bars)
    drift = got.get("drift")
    assert isinstance(drift, bool), f"{function}: 'drift' must be True or False (got {drift!r})"
    return got


def _number(got: dict[str, Any], key: str, told: str) -> float:
    assert key in got, f"{told}: the answer must have the key {key!r}"
    value = got[key]
    assert type(value) in (int, float), f"{told}: {key!r} must be a number (got {value!r})"
    return float(value)


def _assert_ks(lab: Lab, before: SAMPLE, after: SAMPLE) -> None:
    from scipy import stats

    told = f"ks_drift of {_told(before)} and {_told(after)}"
    got = _answer(lab, "ks_drift", before, after)
    a, b = _known(before), _known(after)
    exact = stats.ks_2samp(a, b)
    _assert_near(got, "statistic", [exact.statistic], told)
    p_values = [exact.pvalue]
    if min(len(a), len(b)) > 1:  # the asymptotic law is not defined for less
        p_values.append(stats.ks_2samp(a, b, method="asymp").pvalue)
    _assert_near(got, "p_value", p_values, told)


def _assert_js(lab: Lab, before: SAMPLE, after: SAMPLE, bins: int) -> None:
    import numpy as np

    told = f"js_drift of {_told(before)} and {_told(after)} in {bins} bins"
    # 20 is the default, and left to the function.
    options = {} if bins == 20 else {"bins": bins}
    got = _answer(lab, "js_drift", before, after, **options)
    a, b = _known(before), _known(after)
    edges = np.histogram_bin_edges([*a, *b], bins)
    counts = [np.histogram(sample, edges)[0].tolist() for sample in (a, b)]
    _assert_near(got, "divergence", [_js(*counts)], told)


def _assert_chi(lab: Lab, before: SAMPLE, after: SAMPLE) -> None:
    from scipy import stats

    told = f"chi_square_drift of {_counted(before)} and {_counted(after)}"
    got = _answer(lab, "chi_square_drift", before, after)
    names = sorted({*before, *after}, key=str)
    table = [[Counter(sample)[name] for name in names] for sample in (before, after)]
    results = [stats.chi2_contingency(table, correction=yates) for yates in (False, True)]
    _assert_near(got, "statistic", [result.statistic for result in results], told)
    _assert_near(got, "p_value", [result.pvalue for result in results], told)


def _assert_untested(
    lab: Lab, function: str, before: SAMPLE, after: SAMPLE, keys: Sequence[str]
) -> None:
    told = f"{function}({before}, {after})"
    got = _answer(lab, function, before, after)
    for key in keys:
        assert key in got, f"{told}: the answer must have the key {key!r}"
        assert got[key] is None, f"{told}: {key!r} must be None, not {got[key]!r}"
    assert got["drift"] is False, f"{told}: 'drift' must be False"


def _assert_near(got: dict[str, Any], key: str, expected: Sequence[float], told: str) -> None:
    """Any of the values that are right."""
    value = _number(got, key, told)
    assert any(_near(value, due) for due in expected), (
        f"{told}: {key!r} must be {expected[0]:.6g}, not {value:.6g}"
    )


def _js(p: Sequence[float], q: Sequence[float]) -> float:
    """The divergence with base 2, from its definition; 0 log 0 is 0."""
    shares = [[x / sum(counts) for x in counts] for counts in (p, q)]
    middle = [(a + b) / 2 for a, b in zip(*shares, strict=True)]
    return sum(
        x * math.log2(x / m) / 2 for side in shares for x, m in zip(side, middle, strict=True) if x
    )


def _known(sample: SAMPLE) -> list[float]:
    return [value for value in sample if value is not None]


def _told(sample: SAMPLE) -> str:
    """A short sample, or how many values a long one has."""
    if len(sample) <= 6:
        return str(list(sample))
    gaps = list(sample).count(None)
    return f"{len(sample)} values" + (f" ({gaps} missing)" if gaps else "")


def _counted(sample: SAMPLE) -> str:
    counts = Counter("(missing)" if value is None else value for value in sample)
    return str(dict(sorted(counts.items())))


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-6 * max(1.0, abs(b))
