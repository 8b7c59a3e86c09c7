"""Which compressors need service? Tracked with MLflow."""

import mlflow
import mlflow.sklearn
import pandas as pd
from mlflow import MlflowClient
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import confusion_matrix, recall_score

READINGS = ["vibration_mm_s", "discharge_temp_c", "duty_ratio", "frost_mm", "days_since_service"]
LABEL = "needs_service"

client = MlflowClient()


def run_metrics(run_id: str) -> dict[str, float]:
    """The latest value of each metric of a run."""
    return dict(client.get_run(run_id).data.metrics)


def metric_by_step(run_id: str, metric: str) -> dict[int, float]:
    """The logged values of one metric of a run, by their steps."""
    return {point.step: point.value for point in client.get_metric_history(run_id, metric)}


def best_run(experiment_name: str, metric: str) -> str:
    """The id of the finished run of an experiment that has the highest value of `metric`."""
    experiment = client.get_experiment_by_name(experiment_name)
    runs = client.search_runs([experiment.experiment_id], "attributes.status = 'FINISHED'")
    measured = [run for run in runs if metric in run.data.metrics]
    return max(measured, key=lambda run: run.data.metrics[metric]).info.run_id


train = pd.read_csv("inputs/compressors_train.csv")
valid = pd.read_csv("inputs/compressors_validation.csv")
y_valid = valid[LABEL].to_numpy()


def forest_of(depth: int) -> RandomForestClassifier:
    """A fitted forest."""
    model = RandomForestClassifier(n_estimators=60, max_depth=depth, random_state=7)
    model.fit(train[READINGS], train[LABEL])
    return model


mlflow.set_experiment("compressors")

model = forest_of(6)
guess = model.predict(valid[READINGS])
with mlflow.start_run(run_name="baseline"):
    mlflow.log_params({"n_estimators": 60, "max_depth": 6})
    mlflow.sklearn.log_model(model, "model")
    hits = float((guess == y_valid).mean())
    mlflow.log_metrics({"accuracy": hits, "recall": recall_score(y_valid, guess)})
    chance = model.predict_proba(valid[READINGS])[:, 1]
    for threshold in (0.30, 0.50, 0.70):
        value = recall_score(y_valid, chance >= threshold)
        mlflow.log_metric("recall_at", value, step=round(threshold * 100))
    (tn, fp), (fn, tp) = confusion_matrix(y_valid, guess).tolist()
    mlflow.log_dict({"tn": tn, "fp": fp, "fn": fn, "tp": tp}, "confusion.json")

with mlflow.start_run(run_name="with-contract"):
    # The example is enough: MLflow infers the signature from it.
    mlflow.sklearn.log_model(model, name="model", input_example=train[READINGS].iloc[:5])

with mlflow.start_run(run_name="depth-sweep"):
    for depth in (1, 4, 12):
        with mlflow.start_run(run_name=f"depth-{depth}", nested=True):
            mlflow.log_param("max_depth", depth)
            right = forest_of(depth).predict(valid[READINGS]) == y_valid
            mlflow.log_metric("accuracy", float(right.mean()))
