"""Wells & Levers: features of hand pumps, and what they yield."""

from datetime import timedelta
from typing import Any

import mlflow
import pandas as pd
from databricks.feature_engineering import FeatureEngineeringClient, FeatureLookup
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from sklearn.ensemble import HistGradientBoostingRegressor

spark: Any  # provided
display: Any  # provided
SURVEY = "/workspace/inputs/pumps"
RESURVEY = "/workspace/inputs/resurvey"
LEVELS = "/workspace/inputs/levels"
VISITS = "/workspace/inputs/visits"

PUMPS, GROUNDWATER = "default.pump_features", "default.district_levels"
KEYS = ["pump_id", "district", "visited_at"]
LABEL = "yield_lph"
fe = FeatureEngineeringClient()


def delta(path: str) -> DataFrame:
    """The Delta table in a folder."""
    return spark.read.format("delta").load(path)


# 1, 2: surveys
fe.create_table(
    name=PUMPS,
    df=delta(SURVEY),
    primary_keys=["pump_id"],
    description="Use, water and age of each hand pump, from the yearly survey.",
    tags={"team": "field", "source": "survey"},
)

# 3: this year's
fe.write_table(name=PUMPS, df=delta(RESURVEY), mode="merge")

# 4
strokes = fe.read_table(name=PUMPS).select("strokes_per_day").toPandas()["strokes_per_day"]
busy_pumps = int((strokes > 500).sum())
print(f"{busy_pumps} of {len(strokes)} pumps are busy")

# 5: the time is part of what tells rows apart
fe.create_table(
    name=GROUNDWATER,
    df=delta(LEVELS),
    primary_keys=["district", "measured_at"],
    timeseries_column="measured_at",
    description="Depth of groundwater by district",
)


# 6
def with_features(visits: DataFrame) -> Any:
    """Visits, and what was known when they happened."""
    of_pump = FeatureLookup(
        table_name=PUMPS,
        lookup_key="pump_id",
        feature_names=["strokes_per_day", "water_ph"],
        rename_outputs={"water_ph": "ph"},
    )
    of_district = FeatureLookup(
        table_name=GROUNDWATER,
        lookup_key="district",
        feature_names=["level_m"],
        timestamp_lookup_key="visited_at",
        lookback_window=timedelta(days=30),
    )
    return fe.create_training_set(
        df=visits,
        feature_lookups=[of_pump, of_district],
        label=LABEL,
        exclude_columns=KEYS,
    )


def training_rows(path: str) -> DataFrame:
    """The visits in a table, with the features that were known at the time."""
    return with_features(delta(path)).load_df()


# 7
made = with_features(delta(VISITS))
rows: pd.DataFrame = made.load_df().toPandas()
target = rows.pop(LABEL)
with mlflow.start_run(run_name="yield"):
    regressor = HistGradientBoostingRegressor(max_iter=80, random_state=11).fit(rows, target)
    mlflow.log_metric("r2_train", regressor.score(rows, target))
    logged = fe.log_model(
        model=regressor, artifact_path="model", flavor=mlflow.sklearn, training_set=made
    )


# 8
def scores(path: str) -> DataFrame:
    """For each row of a table of keys the pump_id and the prediction."""
    scored = fe.score_batch(model_uri=logged.model_uri, df=delta(path))
    return scored.select("pump_id", F.col("prediction"))


display(fe.read_table(name=PUMPS).orderBy("pump_id").limit(5))
