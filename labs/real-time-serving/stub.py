"""Real-time serving: how many cans will a machine sell tomorrow?

Solhaven fills vending machines on station platforms. In the evening a planner opens an app, picks
a machine, and wants to know how many cans it will sell tomorrow, given the forecast of the
temperature. The app cannot wait for a batch job: it asks a model behind a REST endpoint.

The registry has a model `cans` in two versions. Both take the columns of COLUMNS, all of them
doubles, and give one number a row. A colleague has an endpoint `pilot` that serves version 1 of
it. In `inputs/` there are

    requests.json   20 records with the columns of COLUMNS
    machines.csv    machine_id, footfall, avg_cans: what is known of each machine
    sales.csv       machine_id, temp_c, cans_sold: what was sold on days in the past
    keys.json       6 records with machine_id and temp_c
    changes.csv     machines.csv once more, but for 3 machines whose platforms were rebuilt

The workspace answers at the address in the environment variable DATABRICKS_HOST to whoever sends
the token in DATABRICKS_TOKEN as `Authorization: Bearer TOKEN`. Use its REST API with `requests`,
or a client that reads these variables: `mlflow.deployments.get_deploy_client("databricks")` or
`databricks.sdk.WorkspaceClient()`. To create or update an endpoint takes a while after the request
was answered: the endpoint's state tells when it is over (`state.config_update`), and whether it
can be queried (`state.ready`).

This file is executed from top to bottom, like a notebook. Write three functions, then four steps
of a script that use them. All served entities keep the names that they get by default, which are
MODEL-VERSION, such as `cans-1`, and have the workload size `Small`.

Functions (they are called with endpoints and records that you have not seen):

1. `deploy(endpoint, model, version, scale_to_zero)`: create an endpoint that serves this version
   of this registered model, and wait until it is ready. `scale_to_zero` says whether it may scale
   to zero. Return the description of the endpoint that the workspace gives when it is ready, a
   dictionary as in the REST API (with `name`, `state`, `config` and so on).
2. `ask(endpoint, records)`: query an endpoint with a list of records, each a dictionary of values
   by column, in one request. Return a dictionary with
       `predictions`   a list with one number for each record, in their order
       `served_by`     the name of the served entity that gave them; the workspace tells it in the
                       answer's header `served-model-name`
       `error`         None
   or, if the endpoint gives no predictions, None for the first two, and as `error` a text that
   has the workspace's own message in it (the field `message` of its answer).
3. `split(endpoint, model, shares)`: let an endpoint serve the versions of `model` that `shares`
   names, and send each of them its percentage of the requests: `{"1": 90, "2": 10}` means 90 % to
   version 1 and 10 % to version 2. They may scale to zero. Wait until the update is over, and
   return the endpoint's description as in step 1.

Script:

4. Deploy version 1 of `cans` as an endpoint `cans` that may scale to zero. Ask it for all
   records of `requests.json` in one request and write the predictions to `first.json`, a JSON list.
5. Send version 2 of the model a quarter of the endpoint's requests, and version 1 the rest. Then
   ask for each of the 20 records in a request of its own. Write to `canary.json` how many of these
   requests each served entity has answered: `{"cans-1": ..., "cans-2": ...}`.
6. The app knows the machine and the temperature, and nothing else. So that it need not:
   a. make a feature table `machine_features` of machines.csv, with the key `machine_id`;
   b. fit a scikit-learn LinearRegression that tells `cans_sold` from `footfall`, `avg_cans` and
      `temp_c`, on all rows of sales.csv; the first two are looked up in the feature table. Give
      it the columns in the order of the training set: that is how they come when it is served;
   c. log it through the Feature Store client, and register it as `cans-by-key`;
   d. publish the feature table to an online store (any that the client takes);
   e. deploy version 1 of it as an endpoint `cans-by-key` that may scale to zero, ask for the
      records of keys.json, and write the predictions to `by_key.json`.
7. Platforms were rebuilt: bring the rows of changes.csv into the feature table, where the other
   machines stay as they are, and make sure that the endpoint answers with them. The endpoint
   itself stays as it was deployed: no update, no new model. Ask for the records of keys.json once
   more and write the predictions to `by_key_after.json`.

Either client of the Feature Store will do: `FeatureStoreClient` of `databricks.feature_store` (its
online stores are specifications in `databricks.feature_store.online_store_spec`, for example
`AmazonDynamoDBSpec(region="eu-central-1")`; nothing is connected to) or `FeatureEngineeringClient`
of `databricks.feature_engineering`.
"""

COLUMNS = ["footfall", "avg_cans", "temp_c"]


def deploy(endpoint: str, model: str, version: str, scale_to_zero: bool) -> dict:
    """A new endpoint for one version of a registered model, ready to be queried."""
    raise NotImplementedError


def ask(endpoint: str, records: list[dict]) -> dict:
    """Predictions for records and who gave them, or why there are none."""
    raise NotImplementedError


def split(endpoint: str, model: str, shares: dict[str, int]) -> dict:
    """An endpoint that sends each version of a model its percentage of the requests."""
    raise NotImplementedError


# 4. the endpoint `cans`, and first.json

# 5. a quarter for version 2, and canary.json

# 6. the endpoint `cans-by-key`, and by_key.json

# 7. changed features, and by_key_after.json
