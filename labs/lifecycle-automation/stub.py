"""Lifecycle automation: no model of the parcel depot goes live untested.

The depot in the old rope works predicts which parcels will be late. Its model is registered as
`late-parcel`; version 1 is in Production. So far somebody tests new versions by hand, when there
is time. You let the registry do that: a version that reaches Staging is tested, one that passes
goes to Production, one in Production is deployed, and the dispatchers are told.

This file is executed from top to bottom, like a notebook, in a workspace: `DATABRICKS_HOST` and
`DATABRICKS_TOKEN` are set in the environment, MLflow tracks and registers there, and
`databricks-sdk`, `requests` and `databricks_registry_webhooks` can be imported. Any of them will
do; jobs and registry webhooks are also REST services of the host. Stages are set with MLflow.

There are two files of rows, each with the columns `distance_km`, `weight_kg`, `pickup_hour`,
`stops`, `parcel_no` and `late` (1 or 0, what the model predicts from the five others):

    inputs/train.csv      rows that models were fitted to
    inputs/holdout.csv    rows that no model has seen

and three notebooks that need no change:

    /workspace/notebooks/train     fits a model, registers it, moves it to Staging
    /workspace/notebooks/deploy    lets the alias `live` point to the version that the notebook's
                                   parameter `event_message` tells of
    /workspace/notebooks/smoke     asks the live version for a prediction

Notebooks run in the folder /workspace. A job that a registry webhook starts gets one parameter,
`event_message`: a JSON object with `model_name`, `version`, `to_stage` and more.

Functions (they are called with models, webhooks and jobs that you have not seen):

1. `set_stage(model_name, version, stage)`: move a version to a stage; no other version changes.
2. `webhooks_of(model_name)`: the registry webhooks of that model (not those for all models),
   `{id: list of events}`.
3. `remove_webhooks(url)`: delete every registry webhook that sends to exactly this URL, whatever
   its model and status, and return how many there were.
4. `is_genuine(secret, body, signature)`: whether a message's signature is right, as the receiver
   of a webhook finds out: the header X-Databricks-Signature is the hexadecimal HMAC-SHA256 of
   the body, made with the shared secret.
5. `run_job(name, parameters)`: run the job with that name (it has one task, a notebook) with these
   notebook parameters, wait until the run is over, and return `{"result": its result state,
   "exit": what the notebook exited with}`; `exit` is None if it failed. The workspace has many
   jobs, but each name once.

Script:

6. Write the notebook /workspace/notebooks/test_model.py. It loads the version that
   `event_message` tells of and measures its accuracy on the rows of inputs/holdout.csv. If that
   is at least the parameter `min_accuracy`, the version gets the tag `gate` with the value
   `passed` and goes to Production, and whatever was there before is archived. If it is less, the
   tag's value is `failed` and the version stays where it is. The notebook exits with the same
   value.
7. Create three jobs. Every task runs on a job cluster of its own job (any `spark_version` and
   `node_type_id` will do).
   a. `train-late-parcel`: the task `train` runs the notebook train, on 2 workers, each day at
      02:30 UTC;
   b. `test-late-parcel`: the task `test_model` runs your notebook with `min_accuracy` 0.8, on 1
      worker;
   c. `deploy-late-parcel`: the task `deploy_model` runs the notebook deploy and, if that
      succeeds, the task `smoke_test` the notebook smoke, both on 1 worker.
8. Create three registry webhooks, all for `late-parcel` alone:
   a. a version that goes to Staging starts the job test-late-parcel, and nothing else does;
   b. a version that goes to Production starts the job deploy-late-parcel, and nothing else does;
   c. a version that goes to Production is told to the dispatchers, who listen at
      `{DATABRICKS_HOST}/hooks/dispatch`. The message is signed with the secret `hook-secret` of
      the scope `depot`, and has the header `Authorization: Bearer ` followed by the secret
      `hook-token` of that scope (`dbutils.secrets` has both). Nothing else goes there.
9. Remove the webhooks that still send to `{DATABRICKS_HOST}/hooks/retired-pager`, and no others.
"""


def set_stage(model_name: str, version: int, stage: str) -> None:
    """Move a version of a model to a stage."""
    raise NotImplementedError


def webhooks_of(model_name: str) -> dict[str, list[str]]:
    """The registry webhooks of one model: their events by their ids."""
    raise NotImplementedError


def remove_webhooks(url: str) -> int:
    """Delete the registry webhooks that send to `url`; how many there were."""
    raise NotImplementedError


def is_genuine(secret: str, body: str, signature: str) -> bool:
    """Whether `signature` is that of `body`, made with `secret`."""
    raise NotImplementedError


def run_job(name: str, parameters: dict[str, str]) -> dict[str, str | None]:
    """Run a job to its end: its `result` and what its notebook left as `exit`."""
    raise NotImplementedError


# 6. the notebook test_model

# 7. the jobs train-late-parcel, test-late-parcel and deploy-late-parcel

# 8. their webhooks, and that of the dispatchers

# 9. the webhooks of the retired pager
