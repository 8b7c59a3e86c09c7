"""Score lift trips as they arrive.

Upway looks after the lifts of a city. At the end of each trip a lift's controller sends an event
to the Kafka topic `lift-trips`. Its value is JSON text:

    {"trip_id": "D001", "lift_id": "L05", "motor_c": 61.4, "load_kg": 320.5, "travel_s": 17.2,
     "trip_at": "2026-03-02 06:14:05"}

`trip_at` is in UTC. Events come a little out of order, and some very late: a controller keeps them
while it has no network.

The registered model `lift-wear` tells the wear of a trip from `load_kg`, `travel_s` and `motor_c`;
its signature names them. The version that counts is the one in the stage Production (it has the
alias `champion`, too). The newest version is still being tried out.

The address of Kafka is in the environment variable KAFKA_BOOTSTRAP_SERVERS (here: `BROKER`). All
tables of this lab are Delta tables, given by the path of their folder. A topic or table holds what
has arrived so far, and more may come later. So each function that runs a query gets a folder for
that query's checkpoint, catches up with what is there, and returns when it has
(`trigger(availableNow=True)`, or `processAllAvailable()` and `stop()`). Called again with the same
arguments, it goes on where it ended.

Write five functions. A check calls `score_stream` for another topic, with a table of its own.

1. `read_trips(topic, at_most)`: the trips of a topic as a streaming DataFrame, from the topic's
   first event on, with the event's six fields as columns: three numbers (double), two texts, and
   `trip_at` as a timestamp. With `at_most`, no micro-batch has more events than that.
2. `score_stream(topic, table, checkpoint)`: append all trips of a topic to a table, with those
   six columns and a seventh, `wear`: what the model says of the trip. Load the model before (2a)
   and apply it with a UDF (2b).
3. `score_batches(topic, table, alerts, checkpoint)`: the same with `foreachBatch`, in
   micro-batches of at most 100 trips. The table has one more column, `batch_id`, the number of
   the micro-batch that brought the trip. Trips with a wear above ALARM are also appended to the
   table `alerts`, with the same columns.
4. `wear_by_window(source, table, checkpoint)`: read a table as written by `score_stream` as a
   stream. For each lift and each five minutes of `trip_at` (06:00 to 06:05, and so on) append one
   row to `table`: `lift_id`, `start` and `end` (timestamps), `trips` (how many), `wear` (their
   mean). A trip is waited for ten minutes by the clock of the trips. A window is written once,
   when it is final, and a trip that comes after that is left out.
5. `publish(path, topic)`: send the lines of a text file, each of which is the JSON of an event, to
   a topic.

Then work through the morning, one step after the other:

6. Score `lift-trips` into the table SCORED, and SCORED by window into WINDOWS.
7. A controller is back in the network: publish `late_trips.jsonl` of INPUTS to `lift-trips`.
8. Repeat step 6: only what is new is added.
9. Score `lift-trips` in batches into NUMBERED and ALERTS.

Keep checkpoints wherever you want below /workspace/checkpoints.
"""

import os
from typing import Any

from pyspark.sql import DataFrame

spark: Any  # provided
BROKER = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
INPUTS = "/workspace/inputs"
SCORED = "/workspace/scored"
WINDOWS = "/workspace/windows"
NUMBERED = "/workspace/numbered"
ALERTS = "/workspace/alerts"
ALARM = 60.0


def read_trips(topic: str, at_most: int | None = None) -> DataFrame:
    """The trips of a topic as a stream, from its first event on."""
    raise NotImplementedError


def score_stream(topic: str, table: str, checkpoint: str) -> None:
    """Append every trip that was not scored yet to a table."""
    raise NotImplementedError


def score_batches(topic: str, table: str, alerts: str, checkpoint: str) -> None:
    """The same in numbered batches, with the worst trips in a table of their own, too."""
    raise NotImplementedError


def wear_by_window(source: str, table: str, checkpoint: str) -> None:
    """Append each lift's five minutes once no trip can join them any more."""
    raise NotImplementedError


def publish(path: str, topic: str) -> None:
    """Send each line of a file to a topic."""
    raise NotImplementedError


# 2a. Load the model.

# 6. Score the topic, and the scored trips by window.

# 7. Publish the late trips.

# 8. Step 6 again.

# 9. Score the topic in batches.
