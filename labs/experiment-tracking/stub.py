"""Experiment tracking: which compressors of a cold store need service?

The Nordhaven cold store reads five sensors of each compressor every week, and a fitter notes
afterwards whether the machine needed service. The notes are in two files:

    inputs/compressors_train.csv         600 rows, to fit models on
    inputs/compressors_validation.csv    300 rows, to measure them on

with the columns of READINGS (all numbers) and LABEL (1 = needed service, 0 = did not).

This file is executed from top to bottom, like a notebook, with MLflow ready to use. Any
experiment will do; if two runs have the same name, the newer one counts. Write three functions,
then three steps of a script. Every model is a scikit-learn RandomForestClassifier of 60 trees
with random_state=7, fitted on the READINGS of the training rows in the order of the file; every
metric is measured on the validation rows.

Functions (they are called with runs and experiments that you have not seen):

1. `run_metrics(run_id)`: the metrics of that run and their latest values, `{name: value}`.
2. `metric_by_step(run_id, metric)`: everything logged under one metric, `{step: value}`.
3. `best_run(experiment_name, metric)`: the id of the run with the highest value of the metric in
   that experiment. Only runs that finished successfully and have the metric take part.

Script:

4. In a run named `baseline`, for a forest with max_depth=6:
   a. log the parameters `n_estimators` and `max_depth`;
   b. log the fitted forest as a model named `model`;
   c. log the metrics `accuracy` and `recall` of its predictions;
   d. log the metric `recall_at` three times: the recall if service is called for whenever the
      predicted probability of label 1 is at least 0.30, 0.50, 0.70. The step of each value is
      the threshold in percent (30, 50, 70);
   e. keep the counts of its predictions as an artefact `confusion.json` of the form
      `{"tn": ..., "fp": ..., "fn": ..., "tp": ...}` (label 1 is the positive one).
5. In a run named `with-contract`, log the same forest as `model` once more, now with a signature
   (the five readings in, the label out) and an input example of a few training rows.
6. Open a run named `depth-sweep`, and nested in it one run for each max_depth of 1, 4 and 12,
   named `depth-1`, `depth-4`, `depth-12`. Each logs its parameter `max_depth` and the metric
   `accuracy` of a forest so deep; a model need not be logged. In the end all four are finished.
"""

READINGS = ["vibration_mm_s", "discharge_temp_c", "duty_ratio", "frost_mm", "days_since_service"]
LABEL = "needs_service"


def run_metrics(run_id: str) -> dict[str, float]:
    """The latest value of each metric of a run."""
    raise NotImplementedError


def metric_by_step(run_id: str, metric: str) -> dict[int, float]:
    """The logged values of one metric of a run, by their steps."""
    raise NotImplementedError


def best_run(experiment_name: str, metric: str) -> str:
    """The id of the finished run of an experiment that has the highest value of `metric`."""
    raise NotImplementedError


# 4. the run `baseline`

# 5. the run `with-contract`

# 6. the run `depth-sweep` and the three runs nested in it
