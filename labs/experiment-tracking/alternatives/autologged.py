"""Autologging writes the parameters and models, and much besides; the rest is logged by hand."""

import mlflow
import pandas as pd
from mlflow.tracking import MlflowClient
from sklearn import metrics
from sklearn.ensemble import RandomForestClassifier

mlflow.sklearn.autolog(log_input_examples=True)
FOREST = {"n_estimators": 60, "random_state": 7}


def run_metrics(run_id: str) -> dict[str, float]:
    """The latest value of each metric of a run."""
    return MlflowClient().get_run(run_id).data.to_dictionary()["metrics"]


def metric_by_step(run_id: str, metric: str) -> dict[int, float]:
    """The logged values of one metric of a run, by their steps."""
    return {m.step: m.value for m in MlflowClient().get_metric_history(run_id, metric)}


def best_run(experiment_name: str, metric: str) -> str:
    """The id of the finished run of an experiment that has the highest value of `metric`."""
    experiment = mlflow.get_experiment_by_name(experiment_name)
    runs = mlflow.search_runs(
        [experiment.experiment_id],
        f"metrics.{metric} > 0 and status = 'FINISHED'",
        order_by=[f"metrics.{metric} DESC"],
    )
    return runs.iloc[0]["run_id"]


train = pd.read_csv("inputs/compressors_train.csv")
X_train, y_train = train.iloc[:, :-1], train.iloc[:, -1]
validation = pd.read_csv("inputs/compressors_validation.csv")
X_val, y_val = validation.iloc[:, :-1], validation.iloc[:, -1]

with mlflow.start_run(run_name="baseline"):
    forest = RandomForestClassifier(max_depth=6, **FOREST)
    forest.fit(X_train, y_train)
    guess = forest.predict(X_val)
    mlflow.log_metric("accuracy", metrics.accuracy_score(y_val, guess))
    mlflow.log_metric("recall", metrics.recall_score(y_val, guess))
    for percent in range(10, 100, 10):
        alarm = forest.predict_proba(X_val)[:, 1] * 100 >= percent
        mlflow.log_metric("recall_at", metrics.recall_score(y_val, alarm), percent)
    tn, fp, fn, tp = map(int, metrics.confusion_matrix(y_val, guess).ravel())
    mlflow.log_text(f'{{"tn": {tn}, "fp": {fp}, "fn": {fn}, "tp": {tp}}}', "confusion.json")

with mlflow.start_run(run_name="with-contract"):
    RandomForestClassifier(max_depth=6, **FOREST).fit(X_train, y_train)

mlflow.sklearn.autolog(log_models=False)
with mlflow.start_run(run_name="depth-sweep"):
    for depth in (1, 4, 12):
        with mlflow.start_run(run_name=f"depth-{depth}", nested=True):
            deeper = RandomForestClassifier(max_depth=depth, **FOREST).fit(X_train, y_train)
            mlflow.log_metric("accuracy", metrics.accuracy_score(y_val, deeper.predict(X_val)))
