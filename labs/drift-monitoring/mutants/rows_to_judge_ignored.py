"""The comparison always uses the whole file.

Fails: test_models_are_compared_on_the_most_recent_rows,
    test_a_version_that_is_no_better_is_not_promoted,
    test_compare_measures_both_models
"""

import mlflow
import mlflow.sklearn
import pandas as pd
from mlflow import MlflowClient
from pandas.api.types import is_numeric_dtype
from scipy import stats
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

MISSING_SHIFT = 0.05
ALPHA = 0.05


def new_model() -> Pipeline:
    """A regression that has not been fitted."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    texts = OneHotEncoder(handle_unknown="ignore")
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (texts, make_column_selector(dtype_exclude="number")),
    )
    return make_pipeline(columns, Ridge())


def feature_columns(path: str, target: str) -> dict[str, list[str]]:
    """The numeric and the categorical features of a file."""
    features = pd.read_parquet(path).drop(columns=target)
    numeric = [name for name in features if is_numeric_dtype(features[name])]
    return {"numeric": numeric, "categorical": [n for n in features if n not in numeric]}


def p_value(before: pd.Series, after: pd.Series, numeric: bool) -> float:
    """How likely two samples of one law differ as much as these."""
    if numeric:
        return stats.ks_2samp(before.dropna(), after.dropna()).pvalue
    table = pd.concat([before.value_counts(), after.value_counts()], axis=1)
    return stats.chi2_contingency(table.fillna(0).astype(int)).pvalue


def detect(reference: str, current: str, target: str) -> dict[str, object]:
    """Look for drift between two files, and log what was found."""
    before, after = pd.read_parquet(reference), pd.read_parquet(current)
    columns = feature_columns(current, target)
    features = columns["numeric"] + columns["categorical"]

    missing = {f: abs(after[f].isna().mean() - before[f].isna().mean()) for f in features}
    p_values = {f: p_value(before[f], after[f], f in columns["numeric"]) for f in features}
    degraded = [f for f in features if missing[f] > MISSING_SHIFT]
    drifted = [f for f in features if p_values[f] < ALPHA / len(features)]
    retrain = bool(degraded or drifted)

    with mlflow.start_run(run_name="drift-check") as run:
        mlflow.log_params({"reference": reference, "current": current})
        mlflow.log_metrics({f"missing_shift_{f}": value for f, value in missing.items()})
        mlflow.log_metrics({f"p_value_{f}": value for f, value in p_values.items()})
        mlflow.log_metric("retraining_needed", int(retrain))
        if drifted:
            mlflow.log_param("drifted_features", ",".join(drifted))
    return {
        "run_id": run.info.run_id,
        "degraded": degraded,
        "drifted": drifted,
        "retrain": retrain,
    }


def compare(
    old_uri: str, new_uri: str, path: str, target: str, first_row: int = 0
) -> dict[str, float | bool]:
    """Measure two models on the rows of a file from `first_row` on."""
    rows = pd.read_parquet(path)
    features, truth = rows.drop(columns=target), rows[target]
    metrics = {}
    for side, uri in (("old", old_uri), ("new", new_uri)):
        predicted = mlflow.pyfunc.load_model(uri).predict(features)
        metrics[f"{side}_mae"] = mean_absolute_error(truth, predicted)
        metrics[f"{side}_r2"] = r2_score(truth, predicted)
    improved = bool(metrics["new_mae"] < metrics["old_mae"])
    with mlflow.start_run(run_name="model-comparison"):
        mlflow.log_params({"old_model": old_uri, "new_model": new_uri})
        mlflow.log_metrics({**metrics, "improved": int(improved)})
    return {"old_mae": metrics["old_mae"], "new_mae": metrics["new_mae"], "improved": improved}


def monitor(model_name: str, reference: str, current: str, target: str) -> dict[str, int | bool]:
    """Detect drift; if there is any, retrain, compare, and promote what is better."""
    client = MlflowClient()
    champion = int(client.get_model_version_by_alias(model_name, "champion").version)
    if not detect(reference, current, target)["retrain"]:
        return {"retrained": False, "promoted": False, "champion": champion}

    rows = pd.read_parquet(current)
    split = int(0.7 * len(rows))
    older = rows.iloc[:split]
    with mlflow.start_run(run_name="retraining"):
        model = new_model().fit(older.drop(columns=target), older[target])
        logged = mlflow.sklearn.log_model(model, name="model", registered_model_name=model_name)
    version = int(logged.registered_model_version)

    result = compare(
        f"models:/{model_name}/{champion}",
        f"models:/{model_name}/{version}",
        current,
        target,
        first_row=split,
    )
    if result["improved"]:
        client.set_registered_model_alias(model_name, "champion", str(version))
        champion = version
    return {"retrained": True, "promoted": result["improved"], "champion": champion}


outcome = monitor(
    "queue-minutes", "inputs/reference.parquet", "inputs/current.parquet", "queue_min"
)
