"""One parent run around the loop, signatures, cross tables, and the champion by its alias."""

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.models import infer_signature
from scipy.stats import chi2_contingency, ks_2samp
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


client = MlflowClient()


def feature_columns(path, target):
    frame = pd.read_parquet(path)
    numeric = frame.select_dtypes("number").columns.difference([target])
    categorical = frame.columns.difference([target, *numeric])
    return {"numeric": list(numeric), "categorical": list(categorical)}


def detect(reference, current, target):
    kinds = feature_columns(reference, target)
    level = ALPHA / sum(len(names) for names in kinds.values())
    old, new = pd.read_parquet(reference), pd.read_parquet(current)
    sides = np.repeat(["old", "new"], [len(old), len(new)])
    degraded, drifted = [], []
    with mlflow.start_run(run_name="drift-check", nested=True) as run:
        mlflow.log_param("reference", reference)
        mlflow.log_param("current", current)
        for kind, names in kinds.items():
            for name in names:
                shift = abs(float(old[name].isna().mean() - new[name].isna().mean()))
                mlflow.log_metric(f"missing_shift_{name}", shift)
                if shift > MISSING_SHIFT:
                    degraded.append(name)
                if kind == "numeric":
                    p = ks_2samp(old[name].dropna(), new[name].dropna(), method="asymp").pvalue
                else:
                    both = np.array([*old[name], *new[name]], dtype=object)
                    p = chi2_contingency(pd.crosstab(both, sides), correction=False).pvalue
                mlflow.log_metric(f"p_value_{name}", float(p))
                if p < level:
                    drifted.append(name)
        retrain = len(degraded) + len(drifted) > 0
        mlflow.log_metric("retraining_needed", float(retrain))
        if drifted:
            mlflow.log_param("drifted_features", ", ".join(drifted))
    return {
        "run_id": run.info.run_id,
        "degraded": degraded,
        "drifted": drifted,
        "retrain": retrain,
    }


def errors(uri, rows, target):
    predicted = mlflow.pyfunc.load_model(uri).predict(rows.drop(columns=[target]))
    off = rows[target].to_numpy() - np.asarray(predicted)
    return np.abs(off).mean(), 1 - (off**2).sum() / (len(rows) * rows[target].var(ddof=0))


def compare(old_uri, new_uri, path, target, first_row=0):
    rows = pd.read_parquet(path)[first_row:]
    old_mae, old_r2 = errors(old_uri, rows, target)
    new_mae, new_r2 = errors(new_uri, rows, target)
    improved = new_mae < old_mae
    with mlflow.start_run(run_name="model-comparison", nested=True):
        mlflow.log_metrics({"old_mae": old_mae, "new_mae": new_mae})
        mlflow.log_metrics({"old_r2": old_r2, "new_r2": new_r2, "improved": float(improved)})
    return {"old_mae": old_mae, "new_mae": new_mae, "improved": improved}


def retrain(model_name, rows, target):
    features = rows.drop(columns=[target])
    with mlflow.start_run(run_name="retraining", nested=True) as run:
        model = new_model()
        model.fit(features, rows[target])
        signature = infer_signature(features, model.predict(features))
        mlflow.sklearn.log_model(model, name="model", signature=signature)
    return mlflow.register_model(f"runs:/{run.info.run_id}/model", model_name).version


def monitor(model_name, reference, current, target):
    before = client.get_model_version_by_alias(model_name, "champion").version
    found = {"retrained": False, "promoted": False, "champion": int(before)}
    with mlflow.start_run(run_name=f"monitor-{model_name}"):
        if detect(reference, current, target)["retrain"]:
            found["retrained"] = True
            rows = pd.read_parquet(current)
            older = rows.head(int(0.7 * len(rows)))
            version = retrain(model_name, older, target)
            old, new = f"models:/{model_name}@champion", f"models:/{model_name}/{version}"
            if compare(old, new, current, target, len(older))["improved"]:
                client.set_registered_model_alias(model_name, "champion", version)
                found |= {"promoted": True, "champion": int(version)}
    return found


outcome = monitor(
    "queue-minutes",
    "/workspace/inputs/reference.parquet",
    "/workspace/inputs/current.parquet",
    target="queue_min",
)
