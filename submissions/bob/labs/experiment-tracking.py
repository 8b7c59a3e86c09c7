"""Compressors. The sweep's runs are not nested, and the accuracy is the one in training."""

import mlflow
import mlflow.sklearn
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import recall_score

READINGS = ["vibration_mm_s", "discharge_temp_c", "duty_ratio", "frost_mm", "days_since_service"]
LABEL = "needs_service"


def run_metrics(run_id):
    return mlflow.get_run(run_id).data.metrics


def best_run(experiment_name, metric):
    runs = mlflow.search_runs(
        experiment_names=[experiment_name], order_by=[f"metrics.{metric} DESC"]
    )
    return runs.loc[0, "run_id"]


train = pd.read_csv("inputs/compressors_train.csv")
validation = pd.read_csv("inputs/compressors_validation.csv")

with mlflow.start_run(run_name="baseline"):
    mlflow.log_param("n_estimators", 60)
    mlflow.log_param("max_depth", 6)
    model = RandomForestClassifier(n_estimators=60, max_depth=6, random_state=7)
    model.fit(train[READINGS], train[LABEL])
    mlflow.sklearn.log_model(model, "model")
    mlflow.log_metric("accuracy", model.score(train[READINGS], train[LABEL]))
    guess = model.predict(validation[READINGS])
    mlflow.log_metric("recall", recall_score(validation[LABEL], guess))

for depth in (1, 4, 12):
    with mlflow.start_run(run_name=f"depth-{depth}"):
        mlflow.log_param("max_depth", depth)
        model = RandomForestClassifier(n_estimators=60, max_depth=depth, random_state=7)
        model.fit(train[READINGS], train[LABEL])
        mlflow.log_metric("accuracy", model.score(validation[READINGS], validation[LABEL]))
