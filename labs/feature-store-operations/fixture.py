"""Surveys of pumps, groundwater levels, and visits to train on and to be asked about."""

from __future__ import annotations

import datetime
import pathlib
import random
from typing import Any

DISTRICTS = ["Arden", "Brook", "Calder", "Dunmore"]
HIDDEN = pathlib.Path("/workspace/hidden")
START = datetime.datetime(2024, 1, 3, 6, 0)
MINUTE = datetime.timedelta(minutes=1)
#: A measurement older than this is too old.
WINDOW = datetime.timedelta(days=30)


def make(rng: random.Random) -> dict[str, Any]:
    """All tables; what is due for the hidden ones is left to the checks."""
    pumps = [_pump(rng, number) for number in range(1, 41)]
    again = [p["pump_id"] for p in rng.sample(pumps, 14)] + [f"P{n:03}" for n in range(41, 47)]
    resurvey = [_surveyed(rng, pump_id) for pump_id in again]
    # Counting before the merge must give another number.
    while _busy(pumps) == _busy([*{p["pump_id"]: p for p in [*pumps, *resurvey]}.values()]):
        resurvey = [_surveyed(rng, pump_id) for pump_id in again]
    levels = {district: _levels(rng) for district in DISTRICTS}
    known = {p["pump_id"]: p for p in [*pumps, *resurvey]}
    used: set[float] = set()
    visits = [_visit(rng, known, levels, used, n) for n in _pump_ids(rng, list(known), 160)]
    asked = [_visit(rng, known, levels, used, n) for n in rng.sample(sorted(known), 20)]
    return {
        "pumps": pumps,
        "resurvey": resurvey,
        "levels": [
            {"district": district, "measured_at": at.isoformat(), "level_m": level}
            for district, found in levels.items()
            for at, level in found
        ],
        "visits": visits,
        "odd_visits": _odd_visits(rng, sorted(known), levels, used),
        "asked": asked,
    }


def prepare(data: dict[str, Any], inputs: pathlib.Path) -> None:
    """Write the tables; those of `hidden` are for calls."""
    for name in ("pumps", "resurvey", "levels", "visits"):
        _write(inputs / name, data[name])
    _write(HIDDEN / "visits", [*data["odd_visits"], *data["asked"]])
    keys = [{k: v for k, v in row.items() if k != "yield_lph"} for row in data["asked"]]
    _write(HIDDEN / "keys", keys)


def _pump(rng: random.Random, number: int) -> dict[str, Any]:
    return {**_surveyed(rng, f"P{number:03}"), "age_years": rng.randint(1, 40)}


def _busy(pumps: list[dict[str, Any]]) -> int:
    return sum(pump["strokes_per_day"] > 500 for pump in pumps)


def _surveyed(rng: random.Random, pump_id: str) -> dict[str, Any]:
    return {
        "pump_id": pump_id,
        "strokes_per_day": rng.randint(80, 950),
        "water_ph": round(rng.uniform(5.6, 8.4), 2),
    }


def _levels(rng: random.Random) -> list[tuple[datetime.datetime, float | None]]:
    """Levels of a district, oldest first: one without a value, and once nothing for 45 days."""
    found: list[tuple[datetime.datetime, float | None]] = []
    at = START + datetime.timedelta(days=rng.randint(0, 5))
    silent, broken = rng.sample(range(3, 12), 2)
    for i in range(15):
        level = None if i == broken else round(rng.uniform(1.5, 14.0), 2)
        found.append((at, level))
        days = 45 if i == silent else rng.randint(6, 14)
        at += datetime.timedelta(days=days, minutes=rng.randint(0, 700))
    return found


def _pump_ids(rng: random.Random, pumps: list[str], count: int) -> list[str]:
    return [rng.choice(pumps) for _ in range(count)]


def _visit(
    rng: random.Random,
    pumps: dict[str, Any],
    levels: dict[str, list[tuple[datetime.datetime, float | None]]],
    used: set[float],
    pump_id: str,
) -> dict[str, Any]:
    """A visit when pump and level were known."""
    district = _district(pump_id)
    found = levels[district]
    place = rng.choice([i for i, (_, level) in enumerate(found[:-1]) if level is not None])
    at, level = found[place]
    end = min(found[place + 1][0], at + WINDOW)
    at += MINUTE * rng.randint(1, int((end - at) / MINUTE) - 1)
    pump = pumps[pump_id]
    due = 1300 - 0.9 * pump["strokes_per_day"] + 30 * (level or 0) + 30 * (pump["water_ph"] - 7)
    return _row(pump_id, district, at, due + rng.uniform(-20, 20), used)


def _odd_visits(
    rng: random.Random,
    pumps: list[str],
    levels: dict[str, list[tuple[datetime.datetime, float | None]]],
    used: set[float],
) -> list[dict[str, Any]]:
    """Visits around every border: of a measurement, of the window, of what is known."""
    rows = []
    for district, found in levels.items():
        gap = next(i for i in range(14) if found[i + 1][0] - found[i][0] > WINDOW)
        none = next(i for i in range(15) if found[i][1] is None)
        other = next(i for i in (1, 2, 12) if i not in (gap, none))
        times = [
            found[0][0] - MINUTE,
            found[other][0],
            found[other][0] - MINUTE,
            found[gap][0] + WINDOW,
            found[gap][0] + WINDOW + MINUTE,
            found[none][0] + MINUTE,
            found[-1][0] + datetime.timedelta(days=10),
        ]
        mine = [p for p in pumps if _district(p) == district]
        for at in times:
            rows.append(_row(rng.choice(mine), district, at, rng.uniform(400, 1600), used))
        unseen = f"P9{DISTRICTS.index(district):02}"
        rows.append(_row(unseen, district, found[5][0] + MINUTE, rng.uniform(400, 1600), used))
    return rows


def _district(pump_id: str) -> str:
    return DISTRICTS[int(pump_id[1:]) % len(DISTRICTS)]


def _row(
    pump_id: str, district: str, at: datetime.datetime, due: float, used: set[float]
) -> dict[str, Any]:
    """A visit; no two have the same yield, so that a row can be told by it."""
    measured = round(due, 1)
    while measured in used:
        measured = round(measured + 0.1, 1)
    used.add(measured)
    at_text = at.isoformat()
    return {"pump_id": pump_id, "district": district, "visited_at": at_text, "yield_lph": measured}


def _write(path: pathlib.Path, rows: list[dict[str, Any]]) -> None:
    """A Delta table of these rows; times are UTC."""
    import pyarrow
    from deltalake import write_deltalake

    whole = [
        {
            k: datetime.datetime.fromisoformat(v).replace(tzinfo=datetime.UTC)
            if k.endswith("_at")
            else v
            for k, v in row.items()
        }
        for row in rows
    ]
    write_deltalake(path, pyarrow.Table.from_pylist(whole))
