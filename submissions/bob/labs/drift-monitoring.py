"""Queues. Retrains, and compares on the whole file; object columns only."""

import mlflow
import pandas as pd
from mlflow import MlflowClient
from scipy import stats
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

MISSING_SHIFT = 0.05
ALPHA = 0.05


def new_model():
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    texts = OneHotEncoder(handle_unknown="ignore")
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (texts, make_column_selector(dtype_exclude="number")),
    )
    return make_pipeline(columns, Ridge())


def feature_columns(path, target):
    df = pd.read_parquet(path).drop(columns=[target])
    numeric = [c for c in df.columns if df[c].dtype in ["int64", "float64"]]
    categorical = [c for c in df.columns if df[c].dtype == "object"]
    return {"numeric": numeric, "categorical": categorical}


def detect(reference, current, target):
    ref, cur = pd.read_parquet(reference), pd.read_parquet(current)
    degraded, drifted = [], []
    with mlflow.start_run(run_name="drift-check") as run:
        mlflow.log_param("reference", reference)
        mlflow.log_param("current", current)
        for f in feature_columns(reference, target)["numeric"]:
            shift = abs(ref[f].isna().mean() - cur[f].isna().mean())
            mlflow.log_metric(f"missing_shift_{f}", shift)
            if shift > MISSING_SHIFT:
                degraded.append(f)
            p = stats.ks_2samp(ref[f].dropna(), cur[f].dropna()).pvalue
            mlflow.log_metric(f"p_value_{f}", p)
            if p < ALPHA:
                drifted.append(f)
        retrain = bool(degraded or drifted)
        mlflow.log_metric("retraining_needed", int(retrain))
        if drifted:
            mlflow.log_param("drifted_features", ",".join(drifted))
    return {
        "run_id": run.info.run_id,
        "degraded": degraded,
        "drifted": drifted,
        "retrain": retrain,
    }


def compare(old_uri, new_uri, path, target, first_row=0):
    df = pd.read_parquet(path)[first_row:]
    X, y = df.drop(columns=[target]), df[target]
    old = mlflow.pyfunc.load_model(old_uri).predict(X)
    new = mlflow.pyfunc.load_model(new_uri).predict(X)
    result = {
        "old_mae": mean_absolute_error(y, old),
        "new_mae": mean_absolute_error(y, new),
    }
    result["improved"] = bool(result["new_mae"] < result["old_mae"])
    with mlflow.start_run(run_name="model-comparison"):
        mlflow.log_metrics({k: float(v) for k, v in result.items()})
        mlflow.log_metrics({"old_r2": r2_score(y, old), "new_r2": r2_score(y, new)})
    return result


def monitor(model_name, reference, current, target):
    client = MlflowClient()
    champion = int(client.get_model_version_by_alias(model_name, "champion").version)
    if not detect(reference, current, target)["retrain"]:
        return {"retrained": False, "promoted": False, "champion": champion}
    df = pd.read_parquet(current)
    train = df[: int(0.7 * len(df))]
    with mlflow.start_run(run_name="retraining"):
        model = new_model().fit(train.drop(columns=[target]), train[target])
        info = mlflow.sklearn.log_model(model, "model", registered_model_name=model_name)
    new = int(info.registered_model_version)
    result = compare(
        f"models:/{model_name}/{champion}", f"models:/{model_name}/{new}", current, target
    )
    if result["improved"]:
        client.set_registered_model_alias(model_name, "champion", str(new))
        champion = new
    return {"retrained": True, "promoted": result["improved"], "champion": champion}


outcome = monitor(
    "queue-minutes", "inputs/reference.parquet", "inputs/current.parquet", "queue_min"
)
