"""What the tables must hold, and how the scoring does on a topic of ours."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from grader.labs import Lab, points
from grader.labs.lab import DeltaTable

SCORED, NUMBERED = "/workspace/scored", "/workspace/numbered"
ALERTS, WINDOWS = "/workspace/alerts", "/workspace/windows"
INPUTS = ("load_kg", "travel_s", "motor_c")
ALARM = 60.0
AT_MOST = 100
WINDOW = datetime.timedelta(minutes=5)
DELAY = datetime.timedelta(minutes=10)
TRIP = Mapping[str, Any]


@points(2, hint="Where does a new query begin in a topic, unless it is told? See startingOffsets.")
def test_every_trip_of_the_day_is_scored(lab: Lab) -> None:
    """The events that were in the topic before the query began."""
    found = _ids(lab.delta(SCORED).rows())
    due = _ids(lab.data["day"])
    missing = due - found.keys()
    assert not missing, (
        f"{len(missing)} of the {len(due)} trips that were in the topic from the start are not in"
        " the table scored"
    )


@points(2, hint="The events have their moment as text; Spark has a function that reads it.")
def test_trips_have_their_types(lab: Lab) -> None:
    """A timestamp, numbers, and the values of the events."""
    table = lab.delta(SCORED)
    kinds = {"trip_id": "string", "lift_id": "string", **dict.fromkeys(INPUTS, "double")}
    for column, kind in kinds.items():
        got = table.schema.get(column, "missing")
        assert got == kind, f"the column {column} of scored must be {kind}; it is {got}"
    got = table.schema.get("trip_at", "missing")
    assert got.startswith("timestamp"), f"the column trip_at must be a timestamp; it is {got}"
    sent = {trip["trip_id"]: trip for trip in lab.data["day"]}
    rows = [row for row in table.rows() if row["trip_id"] in sent]
    assert rows, "no trip of the day is in the table scored"
    for row in rows:
        trip = sent[row["trip_id"]]
        for column in ("lift_id", *INPUTS):
            assert row[column] == trip[column], (
                f"{column} of {trip['trip_id']} is {trip[column]}, not {row[column]}"
            )
        assert _moment(row["trip_at"]) == _moment(trip["trip_at"]), (
            f"trip_at of {trip['trip_id']} must be {trip['trip_at']}, in UTC"
        )


@points(3, hint="Which version is loaded, and by what names or positions does it get its inputs?")
def test_wear_is_what_the_production_model_says(lab: Lab) -> None:
    """A topic never seen before, in a table of its own."""
    place = "/workspace/hidden/harbour"
    lab.call(
        "score_stream",
        "lift-trips-harbour",
        f"{place}/scored",
        f"{place}/checkpoint",
        returns=object,
    )
    rows = lab.delta(f"{place}/scored").rows()
    sent = {trip["trip_id"]: trip for trip in lab.data["harbour"]}
    assert set(_ids(rows)) == set(sent), (
        f"of a topic with {len(sent)} trips {len(rows)} were written to the table"
    )
    _assert_wear(lab, rows, sent)


@points(2, hint="A checkpoint is what a query knows of its past: one a query, the same every time.")
def test_a_restart_repeats_nothing(lab: Lab) -> None:
    """Each trip is in the table once, though the query was started more than once."""
    found = _trips_of(lab, SCORED)
    assert found, "the table scored has no trips"
    twice = [trip for trip, count in found.items() if count > 1]
    assert not twice, f"{len(twice)} trips are in the table scored more than once"


@points(1, hint="The value of an event is the JSON text itself, in the form that you read it.")
def test_late_trips_are_published_and_scored(lab: Lab) -> None:
    """The file's trips went through the topic into the table."""
    late = {trip["trip_id"]: trip for trip in lab.data["late"]}
    rows = [row for row in lab.delta(SCORED).rows() if row.get("trip_id") in late]
    missing = len(late) - len(_ids(rows))
    assert not missing, f"{missing} of the {len(late)} late trips are not in the table scored"
    for row in rows:
        trip = late[row["trip_id"]]
        assert row["load_kg"] == trip["load_kg"], (
            f"load_kg of {trip['trip_id']} is {trip['load_kg']}, not {row['load_kg']}"
        )


@points(2, hint="foreachBatch hands over a batch and its number; appending keeps earlier batches.")
def test_batches_are_numbered_and_kept(lab: Lab) -> None:
    """Every trip once, in batches of a limited size."""
    table = lab.delta(NUMBERED)
    rows = table.rows()
    found = _trips_of(lab, NUMBERED)
    # Whether late trips were published is judged elsewhere.
    missing = _ids(lab.data["day"]) - found
    assert not missing, (
        f"the table numbered must have all trips; {len(missing)} of the day are missing"
    )
    twice = [trip for trip, count in found.items() if count > 1]
    assert not twice, f"{len(twice)} trips are in the table numbered more than once"
    kind = table.schema.get("batch_id", "missing")
    assert kind in ("integer", "long"), f"the column batch_id must be a whole number; it is {kind}"
    sizes = Counter(row["batch_id"] for row in rows)
    assert len(sizes) > 1, f"{len(rows)} trips must come in more than one batch"
    assert max(sizes.values()) <= AT_MOST, (
        f"a batch must have at most {AT_MOST} trips; one has {max(sizes.values())}"
    )


@points(1, hint="The same batch goes to two tables; one of them gets a part of it.")
def test_alerts_are_the_worst_trips(lab: Lab) -> None:
    """Exactly those of the numbered trips that are above the alarm."""
    rows = [row for row in lab.delta(NUMBERED).rows() if row.get("trip_id")]
    assert rows, "the table numbered has no trips"
    assert all(isinstance(row.get("wear"), float) for row in rows), (
        "the table numbered must have a wear for every trip"
    )
    due = {row["trip_id"] for row in rows if row["wear"] > ALARM}
    found = _ids(lab.delta(ALERTS).rows())
    assert set(found) == due, (
        f"{len(due)} trips of the table numbered have a wear above {ALARM:.0f}; alerts has"
        f" {len(found)} trips, {len(due & set(found))} of these among them"
    )
    assert max(found.values()) == 1, "trips are in the table alerts more than once"


@points(1, hint="Only one output mode writes a window when it is final, and never again.")
def test_windows_are_written_once_and_final(lab: Lab) -> None:
    """Those that the watermark has passed, and none of the others."""
    due = set(_windows(lab))
    found = Counter(_window(row) for row in _rows_of(lab.delta(WINDOWS)))
    twice = [window for window, count in found.items() if count > 1]
    assert not twice, f"{len(twice)} windows are in the table windows more than once"
    early = found.keys() - due
    assert not early, (
        f"{len(early)} windows are in the table that are not final, or that are no five minutes of"
        f" any lift's trips, such as the one of {_told(early)}"
    )
    missing = due - found.keys()
    assert not missing, (
        f"{len(missing)} final windows are missing, such as the one of {_told(missing)}"
    )


@points(2, hint="The watermark says how long an event is waited for, by the events' own clock.")
def test_windows_wait_for_late_trips_and_not_for_ever(lab: Lab) -> None:
    """Number and mean wear of each window's trips: those up to ten minutes late count."""
    due = _windows(lab)
    rows = {_window(row): row for row in _rows_of(lab.delta(WINDOWS))}
    both = sorted(due.keys() & rows.keys())
    assert both, "the table windows has no final window"
    wear = {row["trip_id"]: row.get("wear") for row in lab.delta(SCORED).rows()}
    for window in both:
        trips, row = due[window], rows[window]
        assert row["trips"] == len(trips), (
            f"the window of {_told([window])} has {len(trips)} trips in time, not {row['trips']}"
        )
        known = [value for t in trips if isinstance(value := wear.get(t["trip_id"]), float)]
        assert len(known) == len(trips) and isinstance(row["wear"], float), (
            f"the window of {_told([window])} and each of its trips must have a wear"
        )
        mean = sum(known) / len(known)
        assert abs(row["wear"] - mean) < 0.01, (
            f"the trips of the window of {_told([window])} have a mean wear of {mean:.2f}, not"
            f" {row['wear']:.2f}"
        )


def _windows(lab: Lab) -> dict[tuple[str, datetime.datetime], list[TRIP]]:
    """The final windows and their trips, as a watermark of ten minutes has it."""
    # Whether all trips were scored is judged elsewhere.
    known = _trips_of(lab, SCORED)
    day, late = (
        [(_moment(trip["trip_at"]), trip) for trip in lab.data[name] if trip["trip_id"] in known]
        for name in ("day", "late")
    )
    assert day or late, "there are no trips in the table scored, so no windows"
    before = max(at for at, _ in day) - DELAY if day else datetime.datetime.min
    after = max(at for at, _ in [*day, *late]) - DELAY
    in_time = [*day, *((at, trip) for at, trip in late if _begin(at) + WINDOW > before)]
    found: dict[tuple[str, datetime.datetime], list[TRIP]] = {}
    for at, trip in in_time:
        if _begin(at) + WINDOW <= after:
            found.setdefault((trip["lift_id"], _begin(at)), []).append(trip)
    return found


def _begin(at: datetime.datetime) -> datetime.datetime:
    return at - datetime.timedelta(minutes=at.minute % 5, seconds=at.second)


def _rows_of(table: DeltaTable) -> list[dict[str, Any]]:
    """The windows, if they have what the task asks for."""
    for column in ("lift_id", "start", "end", "trips", "wear"):
        assert column in table.schema, f"the table windows has no column {column}"
    for column in ("start", "end"):
        kind = table.schema[column]
        assert kind.startswith("timestamp"), f"{column} must be a timestamp; it is {kind}"
    rows = table.rows()
    assert rows, "the table windows is empty"
    return rows


def _window(row: TRIP) -> tuple[str, datetime.datetime]:
    return row["lift_id"], _moment(row["start"])


def _told(windows: Iterable[tuple[str, datetime.datetime]]) -> str:
    lift, start = min(windows)
    return f"{lift} from {start:%H:%M}"


def _assert_wear(lab: Lab, rows: Sequence[TRIP], sent: Mapping[str, TRIP]) -> None:
    """Each row has the wear that the production version computes."""
    model = lab.data["models"][0]
    for row in rows:
        trip = sent[row["trip_id"]]
        due = _wear(model, [trip[name] for name in INPUTS])
        got = row.get("wear")
        assert isinstance(got, float), "the column wear must be a number for every trip"
        assert abs(got - due) < 0.01, f"the wear of {trip['trip_id']} is {due:.2f}, not {got:.2f}"


def _wear(model: Mapping[str, Any], values: Sequence[float]) -> float:
    terms = (w * v for w, v in zip(model["weights"], values, strict=True))
    return float(sum(terms) + model["intercept"])


def _trips_of(lab: Lab, table: str) -> Counter[str]:
    """How often each trip of the topic is in a table; what is no trip does not count."""
    sent = _ids([*lab.data["day"], *lab.data["late"]])
    found = _ids(lab.delta(table).rows())
    return Counter({trip: count for trip, count in found.items() if trip in sent})


def _ids(rows: Iterable[TRIP]) -> Counter[str]:
    return Counter(str(row.get("trip_id")) for row in rows)


def _moment(text: Any) -> datetime.datetime:
    """A moment in UTC; the form that a table's and an event's have in common."""
    try:
        at = datetime.datetime.fromisoformat(str(text))
    except ValueError as error:
        raise AssertionError(f"{str(text)[:40]!r} is no moment") from error
    return at.astimezone(datetime.UTC).replace(tzinfo=None) if at.tzinfo else at
