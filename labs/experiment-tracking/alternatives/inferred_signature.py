"""The example alone brings the signature; runs are opened and ended by hand; search is a table."""

import json
import pathlib

import mlflow
import pandas as pd
from sklearn import ensemble, metrics

mlflow.set_experiment("cold-store")


def run_metrics(run_id: str) -> dict[str, float]:
    """The latest value of each metric of a run."""
    row = mlflow.search_runs(search_all_experiments=True).set_index("run_id").loc[run_id]
    found = row[row.index.str.startswith("metrics.")].dropna()
    return {name.removeprefix("metrics."): value for name, value in found.items()}


def metric_by_step(run_id: str, metric: str) -> dict[int, float]:
    """The logged values of one metric of a run, by their steps."""
    history = mlflow.MlflowClient().get_metric_history(run_id, metric)
    return pd.Series({m.step: m.value for m in history}).sort_index().to_dict()


def best_run(experiment_name: str, metric: str) -> str:
    """The id of the finished run of an experiment that has the highest value of `metric`."""
    runs = mlflow.search_runs(experiment_names=[experiment_name])
    runs = runs[runs["status"] == "FINISHED"]
    return runs.loc[runs[f"metrics.{metric}"].idxmax(), "run_id"]


train = pd.read_csv("inputs/compressors_train.csv")
valid = pd.read_csv("inputs/compressors_validation.csv")
X, y = train.drop(columns="needs_service"), train["needs_service"]
X_valid, y_valid = valid.drop(columns="needs_service"), valid["needs_service"]

run = mlflow.start_run(run_name="baseline")
settings = {"n_estimators": 60, "max_depth": 6}
model = ensemble.RandomForestClassifier(**settings, random_state=7).fit(X, y)
mlflow.log_params({**settings, "rows": len(X)})
mlflow.sklearn.log_model(model, artifact_path="model")
guess = model.predict(X_valid)
scores = {
    "accuracy": round(metrics.accuracy_score(y_valid, guess), 3),
    "recall": round(metrics.recall_score(y_valid, guess), 3),
    "precision": metrics.precision_score(y_valid, guess),
}
mlflow.log_metrics(scores)
for threshold in [0.3, 0.5, 0.7]:
    alarms = (model.predict_proba(X_valid)[:, 1] >= threshold).astype(int)
    value = metrics.recall_score(y_valid, alarms)
    mlflow.log_metrics({"recall_at": value}, step=round(threshold * 100))
(tn, fp), (fn, tp) = metrics.confusion_matrix(y_valid, guess)
counts = {"tn": int(tn), "fp": int(fp), "fn": int(fn), "tp": int(tp)}
pathlib.Path("confusion.json").write_text(json.dumps(counts, indent=2))
mlflow.log_artifact("confusion.json")
mlflow.end_run()

mlflow.start_run(run_name="with-contract", tags={"purpose": "hand over"})
mlflow.sklearn.log_model(model, "model", input_example=X[:5])
mlflow.end_run()

with mlflow.start_run(run_name="depth-sweep") as parent:
    mlflow.log_param("depths", [1, 4, 12])
for depth in [1, 4, 12]:
    mlflow.start_run(run_name=f"depth-{depth}", parent_run_id=parent.info.run_id)
    model = ensemble.RandomForestClassifier(60, max_depth=depth, random_state=7).fit(X, y)
    mlflow.log_params({"max_depth": depth, "n_estimators": 60})
    mlflow.log_metrics({"accuracy": model.score(X_valid, y_valid)})
    mlflow.end_run()
