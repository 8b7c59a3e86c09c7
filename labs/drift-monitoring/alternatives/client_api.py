"""Everything through the MLflow client, and the chi-square statistic from its definition."""

import time

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import Metric, Param
from pandas.api import types
from scipy import stats
from sklearn import metrics
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
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


client = mlflow.MlflowClient()
experiment = client.create_experiment("halden")


def record(name, params, numbers):
    """A finished run with these parameters and metrics; its id."""
    run_id = client.create_run(experiment, run_name=name).info.run_id
    now = int(time.time() * 1000)
    logged = [Metric(key, float(value), now, 0) for key, value in numbers.items()]
    client.log_batch(run_id, logged, [Param(key, value) for key, value in params.items()])
    client.set_terminated(run_id)
    return run_id


def feature_columns(path, target):
    kinds = {"numeric": [], "categorical": []}
    for name, dtype in pd.read_parquet(path).dtypes.items():
        if name != target:
            kinds["numeric" if types.is_numeric_dtype(dtype) else "categorical"].append(name)
    return kinds


def chi_square(old, new):
    a, b = list(old.dropna()), list(new.dropna())
    names = sorted(set(a + b))
    table = np.array([[side.count(name) for name in names] for side in (a, b)])
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = ((table - expected) ** 2 / expected).sum()
    return stats.chi2.sf(statistic, len(names) - 1)


def detect(reference, current, target):
    old, new = pd.read_parquet(reference), pd.read_parquet(current)
    kinds = feature_columns(reference, target)
    p_values = {f: chi_square(old[f], new[f]) for f in kinds["categorical"]}
    for f in kinds["numeric"]:
        p_values[f] = stats.kstest(old[f].dropna(), new[f].dropna()).pvalue
    shifts = (old.isna().mean() - new.isna().mean()).abs().drop(target)
    degraded = shifts[shifts > MISSING_SHIFT].index.tolist()
    drifted = [f for f, p in p_values.items() if p * len(p_values) < ALPHA]
    answer = {"degraded": degraded, "drifted": drifted, "retrain": bool(degraded + drifted)}

    params = {"reference": reference, "current": current}
    if drifted:
        params["drifted_features"] = ",".join(drifted)
    numbers = {f"p_value_{f}": p for f, p in p_values.items()}
    numbers |= {f"missing_shift_{f}": shift for f, shift in shifts.items()}
    numbers["retraining_needed"] = answer["retrain"]
    return {"run_id": record("drift-check", params, numbers), **answer}


def compare(old_uri, new_uri, path, target, first_row=0):
    rows = pd.read_parquet(path).tail(-first_row) if first_row else pd.read_parquet(path)
    y = rows.pop(target)
    found = {}
    for side, uri in {"old": old_uri, "new": new_uri}.items():
        guess = mlflow.sklearn.load_model(uri).predict(rows)
        found |= {
            f"{side}_mae": metrics.mean_absolute_error(y, guess),
            f"{side}_r2": metrics.r2_score(y, guess),
        }
    found["improved"] = found["old_mae"] > found["new_mae"]
    record("model-comparison", {"old": old_uri, "new": new_uri}, found)
    return found


def monitor(model_name, reference, current, target):
    champion = client.get_registered_model(model_name).aliases["champion"]
    if not detect(reference, current, target)["retrain"]:
        return {"retrained": False, "promoted": False, "champion": int(champion)}
    rows = pd.read_parquet(current)
    cut = int(0.7 * len(rows))
    y = rows.pop(target)
    with mlflow.start_run(experiment_id=experiment, run_name="retraining"):
        info = mlflow.sklearn.log_model(
            new_model().fit(rows[:cut], y[:cut]), name="model", input_example=rows[:3]
        )
    version = mlflow.register_model(info.model_uri, model_name).version
    better = compare(
        f"models:/{model_name}/{champion}", info.model_uri, current, target, first_row=cut
    )["improved"]
    if better:
        client.set_registered_model_alias(model_name, "champion", str(version))
    now = client.get_model_version_by_alias(model_name, "champion").version
    return {"retrained": True, "promoted": bool(better), "champion": int(now)}


outcome = monitor(
    "queue-minutes", "inputs/reference.parquet", "inputs/current.parquet", "queue_min"
)
