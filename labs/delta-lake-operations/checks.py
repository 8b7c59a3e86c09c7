"""What the week must have left behind, and what the functions answer for tables of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from grader.labs import Lab, points
from grader.labs.lab import DeltaTable

HIDDEN = "/workspace/hidden"
COLUMNS = {"ride_id", "station", "minutes", "distance_km", "speed_kmh"}
#: Operations that can add rows and leave the others alone.
ADDING = ("WRITE", "MERGE", "STREAMING UPDATE")
RIDE = dict[str, str | float]
DOCK = dict[str, str | int]


@points(2, hint="Give the CSV reader a schema (or let it infer one), then derive the speed.")
def test_read_rides_adds_the_speed(lab: Lab) -> None:
    """Columns, numbers and speeds of two files."""
    for name, rides in lab.data["files"].items():
        got: list[RIDE] = lab.call("read_rides", f"{HIDDEN}/{name}.csv", returns=list[RIDE])
        assert _ids(got) == _ids(rides), f"the file has {len(rides)} rides; got {len(got)} rows"
        columns = set().union(*got)
        assert all(set(row) == COLUMNS for row in got), (
            f"columns must be {_told(COLUMNS)}; got {_told(columns)}"
        )
        rows = {row["ride_id"]: row for row in got}
        for ride in rides:
            row = rows[ride["ride_id"]]
            for column in ("minutes", "distance_km", "speed_kmh"):
                assert not isinstance(row[column], str), f"{column} must be a number, not text"
            speed = ride["distance_km"] * 60 / ride["minutes"]
            done = f"{ride['distance_km']} km in {ride['minutes']} minutes"
            assert abs(row["minutes"] - ride["minutes"]) < 1e-6, "minutes must stay as they are"
            assert abs(row["distance_km"] - ride["distance_km"]) < 1e-6, (
                "distance_km must stay as it is"
            )
            assert abs(row["speed_kmh"] - speed) < 0.06, (
                f"{done} are {speed:.2f} km/h, not {row['speed_kmh']:.2f}"
            )


@points(1, hint="Which write creates a table in the catalog, and in which format?")
def test_the_table_begins_with_monday(lab: Lab) -> None:
    """The first rows that `rides` ever had."""
    table = lab.delta("rides")
    versions = (table.rows(version) for version in range(table.version + 1))
    first: list[dict[str, Any]] = next((rows for rows in versions if rows), [])
    monday = lab.data["days"]["monday"]
    assert _ids(first) == _ids(monday), (
        f"the first rows must be the {len(monday)} of Monday's file; there are {len(first)} rows"
    )
    assert set(first[0]) >= COLUMNS, f"columns must be {_told(COLUMNS)}; got {_told(first[0])}"


@points(1, hint="Aggregate what the table holds after step 1, and keep the number.")
def test_monday_is_read_back(lab: Lab) -> None:
    """The kilometres of Monday."""
    ridden = sum(ride["distance_km"] for ride in lab.data["days"]["monday"])
    got: float = lab.value("monday_km", returns=float)
    assert abs(got - ridden) < 0.06, f"{ridden:.2f} km were ridden on Monday, not {got:.2f}"


@points(2, hint="A write's mode decides what becomes of the rows that are there already.")
def test_tuesday_is_appended(lab: Lab) -> None:
    """Tuesday's rows came in one commit and replaced nothing."""
    table = lab.delta("rides")
    tuesday = lab.data["days"]["tuesday"]
    version, before, after = _load(table, tuesday)
    commit = next(c for c in table.history if c["version"] == version)
    operation, mode = commit["operation"], commit["parameters"].get("mode", "Append")
    assert before, "Tuesday must be added to rows that are there already"
    assert operation in ADDING, f"Tuesday's commit must append; it is {operation}"
    assert mode == "Append", f"Tuesday's write must append; its mode is {mode}"
    assert after == sorted(before + _ids(tuesday)), (
        f"Tuesday's commit must add {len(tuesday)} rows to {len(before)}; then there are"
        f" {len(after)}"
    )
    now = _ids(table.rows())
    assert len(now) == len(set(now)), "rides are in the table twice: was a step run twice?"


@points(1, hint="DESCRIBE HISTORY and DeltaTable.history() begin with the newest version.")
def test_operations_tells_the_history(lab: Lab) -> None:
    """The operations of two tables."""
    for name, commits in lab.data["tables"].items():
        expected = ["DELETE" if c["do"] == "delete" else "WRITE" for c in commits]
        got: list[str] = lab.call("operations", f"{HIDDEN}/{name}", returns=list[str])
        assert got == expected, f"for a table with {expected}, oldest first, got {got}"


@points(1, hint="A read of a Delta table takes options; one of them is the version.")
def test_at_version_reads_that_version(lab: Lab) -> None:
    """An old version of each of two tables."""
    for (name, commits), version in zip(lab.data["tables"].items(), (0, 2), strict=True):
        states = _states(commits)
        got: list[DOCK] = lab.call("at_version", f"{HIDDEN}/{name}", version, returns=list[DOCK])
        assert _docks(got) == states[version], (
            f"asked for version {version} of {len(states)}, {_got(got, states)}"
        )


@points(2, hint="The version of a moment is the last one that was committed before it.")
def test_as_of_reads_that_moment(lab: Lab) -> None:
    """A moment half-way between two commits of each of two tables."""
    for (name, commits), version in zip(lab.data["tables"].items(), (2, 0), strict=True):
        states = _states(commits)
        times = [datetime.fromisoformat(commit["at"]) for commit in commits]
        moment = str(times[version] + (times[version + 1] - times[version]) / 2)
        got: list[DOCK] = lab.call("as_of", f"{HIDDEN}/{name}", moment, returns=list[DOCK])
        assert _docks(got) == states[version], (
            f"{moment} falls between versions {version} and {version + 1}; {_got(got, states)}"
        )


@points(1, hint="OPTIMIZE alone only makes files larger; something must say what to sort by.")
def test_files_are_z_ordered_by_station(lab: Lab) -> None:
    """An OPTIMIZE by station is in the history."""
    commits = [c for c in lab.delta("rides").history if c["operation"] == "OPTIMIZE"]
    assert commits, "the history of rides has no OPTIMIZE"
    orders = [re.findall(r'"([^"]+)"', c["parameters"].get("zOrderBy", "")) for c in commits]
    assert any([c.lower() for c in order] == ["station"] for order in orders), (
        f"OPTIMIZE must Z-order by station; the history has ZORDER BY {orders}"
    )


@points(2, hint="Find the version before the load in the history, and go back to just that.")
def test_restore_undoes_the_broken_load(lab: Lab) -> None:
    """Wednesday came whole, and a RESTORE took the table back to where it was."""
    table = lab.delta("rides")
    wednesday = lab.data["days"]["wednesday"]
    version, before, after = _load(table, wednesday)
    assert after == sorted(before + _ids(wednesday)), (
        f"Wednesday's load must add all {len(wednesday)} rows of its file to the table"
    )
    restores = [c for c in table.history if c["version"] > version and c["operation"] == "RESTORE"]
    assert restores, f"version {version} loads Wednesday, and no RESTORE comes after it"
    restored = _ids(table.rows(restores[-1]["version"]))
    assert restored == before, (
        f"before Wednesday's load there were {len(before)} rows; RESTORE leaves {len(restored)}"
    )
    named = restores[-1]["parameters"].get("version", "")
    target = int(named) if named.isdecimal() else version
    undone = [c["operation"] for c in table.history if target < c["version"] < version]
    assert "OPTIMIZE" not in undone, (
        f"RESTORE went to version {target}, which also undoes the OPTIMIZE after it;"
        f" Wednesday's load is version {version}"
    )


@points(2, hint="VACUUM has a default for how long removed files are kept, and good reasons.")
def test_clean_up_keeps_the_last_week(lab: Lab) -> None:
    """Of four generations of files, the one that was replaced 15 days ago goes."""
    path = f"{HIDDEN}/repairs"
    lab.call("clean_up", path, returns=object)
    ages = [generation["days_old"] for generation in lab.data["repairs"]]
    kept = 1 + sum(age <= 7 for age in ages[1:])
    files = lab.delta(path).files_on_disk
    assert files < len(ages), "a file that the table dropped 15 days ago is still on disk"
    assert files == kept, "files are gone that versions of the last 7 days need"


def _load(
    table: DeltaTable, rides: Sequence[Mapping[str, Any]]
) -> tuple[int, list[str], list[str]]:
    """The version that first has any of `rides`, and all ride ids before and after it."""
    wanted = set(_ids(rides))
    before: list[str] = []
    for version in range(table.version + 1):
        after = _ids(table.rows(version))
        if wanted & set(after):
            return version, before, after
        before = after
    raise AssertionError(f"no version of rides has the rides {min(wanted)} to {max(wanted)}")


def _states(commits: Sequence[Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
    """The rows of a table after each of its commits."""
    states: list[list[dict[str, Any]]] = []
    rows: list[dict[str, Any]] = []
    for commit in commits:
        if commit["do"] == "delete":
            rows = [row for row in rows if row["dock"] != commit["dock"]]
        else:
            rows = [*commit["rows"], *(rows if commit["do"] == "append" else [])]
        states.append(_docks(rows))
    return states


def _ids(rides: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted(str(ride.get("ride_id")) for ride in rides)


def _docks(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return sorted((dict(row) for row in rows), key=lambda row: str(row.get("dock")))


def _got(rows: list[dict[str, Any]], states: list[list[dict[str, Any]]]) -> str:
    """Which of the table's states an answer is."""
    same = [number for number, state in enumerate(states) if state == _docks(rows)]
    return f"got version {same[0]}" if same else f"got {len(rows)} rows of no version"


def _told(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
