"""Rides of three days, two more ride files, and Delta tables with a known past."""

from __future__ import annotations

import csv
import datetime
import json
import os
import pathlib
import random
import time
from typing import Any

STATIONS = ["Quay", "Old Mill", "Stadium", "Garden", "Town Hall"]
HIDDEN = pathlib.Path("/workspace/hidden")
DAY = 86_400
#: Delta refuses to read what is older than removed files are kept: 7 days, if not told otherwise.
KEEP: dict[str, str | None] = {"delta.deletedFileRetentionDuration": "interval 36500 days"}


def make(rng: random.Random) -> dict[str, Any]:
    """All rows of the lab; no answers."""
    return {
        "days": {
            "monday": _rides(rng, "M", 42),
            "tuesday": _rides(rng, "T", 35),
            # Wednesday's job wrote metres where kilometres belong.
            "wednesday": [
                {**ride, "distance_km": round(ride["distance_km"] * 1000.0, 1)}
                for ride in _rides(rng, "W", 28)
            ],
        },
        "files": {"harbour": _rides(rng, "H", 12), "campus": _rides(rng, "C", 9)},
        "tables": {
            "docks": [
                _commit("append", "2025-03-03 06:00:00", rows=_docks(rng, 10)),
                _commit("append", "2025-03-05 06:00:00", rows=_docks(rng, 20)),
                _commit("delete", "2025-03-09 06:00:00", dock="D10"),
                _commit("append", "2025-03-10 06:00:00", rows=_docks(rng, 30)),
            ],
            "bikes": [
                _commit("append", "2025-08-11 21:00:00", rows=_docks(rng, 40)),
                _commit("delete", "2025-08-12 21:00:00", dock="D41"),
                _commit("delete", "2025-08-16 21:00:00", dock="D44"),
                _commit("overwrite", "2025-08-20 21:00:00", rows=_docks(rng, 50)),
            ],
        },
        # Each one replaces the one before.
        "repairs": [
            {"days_old": 20, "rows": _docks(rng, 60)},
            {"days_old": 15, "rows": _docks(rng, 70)},
            {"days_old": 5, "rows": _docks(rng, 80)},
            {"days_old": 2, "rows": _docks(rng, 90)},
        ],
    }


def prepare(data: dict[str, Any], inputs: pathlib.Path) -> None:
    """Write the CSV files and the tables."""
    for day, rides in data["days"].items():
        _write_csv(inputs / f"rides_{day}.csv", rides)
    for name, rides in data["files"].items():
        _write_csv(HIDDEN / f"{name}.csv", rides)
    for name, commits in data["tables"].items():
        times = [datetime.datetime.fromisoformat(f"{c['at']}+00:00").timestamp() for c in commits]
        _write_table(HIDDEN / name, commits, times, KEEP)
    now = time.time()
    _write_table(
        HIDDEN / "repairs",
        [{"do": "overwrite", "rows": generation["rows"]} for generation in data["repairs"]],
        [now - generation["days_old"] * DAY for generation in data["repairs"]],
    )


def _rides(rng: random.Random, prefix: str, count: int) -> list[dict[str, Any]]:
    rides = []
    for number in range(1, count + 1):
        minutes = rng.randint(5, 55)
        distance = round(minutes / 60 * rng.uniform(8, 22), 2)
        ride_id = f"{prefix}{number:03d}"
        station = rng.choice(STATIONS)
        rides.append(
            {"ride_id": ride_id, "station": station, "minutes": minutes, "distance_km": distance}
        )
    return rides


def _docks(rng: random.Random, first: int) -> list[dict[str, Any]]:
    return [{"dock": f"D{first + i}", "bikes": rng.randint(0, 24)} for i in range(6)]


def _commit(do: str, at: str, **what: Any) -> dict[str, Any]:
    return {"do": do, "at": at, **what}


def _write_csv(path: pathlib.Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _write_table(
    path: pathlib.Path,
    commits: list[dict[str, Any]],
    times: list[float],
    properties: dict[str, str | None] | None = None,
) -> None:
    """A Delta table of these commits, each made at its time (seconds since 1970)."""
    import pyarrow
    from deltalake import DeltaTable, write_deltalake

    for commit, at in zip(commits, times, strict=True):
        old = set(path.rglob("*"))
        if commit["do"] == "delete":
            DeltaTable(path).delete(f"dock = '{commit['dock']}'")
        else:
            rows = pyarrow.Table.from_pylist(commit["rows"])
            write_deltalake(path, rows, mode=commit["do"], configuration=properties)
        for file in set(path.rglob("*")) - old:
            if file.suffix == ".json":
                _redate(file, round(at * 1000))
            os.utime(file, (at, at))


def _redate(log: pathlib.Path, at: int) -> None:
    """Move a commit to another time (ms). Spark itself goes by the file's date."""
    actions = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    for action in actions:
        for what, field in (
            ("commitInfo", "timestamp"),
            ("metaData", "createdTime"),
            ("add", "modificationTime"),
            ("remove", "deletionTimestamp"),
        ):
            if what in action:
                action[what][field] = at
    log.write_text("".join(f"{json.dumps(a)}\n" for a in actions), encoding="utf-8")
