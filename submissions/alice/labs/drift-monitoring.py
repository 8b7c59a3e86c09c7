"""Halden's queues: watch, retrain, compare, promote."""

import mlflow
import pandas as pd
from mlflow import MlflowClient
from scipy.stats import chi2_contingency, ks_2samp
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

MISSING_SHIFT = 0.05
ALPHA = 0.05

client = MlflowClient()


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
    frame = pd.read_parquet(path)
    del frame[target]
    return {
        "numeric": frame.select_dtypes(include="number").columns.tolist(),
        "categorical": frame.select_dtypes(exclude="number").columns.tolist(),
    }


def detect(reference: str, current: str, target: str) -> dict[str, object]:
    """Look for drift between two files, and log what was found."""
    old, new = pd.read_parquet(reference), pd.read_parquet(current)
    columns = feature_columns(reference, target)
    metrics = {}
    for f in columns["numeric"]:
        metrics[f"p_value_{f}"] = ks_2samp(old[f].dropna(), new[f].dropna()).pvalue
    for f in columns["categorical"]:
        texts = pd.concat([old[f].astype("object"), new[f].astype("object")], ignore_index=True)
        period = pd.Series(["old"] * len(old) + ["new"] * len(new))
        metrics[f"p_value_{f}"] = chi2_contingency(pd.crosstab(period, texts))[1]

    names = [*columns["numeric"], *columns["categorical"]]
    level = ALPHA / len(names)
    degraded, drifted = [], []
    for f in names:
        shift = abs(old[f].isna().mean() - new[f].isna().mean())
        metrics[f"missing_shift_{f}"] = shift
        if shift > MISSING_SHIFT:
            degraded.append(f)
        if metrics[f"p_value_{f}"] < level:
            drifted.append(f)
    needed = degraded != [] or drifted != []

    with mlflow.start_run(run_name="drift-check"):
        mlflow.log_param("reference", reference)
        mlflow.log_param("current", current)
        mlflow.log_metrics(metrics)
        mlflow.log_metric("retraining_needed", 1 if needed else 0)
        if drifted:
            mlflow.log_param("drifted_features", ",".join(drifted))
        run_id = mlflow.active_run().info.run_id
    return {"run_id": run_id, "degraded": degraded, "drifted": drifted, "retrain": needed}


def compare(
    old_uri: str, new_uri: str, path: str, target: str, first_row: int = 0
) -> dict[str, float | bool]:
    """Measure two models on the rows of a file from `first_row` on."""
    table = pd.read_parquet(path).iloc[first_row:]
    x, y = table.drop(target, axis=1), table[target]
    with mlflow.start_run(run_name="model-comparison"):
        old = mlflow.pyfunc.load_model(old_uri).predict(x)
        new = mlflow.pyfunc.load_model(new_uri).predict(x)
        old_mae, new_mae = mean_absolute_error(y, old), mean_absolute_error(y, new)
        mlflow.log_metric("old_mae", old_mae)
        mlflow.log_metric("new_mae", new_mae)
        mlflow.log_metric("old_r2", r2_score(y, old))
        mlflow.log_metric("new_r2", r2_score(y, new))
        mlflow.log_metric("improved", int(new_mae < old_mae))
    return {
        "old_mae": float(old_mae),
        "new_mae": float(new_mae),
        "improved": bool(new_mae < old_mae),
    }


def monitor(model_name: str, reference: str, current: str, target: str) -> dict[str, int | bool]:
    """Detect drift; if there is any, retrain, compare, and promote what is better."""
    serving = client.get_model_version_by_alias(model_name, "champion")
    answer = {"retrained": False, "promoted": False, "champion": int(serving.version)}

    if detect(reference, current, target)["retrain"]:
        recent = pd.read_parquet(current)
        cut = int(0.7 * len(recent))
        train = recent.iloc[:cut]
        with mlflow.start_run(run_name="retraining"):
            fitted = new_model().fit(train.drop(target, axis=1), train[target])
            info = mlflow.sklearn.log_model(fitted, "model")
        challenger = mlflow.register_model(info.model_uri, model_name)
        answer["retrained"] = True

        verdict = compare(
            f"models:/{model_name}/{serving.version}",
            f"models:/{model_name}/{challenger.version}",
            current,
            target,
            first_row=cut,
        )
        if verdict["improved"]:
            client.set_registered_model_alias(model_name, "champion", challenger.version)
            answer["promoted"] = True
            answer["champion"] = int(challenger.version)
    return answer


outcome = monitor(
    model_name="queue-minutes",
    reference="inputs/reference.parquet",
    current="inputs/current.parquet",
    target="queue_min",
)
print(outcome)
