"""Run a Delta table through a bad week.

Spokes is a small bike-share operator. Every night a job drops a CSV file with the day's rides,
and you keep them in one Delta table, `rides`. Monday and Tuesday go well. On Wednesday the job
writes its distances in metres, and you find out only after the file is loaded.

A ride file has a header and the columns ride_id, station, minutes and distance_km. The files are
in `INPUTS`: rides_monday.csv, rides_tuesday.csv and rides_wednesday.csv.

Write the five functions. They are called with other files and other tables than yours, given by
their path (for a table: the path of its folder).

    read_rides    Read a ride file. The result has the file's four columns, minutes and distance
                  as numbers, and a fifth, `speed_kmh`: the ride's speed in kilometres per hour.
    operations    The names of a table's operations as its history tells them ("WRITE", ...), one
                  for each version, the oldest first.
    at_version    All rows of a table as they were at a version.
    as_of         All rows of a table as they were at a moment, such as "2025-03-04 12:00:00" (UTC).
    clean_up      Remove from disk what the table no longer needs, and keep what Delta keeps by
                  default: every version of the last 7 days must stay readable.

Then work through the week, one step after the other:

    1. Create the table `rides` from Monday's file, as read by `read_rides`. Let Spark decide where
       it is stored (that is the folder `RIDES`). It is a Delta table and its first rows are
       Monday's, nothing else.
    2. Read the table back: `monday_km` is the number of kilometres ridden on Monday, a float.
    3. Append Tuesday's rides in one commit.
    4. Riders ask for rides by station. Optimize the table's files, Z-ordered by `station`.
    5. Append Wednesday's file the same way, as the night's job would: all of it, as it is.
    6. Undo that with one RESTORE, to the version just before Wednesday's load. Both days and
       the work of step 4 stay, and so does the history.

Leave `rides` otherwise alone: `clean_up` is for other tables.
"""

from typing import Any

from pyspark.sql import DataFrame

spark: Any  # provided
INPUTS = "/workspace/inputs"
RIDES = "/workspace/warehouse/rides"


def read_rides(path: str) -> DataFrame:
    """The rides of a CSV file, with their speed."""
    raise NotImplementedError


def operations(path: str) -> list[str]:
    """What each commit of a Delta table did, oldest first."""
    raise NotImplementedError


def at_version(path: str, version: int) -> DataFrame:
    """A Delta table as it was at a version."""
    raise NotImplementedError


def as_of(path: str, timestamp: str) -> DataFrame:
    """A Delta table as it was at a moment, in UTC."""
    raise NotImplementedError


def clean_up(path: str) -> None:
    """Remove data files that no version of the last 7 days needs."""
    raise NotImplementedError


# Step 1: create the Delta table `rides` from Monday's file.

# Step 2: read it back.
# monday_km = ...

# Step 3: append Tuesday.

# Step 4: optimize, Z-ordered by station.

# Step 5: append Wednesday, broken as it is.

# Step 6: restore the version just before it.
