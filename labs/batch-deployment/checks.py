"""What the forecasts must be: sums that the models were made of, and tables that hold them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from grader.labs import Lab, points

FORECASTS = "heating.forecasts"
FRIDAY = "2026-01-16"
ROW = dict[str, Any]
#: Enough for an answer rounded to two digits, and far below what any mistake makes.
NEAR = 0.01


@points(2, hint="A model URI can name a stage or an alias in place of a version.")
def test_the_model_in_production_forecasts(lab: Lab) -> None:
    """Two models, whose versions in Production have different numbers."""
    for name, table in (("heat_demand", "readings"), ("pump_power", "pumps")):
        inputs = _inputs(lab, name)
        whole = [row for row in lab.data[table] if all(row[i] is not None for i in inputs)]
        rows = [{i: row[i] for i in reversed(inputs)} for row in whole[:4]]
        got: list[float] = lab.call("production_forecasts", name, rows, returns=list[float])
        assert len(got) == len(rows), f"{len(rows)} rows need as many forecasts; got {len(got)}"
        for row, value in zip(rows, got, strict=True):
            due = _predicted(lab, name, row)
            assert abs(value - due) < NEAR, (
                f"{name} in Production forecasts {due:.2f} for {row}, not {value:.2f}"
                f"{_which(lab, name, row, value)}"
            )


@points(2, hint="A struct of columns reaches a pandas UDF as a DataFrame, one row for each row.")
def test_forecast_scores_every_reading(lab: Lab) -> None:
    """Two mild days, some of whose readings have gaps."""
    readings = lab.data["mild"]
    found = _by(_forecast(lab), "day", "building_id")
    _same_keys(found, _by(readings, "day", "building_id"), "readings")
    for key, row in _by(readings, "day", "building_id").items():
        due = max(0.0, _predicted(lab, "heat_demand", row))
        _assert_near(found[key], "forecast_mwh", due, _told(row, _inputs(lab, "heat_demand")))


@points(1, hint="What a UDF gives is text, unless its type is declared.")
def test_forecasts_are_numbers_beside_the_readings(lab: Lab) -> None:
    """The columns of the result, and the type of the new one."""
    rows = _forecast(lab)
    assert rows, "forecast gave no rows"
    expected = {*lab.data["mild"][0], "forecast_mwh"}
    lost = sorted(expected - set(rows[0]))
    assert not lost, f"the result of forecast lacks {', '.join(lost)}"
    kinds = {type(row["forecast_mwh"]).__name__ for row in rows}
    assert kinds <= {"float", "int"}, f"forecast_mwh must be a number; got {_list(kinds)}"


@points(2, hint="Does the model get its columns by their names, or only in some order?")
def test_score_gives_a_model_its_columns(lab: Lab) -> None:
    """A model that the task does not know, and a table with its columns in another order."""
    pumps = lab.data["pumps"]
    rows: list[ROW] = lab.call("score", "archive.pumps", "pump_power", returns=list[ROW])
    found = _by(rows, "pump")
    _same_keys(found, _by(pumps, "pump"), "pumps")
    for key, row in _by(pumps, "pump").items():
        due = _predicted(lab, "pump_power", row)
        _assert_near(found[key], "prediction", due, _told(row, _inputs(lab, "pump_power")))


@points(1, hint="A writer can be told by which columns to lay out the files.")
def test_forecasts_are_partitioned_by_day(lab: Lab) -> None:
    """How the table is laid out."""
    found = list(lab.delta(FORECASTS).partitions)
    assert [name.lower() for name in found] == ["day"], (
        f"heating.forecasts must be partitioned by day; its partitions are {_list(found)}"
    )


@points(2, hint="Which mode of a write leaves the rows that are there already?")
def test_friday_is_appended(lab: Lab) -> None:
    """Monday to Thursday came first, and stayed when Friday's rows came."""
    table = lab.delta(FORECASTS)
    states = [_days(table.rows(version)) for version in range(table.version + 1)]
    number = next((n for n, days in enumerate(states) if FRIDAY in days), None)
    assert number is not None, "no version of heating.forecasts has Friday's forecasts"
    earlier = sorted({row["day"] for row in lab.data["readings"]} - {FRIDAY})
    before = sorted(set(states[number - 1])) if number else []
    assert before == earlier, (
        f"before Friday's forecasts come, the table must have those of {_list(earlier)};"
        f" it has {_list(before)}"
    )
    assert states[number] == sorted([*states[number - 1], *_days(_friday(lab))]), (
        f"Friday's {len(_friday(lab))} rows must be added to the {len(states[number - 1])}"
        f" that are there; then there are {len(states[number])}"
    )


@points(2, hint="Compare the table's rows with the readings: is any missing, or there twice?")
def test_the_table_has_the_week_once(lab: Lab) -> None:
    """Every reading of the week has its forecast, and only one."""
    readings = _by(lab.data["readings"], "day", "building_id")
    rows = lab.delta(FORECASTS).rows()
    found = _by(rows, "day", "building_id")
    _same_keys(found, readings, "readings")
    assert len(rows) == len(found), (
        f"{len(rows) - len(found)} of the {len(rows)} rows of heating.forecasts are there twice"
    )
    for key, row in readings.items():
        due = max(0.0, _predicted(lab, "heat_demand", row))
        _assert_near(found[key], "forecast_mwh", due, _told(row, _inputs(lab, "heat_demand")))


@points(1, hint="OPTIMIZE has a clause for what rows to keep close, and works on all days at once.")
def test_the_table_is_z_ordered_by_building(lab: Lab) -> None:
    """An OPTIMIZE of all partitions, or one of each."""
    ordered = [
        commit["parameters"]
        for commit in lab.delta(FORECASTS).history
        if commit["operation"] == "OPTIMIZE"
        and "building_id" in commit["parameters"].get("zOrderBy", "").lower()
    ]
    assert ordered, "the history of heating.forecasts has no OPTIMIZE that Z-orders by building_id"
    which = [parameters.get("predicate", "[]") for parameters in ordered]
    if "[]" not in which:
        left = sorted({day for day in _days(lab.data["readings"]) if day not in " ".join(which)})
        assert not left, f"OPTIMIZE left out some partitions: {_list(left)}"


@points(2, hint="What does score_batch do with a feature that is among the columns it is given?")
def test_requests_are_scored_with_features_of_the_store(lab: Lab) -> None:
    """Requests with outdated floors, two of them for buildings that the store does not know."""
    rows: list[ROW] = lab.call("score_requests", "archive.late_requests", returns=list[ROW])
    _assert_requests(lab, rows, lab.data["late_requests"])


@points(1, hint="Step 8 saves what score_requests gives under a name of its own.")
def test_the_forecasts_of_requests_are_saved(lab: Lab) -> None:
    """The table of step 8 has each request of the week, with a number."""
    rows = lab.delta("heating.request_forecasts").rows()
    requests = _by(lab.data["requests"], "request_id")
    found = _by(rows, "request_id")
    known = {b["building_id"] for b in lab.data["buildings"]}
    due = {key: request for key, request in requests.items() if request["building_id"] in known}
    lacking = sorted(key[0] for key in due.keys() - found.keys())
    assert not lacking, f"{len(lacking)} of {len(due)} requests have no row: {_list(lacking[:3])}"
    numbers = [row.get("prediction") for row in rows]
    assert all(isinstance(n, float | int) for n in numbers), (
        "each request needs a number, `prediction`"
    )


def _inputs(lab: Lab, name: str) -> list[str]:
    """A model's columns, in its order."""
    return list(lab.data["models"][name]["rows"][0])


def _predicted(lab: Lab, name: str, row: Mapping[str, Any], stage: str = "Production") -> float:
    """What a model says: a weighted sum, with the median of its own rows for what is missing."""
    model = lab.data["models"][name]
    version = next(v for v in model["versions"] if v["stage"] == stage)
    total: float = version["intercept"]
    for column, weight in zip(_inputs(lab, name), version["weights"], strict=True):
        value = row.get(column)
        if value is None:
            value = statistics.median(r[column] for r in model["rows"])
        total += weight * value
    return total


def _which(lab: Lab, name: str, row: Mapping[str, Any], value: float) -> str:
    """Which other version an answer is of, if any."""
    for version in lab.data["models"][name]["versions"]:
        if abs(_predicted(lab, name, row, version["stage"]) - value) < NEAR:
            return f", which is what the version in {version['stage']} says"
    return ""


def _forecast(lab: Lab) -> list[ROW]:
    rows: list[ROW] = lab.call_once("forecast", "archive.mild", returns=list[ROW])
    return rows


def _assert_requests(lab: Lab, rows: Sequence[ROW], requests: Sequence[Mapping[str, Any]]) -> None:
    buildings = {b["building_id"]: b for b in lab.data["buildings"]}
    found = _by(rows, "request_id")
    _same_keys(found, _by(requests, "request_id"), "requests")
    for request in requests:
        features = buildings.get(request["building_id"], {})
        row = {"outdoor_c": request["outdoor_c"], **features}
        known = "" if features else ", which the store does not know,"
        what = f"building {request['building_id']}{known} at {request['outdoor_c']} degrees"
        due = _predicted(lab, "heat_by_building", row)
        _assert_near(found[(request["request_id"],)], "prediction", due, what)


def _assert_near(row: Mapping[str, Any], column: str, due: float, what: str) -> None:
    assert column in row, f"the rows have no column {column!r}"
    try:
        value = float(row[column])  # that it must be no text is for another check to say
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{column} must be {due:.2f} for {what}; got {row[column]}") from error
    assert abs(value - due) < NEAR, f"{column} must be {due:.2f} for {what}; got {value:.2f}"


def _by(rows: Iterable[Mapping[str, Any]], *columns: str) -> dict[tuple[str, ...], ROW]:
    """Rows by what tells them apart."""
    return {tuple(str(row.get(column)) for column in columns): dict(row) for row in rows}


def _same_keys(
    found: Mapping[tuple[str, ...], ROW], due: Mapping[tuple[str, ...], ROW], what: str
) -> None:
    missing = sorted(due.keys() - found.keys())
    assert not missing, (
        f"{len(missing)} of {len(due)} {what} have no row, such as {' '.join(missing[0])}"
    )
    strange = sorted(found.keys() - due.keys())
    assert not strange, f"a row is of none of the {what}: {' '.join(strange[0])}"


def _friday(lab: Lab) -> list[ROW]:
    return [row for row in lab.data["readings"] if row["day"] == FRIDAY]


def _days(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The day of each row, sorted."""
    return sorted(str(row.get("day")) for row in rows)


def _told(row: Mapping[str, Any], columns: Iterable[str]) -> str:
    return ", ".join(f"{column} {row[column]}" for column in columns)


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
