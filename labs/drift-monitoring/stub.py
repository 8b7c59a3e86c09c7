"""Drift monitoring: does the model of the queues still know the mountain?

The ski resort of Halden shows at its lifts how long the queue will take. Version 1 of the
registered model `queue-minutes` says so, and was trained on the records of early winter. Since then
there is a new lift, and the slopes are fuller:

    inputs/reference.parquet    400 records that version 1 was trained on
    inputs/current.parquet      300 records of the last weeks, the oldest first

Read such files with `pandas.read_parquet`: they bring the types of their columns along, and text
comes as pandas' own `string` or `category` type. The column to predict, `queue_min` here, is the
target; all others are features.

This file is executed from top to bottom, like a notebook, with MLflow ready to use (any experiment
will do). The version of a registered model that serves is the one with the alias `champion`. Write
four functions, then one step of a script. The functions are called with files, models and columns
that you have not seen.

1. `feature_columns(path, target)`: the features of a file as {"numeric": [...], "categorical":
   [...]}: numbers of any type are numeric, all other columns categorical. The target is in neither.
2. `detect(reference, current, target)`: look for drift between two files with the same columns, in
   an MLflow run named `drift-check` that is finished in the end.
   a. Log the parameters `reference` and `current`: the two paths.
   b. Quality: the metric `missing_shift_<feature>` of every feature is how far the share of its
      missing values differs between the files (0 or more). Over MISSING_SHIFT, it has degraded.
   c. Drift: the metric `p_value_<feature>` is the p-value of the two-sample Kolmogorov-Smirnov
      test if the feature is numeric, and of the chi-square test on the counts of all categories of
      either file if it is categorical; missing values take no part. (pandas counts texts in
      integers of its own, which SciPy does not take: turn a table of counts into plain `int`.)
      With many features one of them looks odd sooner or later, so a feature has drifted only if
      its p-value is below ALPHA divided by the number of features (all of them, numeric and
      categorical together).
   d. Retraining is needed if any feature has degraded or drifted. Log the metric
      `retraining_needed` (1 or 0), and if there are drifted features, the parameter
      `drifted_features`: their names, separated by commas.
   The answer is {"run_id": the run's id, "degraded": [features], "drifted": [features],
   "retrain": True or False}. Nothing is trained here.
3. `compare(old_uri, new_uri, path, target, first_row=0)`: load two models by their URIs (such as
   "models:/queue-minutes/1") and let both predict the rows of a file, from the row number
   `first_row` (counted from 0) to the end. In a run named `model-comparison` that is finished in
   the end log the metrics `old_mae`, `new_mae` (mean absolute error), `old_r2`, `new_r2`
   (coefficient of determination), and `improved`: 1 if the new model has the smaller mean absolute
   error, 0 if not. The answer is {"old_mae": ..., "new_mae": ..., "improved": True or False}.
4. `monitor(model_name, reference, current, target)`: the whole loop, for a registered model.
   a. Detect drift, as in 2. If retraining is not needed, nothing more happens.
   b. Otherwise retrain: fit a `new_model()` on the older 70 % of the rows of `current` (the first
      `int(0.7 * rows)` of them), in a run named `retraining`, and register it as a new version of
      `model_name`.
   c. Compare the champion (which need not be the newest version) with the new version, as in 3, on
      the remaining rows: the most recent ones, which the new version has not seen.
   d. If it improves on the champion, give the new version the alias `champion`. Otherwise the
      champion stays.
   The answer is {"retrained": True or False, "promoted": True or False, "champion": the number of
   the version that is the champion in the end}.

Script:

5. Run `monitor` once for the model `queue-minutes` and the two files of inputs/, and keep the
   answer in the variable `outcome`.
"""

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

MISSING_SHIFT = 0.05
ALPHA = 0.05


def new_model() -> Pipeline:
    """A regression that has not been fitted. Give it the features as a table; leave it as it is."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    texts = OneHotEncoder(handle_unknown="ignore")
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (texts, make_column_selector(dtype_exclude="number")),
    )
    return make_pipeline(columns, Ridge())


def feature_columns(path: str, target: str) -> dict[str, list[str]]:
    """The numeric and the categorical features of a file."""
    raise NotImplementedError


def detect(reference: str, current: str, target: str) -> dict[str, object]:
    """Look for drift between two files, and log what was found."""
    raise NotImplementedError


def compare(
    old_uri: str, new_uri: str, path: str, target: str, first_row: int = 0
) -> dict[str, float | bool]:
    """Measure two models on the rows of a file from `first_row` on."""
    raise NotImplementedError


def monitor(model_name: str, reference: str, current: str, target: str) -> dict[str, int | bool]:
    """Detect drift; if there is any, retrain, compare, and promote what is better."""
    raise NotImplementedError


# 5. outcome = ...
