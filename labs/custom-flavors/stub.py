"""Custom flavors: how much fuel will a tow burn?

Kestrel Tugs tows barges in several harbours. After every tow the engineer notes the litres burnt
beside four readings, and before every tow the planner wants a forecast. Three of the instruments
fail now and then: then a cell of the file is empty, and the planner has no value to offer, either.

    inputs/tows.csv       260 tows of the home harbour: READINGS and TARGET, all numbers, with gaps
    inputs/planned.csv    14 tows to come: READINGS only, no gaps

This file is executed from top to bottom, like a notebook, with MLflow ready to use. Every
regressor here is a scikit-learn KNeighborsRegressor of 5 neighbours, all else by default. It goes
by distances, so it matters much on which scale the readings are. Write a class and four functions,
then two steps of a script.

The class `TowModel`, an `mlflow.pyfunc.PythonModel`, forecasts from raw readings. It prepares
them first, in training and in `predict` alike:

    a. a gap is filled with the median of its column;
    b. then each column is standardised: minus its mean, divided by its standard deviation (of the
       sample or of the population, as you like).

Medians, means and standard deviations are those of the tows that it was trained on (means and
deviations after the gaps were filled), never of the tows it is asked about: the forecast of a tow
is the same, whether it is asked for alone or among others. `predict` may be given a DataFrame
with gaps, and leaves it as it is.

Functions (they are called with files, tows and models that you have not seen):

1. `flavors_of(model_uri)`: the names of all flavors that a logged model was saved with. It may be
   any model: one that has no `python_function` flavor, too.
2. `settings_of(model_uri)`: the parameters of the scikit-learn estimator in a model that was
   logged with the sklearn flavor, as `get_params()` tells them. It may be an estimator that cannot
   predict, such as a scaler.
3. `log_tow_model(path, run_name)`: train a `TowModel` on all rows of the CSV file `path` (it has
   the form of tows.csv) and log it in a run of this name, as a model named `model`. Return a URI
   by which it can be loaded. Log with it
   - a signature that names the four readings, each a column of its own, as inputs, and says what
     comes out: whoever gives the loaded model a DataFrame of raw readings gets the forecasts of (a)
     and (b);
   - an input example: a few rows of raw readings.
   Several such models must be able to exist side by side: whatever one needs for its forecasts
   travels with it.
4. `dry_run(model_uri, tows)`: MLflow checks, and copies, what it hands to a model. A test of the
   class goes without: load a model of `log_tow_model` as pyfunc, take the `TowModel` out of it
   (`unwrap_python_model()`), make one DataFrame of `tows` (a list of {reading: value}) and give it
   to the class's `predict` (None will do as context). Return this same DataFrame with the
   forecasts as a further column, `litres`.

Script:

5. In a run named `plain`, log a regressor with the sklearn flavor, as a model named `model`. It is
   fitted on those rows of tows.csv that have no gap, on the four readings as they are, in the
   order of READINGS. Load it back with its own flavor: `plain_litres` is the list of its 14
   forecasts for the planned tows.
6. Call `log_tow_model` for tows.csv and the run name `tow-model`. Load the model back as pyfunc and
   write `plan.csv`, in the folder where you are: the columns and rows of planned.csv, in their
   order, and the forecasts of the loaded model as one more column, `litres`.
"""

from typing import Any

import mlflow.pyfunc
import pandas as pd

READINGS = ["distance_nm", "barge_tonnes", "head_wind_kn", "tide_kn"]
TARGET = "fuel_l"


class TowModel(mlflow.pyfunc.PythonModel):
    """Forecasts the fuel of tows from raw readings."""

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
        """One forecast in litres for each row of readings."""
        raise NotImplementedError


def flavors_of(model_uri: str) -> list[str]:
    """The names of a logged model's flavors."""
    raise NotImplementedError


def settings_of(model_uri: str) -> dict[str, Any]:
    """The parameters of the scikit-learn estimator in a logged model."""
    raise NotImplementedError


def log_tow_model(path: str, run_name: str) -> str:
    """Train a TowModel on a file, log it in a run of its own, and return its URI."""
    raise NotImplementedError


def dry_run(model_uri: str, tows: list[dict[str, Any]]) -> pd.DataFrame:
    """The tows as they are, and the forecasts of the class itself as `litres`."""
    raise NotImplementedError


# 5. the run `plain`
# plain_litres = ...

# 6. the run `tow-model`, and plan.csv
