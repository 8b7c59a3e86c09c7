"""Tests for drift: do the trams of Kestrel still report what they used to?

A model of the Kestrel tramway predicts how late a tram will be. It was trained on the records of
last autumn; whether it may still be trusted is asked every week. Two files hold the features of
some stops at platforms:

    inputs/stops_reference.csv    1200 stops of last autumn
    inputs/stops_current.csv      1000 stops of this week

with the columns of NUMERIC and CATEGORICAL; an empty field is a missing value.

This file is executed from top to bottom, like a notebook; pandas, NumPy and SciPy are there. Write
four functions, then two steps of a script.

The functions are called with samples that you have not seen, as plain lists: numbers (1, 3.
below) or texts (4.), with None for a missing value. (Columns of pandas have NaN there; both mean
the same.) The two samples may differ in length, have ties, be tiny, or hold one value only, over
and over. What cannot be tested because a side has nothing to count gets None instead of each
number, and its drift is False.

1. `ks_drift(reference, current, alpha=0.05)`: the two-sided two-sample Kolmogorov-Smirnov test, as
   {"statistic": ..., "p_value": ..., "drift": ...}. Missing values take no part. There is drift if
   the p-value is below alpha. (The p-value may be the exact or the asymptotic one.)
2. `js_divergence(p, q)`: the Jensen-Shannon divergence between two distributions over the same
   bins or categories: 0 for the same distribution, 1 for two that never overlap, so the logarithm
   has the base 2. It is the divergence, not its square root, the distance. `p` and `q` are counts
   or shares and need not add up to 1, nor to the same sum; single ones may be 0.
3. `js_drift(reference, current, bins=20, threshold=0.1)`: for a numeric feature, as
   {"divergence": ..., "drift": ...}: count both samples in bins of equal width, which begin at the
   smallest value of both samples together and end at the largest, and take the Jensen-Shannon
   divergence of the counts (0.0 if all values are one and the same). Missing values take no part.
   There is drift if the divergence is above the threshold.
4. `chi_square_drift(reference, current, alpha=0.05)`: the chi-square test of homogeneity on the
   table of counts (samples by categories), as {"statistic": ..., "p_value": ..., "drift": ...}.
   All categories of either sample take part: new ones, lost ones and rare ones, too. Missing values
   are one more category. If there is one category in all, the statistic is 0 and the p-value 1.
   There is drift if the p-value is below alpha. (A continuity correction for tables of 2 by 2 is
   as right as none.)

Script:

5. Test the two files with the default settings, every numeric feature in both ways, and keep in the
   variable `report` what the functions answer: {"ks": {feature: answer}, "js": {feature: answer},
   "chi_square": {feature: answer}}.
6. `alerts`: a list, in any order, of the features for which at least one test says drift.
"""

NUMERIC = ["dwell_s", "load_kg", "door_force_n"]
CATEGORICAL = ["line", "vehicle", "weather"]


def ks_drift(
    reference: list[float | None], current: list[float | None], alpha: float = 0.05
) -> dict[str, float | bool | None]:
    """The two-sample Kolmogorov-Smirnov test."""
    raise NotImplementedError


def js_divergence(p: list[float], q: list[float]) -> float:
    """The Jensen-Shannon divergence with base 2, from 0 to 1."""
    raise NotImplementedError


def js_drift(
    reference: list[float | None],
    current: list[float | None],
    bins: int = 20,
    threshold: float = 0.1,
) -> dict[str, float | bool | None]:
    """The Jensen-Shannon divergence of two numeric samples."""
    raise NotImplementedError


def chi_square_drift(
    reference: list[str | None], current: list[str | None], alpha: float = 0.05
) -> dict[str, float | bool | None]:
    """The chi-square test of homogeneity for two samples of categories."""
    raise NotImplementedError


# 5. report = {"ks": ..., "js": ..., "chi_square": ...}

# 6. alerts = ...
