"""Keep the features of village pumps in a Feature Store.

Wells & Levers looks after the hand pumps of four districts. A fitter who visits a pump measures
how much water it yields, and the office wants to know the yield of pumps that nobody has visited
yet. What is known of pumps goes into the Feature Store, so that training and prediction use the
same values.

The inputs are Delta tables, given by the path of their folder:

    SURVEY       pump_id, strokes_per_day, water_ph, age_years    one row a pump
    RESURVEY     pump_id, strokes_per_day, water_ph               some of them again, and new ones
    LEVELS       district, measured_at, level_m                   groundwater, many times a year
    VISITS       pump_id, district, visited_at, yield_lph         what fitters measured

Use FeatureStoreClient or FeatureEngineeringClient, whichever you like. Work in this order:

    1. Create the feature table `pump_features` from SURVEY: one row a pump, with the key `pump_id`
       and a description (a sentence of your own). The first rows that it ever has are SURVEY's.
    2. Give it the tag `team` with the value `field`.
    3. Merge RESURVEY into it. Pumps that are in both get the new values, new pumps are added (their
       age is unknown), and all else stays: pumps that are not in RESURVEY, and every known age.
    4. Read the table back: `busy_pumps` is the number of pumps in it, after step 3, with more than
       500 strokes a day (an int).
    5. Create the feature table `district_levels` from LEVELS: a time series with the key `district`
       and `measured_at` as the time.
    6. Write `training_rows`. It is given the path of a table like VISITS and returns one row for
       each visit, with exactly these columns, in any order:

           strokes_per_day    of the pump, from `pump_features`
           ph                 its `water_ph`, from there too
           level_m            of the district, from `district_levels`, as of `visited_at`
           yield_lph          the label, as it is in the visits

       As of a time means: the latest measurement at or before it, however long after it others
       came. One that is older than 30 days is too old and counts for nothing (30 days exactly is
       not). If the latest measurement has no value, the level is unknown (null). A pump that
       is not in the table has unknown features, and its visit is still a row.
    7. In an MLflow run named `yield`, fit a scikit-learn regressor of your choice on the training
       rows of VISITS (nothing is unknown there) and log it as `model`, together with where its
       features are found.
    8. Write `scores`. It is given the path of a table with the columns pump_id, district and
       visited_at alone, and returns for each row the `pump_id` and the `prediction` of the model of
       step 7 (other columns do not matter). The features are looked up as in training.

`training_rows` and `scores` are called with tables that you have not seen.
"""

from typing import Any

from pyspark.sql import DataFrame

spark: Any  # provided
SURVEY = "/workspace/inputs/pumps"
RESURVEY = "/workspace/inputs/resurvey"
LEVELS = "/workspace/inputs/levels"
VISITS = "/workspace/inputs/visits"


# Steps 1 and 2: create `pump_features` and tag it.

# Step 3: merge the new survey.

# Step 4: read the table back.
# busy_pumps = ...

# Step 5: create `district_levels`.


# Step 6
def training_rows(path: str) -> DataFrame:
    """The visits in a table, with the features that were known at the time."""
    raise NotImplementedError


# Step 7: fit a model and log it with its features.


# Step 8
def scores(path: str) -> DataFrame:
    """For each row of a table of keys the pump_id and the prediction."""
    raise NotImplementedError
