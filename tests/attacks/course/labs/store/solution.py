"""The reference, worth stealing: @SOLUTION@."""

import mlflow

with mlflow.start_run(run_name="final"):
    mlflow.log_param("depth", 3)
