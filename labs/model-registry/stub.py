"""The Model Registry: how many callouts will the rescue team have?

Fell Rescue counts the visitors at its car park every day, and forecasts from them how often it
will be called out. There are the notes of two seasons, and the visitors expected on eight holidays:

    inputs/season_1.csv    day, visitors, callouts
    inputs/season_2.csv    day, visitors, callouts
    inputs/holidays.csv    day, visitors

This file is executed from top to bottom, like a notebook, with MLflow ready to use. Every model is
a scikit-learn LinearRegression that forecasts `callouts` from the one column `visitors`.

Roles. A version of a registered model has one role at most: staging, production or archived. The
registry has two ways to say so. Choose one, and keep to it:

    stages     the version's stage is Staging, Production or Archived (None is no role);
    aliases    the model's alias `staging` or `production` points to the version. An archived
               version has the tag `archived` with the value `true`, and no alias.

Functions (they are called with registered models of other teams, some with more than nine versions;
these teams keep their roles in both ways at once, so that yours finds what it looks for; the other
way may be left as it is):

1. `latest_version(name)`: the number of the newest version, which is the highest there is. Versions
   may have been deleted, and old ones changed lately.
2. `to_staging(name, version)`: give this version the role staging. Whether one that had it before
   keeps it is up to you; all others keep their roles.
3. `promote(name, version)`: give this version the role production (it may have been in staging). No
   other one is in production then; what becomes of the one that was is up to you. All others keep
   their roles.
4. `archive_older(name)`: archive all versions that are older than the one in production, whatever
   role they had. That one, and newer ones, stay as they are; nothing is deleted.
5. `forecast(name, role, visitors)`: load the version that has the role, `staging` or `production`,
   and return its forecasts for a list of visitor numbers.

Script:

6. In a run named `season-1`, log a regression fitted on season_1.csv, and register the model of
   this run as `callouts`: its version 1.
7. Describe the registered model `callouts` in a sentence, and set its tag `team` to `fell-rescue`.
8. Describe its version 1 in a sentence of its own, and set this version's tag `data` to `season_1`.
9. Give version 1 the role staging.
10. In a run named `season-2`, log a regression fitted on the rows of both seasons and register it
    as `callouts`, too: version 2. Promote the latest version of `callouts`.
11. `holiday_forecasts` is `{"staging": [...], "production": [...]}`: for each role the forecasts
    for the visitors of holidays.csv, in the order of the file.
12. Archive what is older than the version in production.
"""

FEATURES = ["visitors"]
TARGET = "callouts"


def latest_version(name: str) -> int:
    """The highest version number of a registered model."""
    raise NotImplementedError


def to_staging(name: str, version: int) -> None:
    """Give a version the role staging."""
    raise NotImplementedError


def promote(name: str, version: int) -> None:
    """Give a version the role production, and to no other."""
    raise NotImplementedError


def archive_older(name: str) -> None:
    """Archive all versions older than the one in production."""
    raise NotImplementedError


def forecast(name: str, role: str, visitors: list[float]) -> list[float]:
    """The forecasts of the version that has the role."""
    raise NotImplementedError


# 6. the run `season-1`, registered as version 1 of `callouts`

# 7. description and tag of `callouts`

# 8. description and tag of its version 1

# 9. version 1 in staging

# 10. the run `season-2`, registered as version 2 and promoted

# 11. both versions, loaded by their roles
# holiday_forecasts = ...

# 12. version 1 archived
