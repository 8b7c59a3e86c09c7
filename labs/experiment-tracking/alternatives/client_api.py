"""Everything that can be is done through MlflowClient; the model is logged with `name=`."""

import mlflow
import mlflow.sklearn
import pandas as pd
from mlflow.entities import Metric, Param
from mlflow.models import infer_signature
from mlflow.tracking import MlflowClient
from sklearn.ensemble import RandomForestClassifier

READINGS = ["vibration_mm_s", "discharge_temp_c", "duty_ratio", "frost_mm", "days_since_service"]
LABEL = "needs_service"

client = MlflowClient()


def run_metrics(run_id: str) -> dict[str, float]:
    """The latest value of each metric of a run."""
    return dict(client.get_run(run_id).data.metrics)


def metric_by_step(run_id: str, metric: str) -> dict[int, float]:
    """The logged values of one metric of a run, by their steps."""
    history = sorted(client.get_metric_history(run_id, metric), key=lambda m: m.step)
    return {entry.step: entry.value for entry in history}


def best_run(experiment_name: str, metric: str) -> str:
    """The id of the finished run of an experiment that has the highest value of `metric`."""
    experiment = client.get_experiment_by_name(experiment_name)
    candidates = [
        run
        for run in client.search_runs([experiment.experiment_id])
        if run.info.status == "FINISHED" and metric in run.data.metrics
    ]
    return max(candidates, key=lambda run: run.data.metrics[metric]).info.run_id


train = pd.read_csv("/workspace/inputs/compressors_train.csv")
test = pd.read_csv("/workspace/inputs/compressors_validation.csv")
experiment_id = client.create_experiment("/Users/fitter@nordhaven.example/compressors")


def measures(flags: pd.Series) -> dict[str, float]:
    """Counts and rates of flagged validation rows."""
    truth = test[LABEL] == 1
    flags = flags.astype(bool)
    tp, fn = int((flags & truth).sum()), int((~flags & truth).sum())
    tn, fp = int((~flags & ~truth).sum()), int((flags & ~truth).sum())
    accuracy, recall = (tp + tn) / len(test), tp / (tp + fn)
    return {"tn": tn, "fp": fp, "fn": fn, "tp": tp, "accuracy": accuracy, "recall": recall}


def forest_of(max_depth: int) -> RandomForestClassifier:
    """A fitted forest."""
    forest = RandomForestClassifier(n_estimators=60, max_depth=max_depth, random_state=7)
    return forest.fit(train[READINGS], train[LABEL])


forest = forest_of(6)
found = measures(pd.Series(forest.predict(test[READINGS])))
chance = pd.Series(forest.predict_proba(test[READINGS])[:, 1])

run_id = client.create_run(experiment_id, run_name="baseline").info.run_id
curve = [(s, measures(chance >= s / 100)["recall"]) for s in (70, 50, 30)]
client.log_batch(
    run_id,
    params=[Param("n_estimators", "60"), Param("max_depth", "6"), Param("random_state", "7")],
    metrics=[Metric(key, found[key], 0, 0) for key in ("accuracy", "recall")]
    + [Metric("recall_at", value, 0, step) for step, value in curve],
)
client.log_dict(run_id, {key: found[key] for key in ("tn", "fp", "fn", "tp")}, "confusion.json")
with mlflow.start_run(run_id=run_id):
    mlflow.sklearn.log_model(forest, name="model")

contract_id = client.create_run(experiment_id, run_name="with-contract").info.run_id
with mlflow.start_run(run_id=contract_id):
    signature = infer_signature(test[READINGS], forest.predict(test[READINGS]))
    example = train.loc[:4, READINGS]
    mlflow.sklearn.log_model(forest, name="model", signature=signature, input_example=example)

sweep_id = client.create_run(experiment_id, run_name="depth-sweep").info.run_id
for depth in (1, 4, 12):
    child = client.create_run(
        experiment_id, run_name=f"depth-{depth}", tags={"mlflow.parentRunId": sweep_id}
    )
    client.log_param(child.info.run_id, "max_depth", depth)
    accuracy = measures(pd.Series(forest_of(depth).predict(test[READINGS])))["accuracy"]
    client.log_metric(child.info.run_id, "accuracy", accuracy)
    client.set_terminated(child.info.run_id)
client.set_terminated(sweep_id)
