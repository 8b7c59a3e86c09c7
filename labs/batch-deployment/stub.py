"""Batch deployment: how much heat will the buildings of Lindwick need tomorrow?

Lindwick's heating works know their buildings well: every evening one row a building goes into the
Delta table `heating.readings`, and a night job forecasts from it how many megawatt hours the
building will take on the next day. Its columns are

    day           the day of the reading, a date (Monday 2026-01-12 to Friday 2026-01-16)
    building_id   such as "B07"
    prev_mwh      what the building took on that day
    wind_ms       tomorrow's wind
    outdoor_c     tomorrow's temperature
    substation    where the building is connected

A reading may lack its wind or its consumption. That is no reason to leave the building out: the
models fill gaps themselves.

The models are in the registry, several versions of each. The version to use is the one in the
stage `Production`; it has the alias `champion`, too. Which number that is differs from model to
model and will change again, and the newest version is still on trial. Each model has a signature
with the names of its input columns, all of them doubles; its output is one number a row.

    heat_demand        from outdoor_c, wind_ms and prev_mwh
    heat_by_building   from outdoor_c, and from floor_m2 and loss_w_m2k of the building, which are
                       in the feature table `heating.buildings` (key: building_id); it was logged
                       through the Feature Store and knows where its features are

Write four functions. They are called with other tables and models than these; a table is given by
its name, a model by the one that it is registered under. The functions that return a table give
back every row of the table they read, in any order, with all its columns and one more, a double.

1. `production_forecasts(name, rows)`: load the model in Production, and let it forecast for a few
   rows outside of Spark. A row is a mapping such as `{"wind_ms": 3.5, "outdoor_c": -4.0, ...}`;
   the result has one number a row, in their order.
2. `forecast(table)`: a table like `heating.readings`, with `forecast_mwh`, what `heat_demand` in
   Production forecasts. On mild days the model may fall below zero; there the forecast is 0. Let
   a pandas UDF (or `mapInPandas`) of your own do it, so that the model sees many rows at a time.
3. `score(table, name)`: any table with a model's input columns, among others and in any order, and
   with `prediction`, what the model `name` in Production says, as it is. This is what
   `mlflow.pyfunc.spark_udf` is made for.
4. `score_requests(table)`: a table like `heating.requests`, with `prediction` of the model
   `heat_by_building` in Production, its features looked up by `score_batch` of the Feature Store.
   A request has request_id, building_id, outdoor_c and a floor_m2 that somebody once typed into a
   contract. The works trust the floor_m2 of the feature table instead, so do not forecast from
   the contract's; whether the result still shows a floor_m2, and which, is up to you. Requests
   for buildings that the feature table does not know get a forecast, too.

Then run the nights of this week:

5. Create the Delta table `heating.forecasts`, partitioned by `day`: what `forecast` gives for the
   readings of Monday to Thursday.
6. Append Friday's, so that the table has every reading of the week once.
7. People ask for a building's forecasts. Optimize the files of the whole table, Z-ordered by
   `building_id`.
8. Save what `score_requests` gives for `heating.requests` as the Delta table
   `heating.request_forecasts`.

Leave the other tables and the registry as they are.
"""

from typing import Any

from pyspark.sql import DataFrame

spark: Any  # provided
READINGS = ["outdoor_c", "wind_ms", "prev_mwh"]


def production_forecasts(name: str, rows: list[dict[str, float]]) -> list[float]:
    """What the model `name` in Production says for each of `rows`."""
    raise NotImplementedError


def forecast(table: str) -> DataFrame:
    """Readings with `forecast_mwh`, never below zero."""
    raise NotImplementedError


def score(table: str, name: str) -> DataFrame:
    """A table with `prediction` of the model `name` in Production."""
    raise NotImplementedError


def score_requests(table: str) -> DataFrame:
    """Requests with `prediction`, from the features in the store."""
    raise NotImplementedError


# Step 5: create heating.forecasts from Monday to Thursday, partitioned by day.

# Step 6: append Friday.

# Step 7: optimize, Z-ordered by building_id.

# Step 8: save the forecasts of heating.requests as heating.request_forecasts.
