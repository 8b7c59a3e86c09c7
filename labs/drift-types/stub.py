"""Types of drift: what has changed since the last apple season?

Lindqvist Orchards sorts apples with a model that was trained on last season's crop. It says from
five features of a crate whether a taster would call it premium. The tasters' own verdicts on some
crates of both seasons are in two files:

    inputs/season_reference.csv    400 crates of last season, which the model was trained on
    inputs/season_current.csv      300 crates of this season

with the columns of NUMERIC and CATEGORICAL (the features) and LABEL (1 = premium, 0 = not; never
missing). Readings can be missing in any feature: an empty field of the file.

This file is executed from top to bottom, like a notebook, with MLflow ready to use. Write six
functions, then three steps of a script.

Functions. They are called with columns that you have not seen: plain lists, where a missing value
is None. (If you call them yourself, pandas may give you NaN for it; both mean the same.) The two
columns may have different lengths, and each has some values. A share is a number from 0 to 1.

1. `mean_shift(reference, current)`: how far the mean has moved, in standard deviations of the
   reference: |mean of current - mean of reference| / s, where s is the sample standard deviation
   of the reference (divided by n - 1). Missing values take no part. If the reference has one value
   only, over and over, the answer is 0.0 when the current mean is that value, and infinity
   otherwise.
2. `category_shares(reference, current)`: for a categorical feature, a dictionary with
   - `reference` and `current`: {category: share of the rows that have a value}, each of them with
     every category of either season, and 0 for one that a season does not have;
   - `new` and `gone`: lists of the categories that only the current season has, and that only the
     reference has.
3. `missing_shift(reference, current)`: the share of missing values in the current column minus the
   share in the reference: above 0 if the quality of the data has become worse.
4. `bin_shares(reference, current, bins)`: two histograms that can be laid over each other, as a
   dictionary. `edges` are the bins + 1 edges of bins of equal width, which begin at the smallest
   value of both columns together and end at the largest. `reference` and `current` hold for each
   bin the share of that season's values that fall into it. (A value on an edge belongs to the bin
   above it, the largest one to the last bin.)
5. `concept_shift(reference_categories, reference_labels, current_categories, current_labels)`: the
   largest change of the share of label 1 within one category, over the categories that both
   seasons have (0.0 if there is none). Rows without a category take no part.
6. `kinds_of_drift(reference, current)`: both are tables of the form {column: list}, with all the
   columns of the files. The answer is a list, in any order, of those of KINDS that hold:
   - "data quality": for some feature, the share of missing values differs by more than 0.05, up or
     down;
   - "feature": the mean of a numeric feature has shifted by more than 0.5; or a categorical
     feature has a new category, or lost one, or a category's share changed by more than 0.10;
   - "label": the share of label 1 among all rows changed by more than 0.10;
   - "concept": the concept shift by `variety` is more than 0.20.

Script:

7. Open an MLflow run named `season-check` (in any experiment) that is finished in the end. Log the
   metric `mean_shift_<feature>` for each numeric feature, and `missing_shift_<feature>` for each of
   the five features, for the two files.
8. For each numeric feature keep a plot in the same run, as an artefact `<feature>.png` (in any
   folder): the histograms of both seasons in one picture.
9. Call `kinds_of_drift` for the two files, and keep the answer in the variable `kinds`. (Ask
   yourself what should follow from each kind: mend the data, retrain, or only keep watching?)
"""

NUMERIC = ["weight_g", "sugar_brix", "firmness_kg"]
CATEGORICAL = ["variety", "slope"]
LABEL = "premium"
KINDS = ["data quality", "feature", "label", "concept"]


def mean_shift(reference: list[float | None], current: list[float | None]) -> float:
    """How far the mean has moved, in standard deviations of the reference."""
    raise NotImplementedError


def category_shares(reference: list[str | None], current: list[str | None]) -> dict[str, object]:
    """Shares of all categories in both seasons; which are new and which are gone."""
    raise NotImplementedError


def missing_shift(reference: list[object], current: list[object]) -> float:
    """By how much the share of missing values has grown."""
    raise NotImplementedError


def bin_shares(
    reference: list[float | None], current: list[float | None], bins: int
) -> dict[str, list[float]]:
    """Histograms of both columns over the same bins."""
    raise NotImplementedError


def concept_shift(
    reference_categories: list[str | None],
    reference_labels: list[int],
    current_categories: list[str | None],
    current_labels: list[int],
) -> float:
    """The largest change of the share of label 1 within a category."""
    raise NotImplementedError


def kinds_of_drift(
    reference: dict[str, list[object]], current: dict[str, list[object]]
) -> list[str]:
    """Which of KINDS hold between two tables."""
    raise NotImplementedError


# 7. the run `season-check` with its metrics

# 8. its three plots

# 9. kinds = ...
