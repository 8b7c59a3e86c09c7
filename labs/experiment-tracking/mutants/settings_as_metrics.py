"""The settings of the baseline are logged as metrics instead of parameters.

Fails: test_baseline_logs_its_parameters
"""

import mlflow
import mlflow.sklearn
import pandas as pd
from mlflow import MlflowClient
from mlflow.models import infer_signature
from sklearn import metrics
from sklearn.ensemble import RandomForestClassifier

READINGS = ["vibration_mm_s", "discharge_temp_c", "duty_ratio", "frost_mm", "days_since_service"]
LABEL = "needs_service"


def run_metrics(run_id: str) -> dict[str, float]:
    """The latest value of each metric of a run."""
    return mlflow.get_run(run_id).data.metrics


def metric_by_step(run_id: str, metric: str) -> dict[int, float]:
    """The logged values of one metric of a run, by their steps."""
    return {m.step: m.value for m in MlflowClient().get_metric_history(run_id, metric)}


def best_run(experiment_name: str, metric: str) -> str:
    """The id of the finished run of an experiment that has the highest value of `metric`."""
    [best] = mlflow.search_runs(
        experiment_names=[experiment_name],
        filter_string="attributes.status = 'FINISHED'",
        order_by=[f"metrics.{metric} DESC"],  # runs without the metric come last
        max_results=1,
        output_format="list",
    )
    return best.info.run_id


train = pd.read_csv("inputs/compressors_train.csv")
validation = pd.read_csv("inputs/compressors_validation.csv")
truth = validation[LABEL]


def fit(max_depth: int) -> RandomForestClassifier:
    """A forest of the given depth."""
    forest = RandomForestClassifier(n_estimators=60, max_depth=max_depth, random_state=7)
    return forest.fit(train[READINGS], train[LABEL])


with mlflow.start_run(run_name="baseline"):
    mlflow.log_metric("n_estimators", 60)
    mlflow.log_metric("max_depth", 6)

    forest = fit(max_depth=6)
    mlflow.sklearn.log_model(forest, "model")

    predicted = forest.predict(validation[READINGS])
    mlflow.log_metric("accuracy", metrics.accuracy_score(truth, predicted))
    mlflow.log_metric("recall", metrics.recall_score(truth, predicted))

    probability = forest.predict_proba(validation[READINGS])[:, 1]
    for percent in (30, 50, 70):
        recall = metrics.recall_score(truth, probability >= percent / 100)
        mlflow.log_metric("recall_at", recall, step=percent)

    counts = metrics.confusion_matrix(truth, predicted).ravel().tolist()
    mlflow.log_dict(dict(zip(("tn", "fp", "fn", "tp"), counts, strict=True)), "confusion.json")

with mlflow.start_run(run_name="with-contract"):
    mlflow.sklearn.log_model(
        forest,
        "model",
        signature=infer_signature(train[READINGS], forest.predict(train[READINGS])),
        input_example=train[READINGS].head(3),
    )

with mlflow.start_run(run_name="depth-sweep"):
    for depth in (1, 4, 12):
        with mlflow.start_run(run_name=f"depth-{depth}", nested=True):
            mlflow.log_param("max_depth", depth)
            accuracy = metrics.accuracy_score(truth, fit(depth).predict(validation[READINGS]))
            mlflow.log_metric("accuracy", accuracy)
