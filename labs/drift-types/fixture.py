"""Crates of apples of two seasons, columns for the functions, and seasons that drift in one way."""

from __future__ import annotations

import csv
import pathlib
import random
from collections.abc import Mapping, Sequence
from typing import Any

NUMERIC = {"weight_g": (165.0, 22.0), "sugar_brix": (12.4, 1.1), "firmness_kg": (7.1, 0.8)}
#: Crates of each variety in 200, and how many of 100 such crates are premium.
CROP = {"Aroma": 80, "Elstar": 60, "Discovery": 40, "Ingrid": 20}
PREMIUM = {"Aroma": 80, "Elstar": 40, "Discovery": 55, "Ingrid": 30, "Rubin": 60}

Table = dict[str, list[Any]]


def make(rng: random.Random) -> dict[str, Any]:
    """The two seasons of the files, columns of other things, and pairs of other seasons."""
    return {
        "reference": _season(rng, rows=400),
        "current": _season(
            rng,
            rows=300,
            crop={"Aroma": 90, "Elstar": 60, "Ingrid": 20, "Rubin": 30},
            premium={**PREMIUM, "Aroma": 50, "Elstar": 75},
            shifts={"weight_g": 1.1, "sugar_brix": -0.35},
            missing={"firmness_kg": 0.14},
        ),
        "columns": [
            _columns(rng, sizes=(9, 13), spreads=(2.0, 9.0)),
            _columns(rng, sizes=(14, 7), spreads=(30.0, 4.0)),
            _columns(rng, sizes=(8, 8), spreads=(0.5, 0.6)),
        ],
        "categories": [
            _categories(rng, "ABCD", "ACDE", sizes=(30, 21)),
            _categories(rng, "QRS", "QRS", sizes=(24, 40)),
            _categories(rng, "KLM", "MNOP", sizes=(26, 32)),
        ],
        "seasons": _pairs(rng),
    }


def prepare(data: dict[str, Any], inputs: pathlib.Path) -> None:
    """Write the two seasons; a missing value is an empty field."""
    for name in ("reference", "current"):
        table = data[name]
        with (inputs / f"season_{name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(table)
            writer.writerows(zip(*table.values(), strict=True))


def _season(
    rng: random.Random,
    *,
    rows: int = 200,
    crop: Mapping[str, int] = CROP,
    premium: Mapping[str, int] = PREMIUM,
    south: float = 0.5,
    shifts: Mapping[str, float] | None = None,
    missing: Mapping[str, float] | None = None,
) -> Table:
    """A season's crates. All shares are exact; only the readings and the order are random.

    `shifts` move a feature's mean, in standard deviations; `missing` is a share by feature.
    """
    crates = []
    for variety, of_200 in crop.items():
        count = of_200 * rows // 200
        good = round(count * premium[variety] / 100)
        crates += [(variety, int(i < good)) for i in range(count)]
    rng.shuffle(crates)
    slopes = ["south" if i < round(rows * south) else "north" for i in range(rows)]
    rng.shuffle(slopes)
    moved = shifts or {}
    table: Table = {
        feature: [
            round(rng.gauss(mean + moved.get(feature, 0.0) * spread, spread), 2) for _ in crates
        ]
        for feature, (mean, spread) in NUMERIC.items()
    }
    table["variety"] = [variety for variety, _ in crates]
    table["slope"] = slopes
    table["premium"] = [label for _, label in crates]
    for feature, share in (missing or {}).items():
        for row in rng.sample(range(rows), round(rows * share)):
            table[feature][row] = None
    return table


def _pairs(rng: random.Random) -> dict[str, list[Table]]:
    """Pairs of seasons, by what happens between them."""
    usual: dict[str, Any] = {"rng": rng, "missing": {"firmness_kg": 0.02}}
    swapped = {**PREMIUM, "Aroma": 50, "Elstar": 80}  # 80 and 60 crates: all in all the same
    return {
        "nothing changes": [_season(**usual), _season(**usual, rows=260)],
        "apples become heavier": [_season(**usual), _season(**usual, shifts={"weight_g": 1.4})],
        "apples become lighter": [
            _season(**usual),
            _season(**usual, rows=240, shifts={"weight_g": -1.3}),
        ],
        "a new variety": [
            _season(**usual),
            _season(**usual, crop={**CROP, "Aroma": 72, "Elstar": 58, "Rubin": 10}),
        ],
        "a variety is given up": [
            _season(**usual, crop={**CROP, "Aroma": 72, "Elstar": 58, "Rubin": 10}),
            _season(**usual),
        ],
        "more crates from the southern slope": [_season(**usual), _season(**usual, south=0.68)],
        "a sensor fails": [_season(**usual), _season(rng, missing={"sugar_brix": 0.11})],
        "a scanner is mended": [_season(rng, missing={"slope": 0.12}), _season(**usual)],
        "more crates of a good variety": [
            _season(**usual, crop={**CROP, "Aroma": 40, "Elstar": 100}),
            _season(**usual, crop={**CROP, "Aroma": 120, "Elstar": 20}),
        ],
        "tasters are stricter with all": [
            _season(**usual),
            _season(**usual, premium={name: share - 16 for name, share in PREMIUM.items()}),
        ],
        "tasters change their minds about two varieties": [
            _season(**usual),
            _season(**usual, premium=swapped),
        ],
    }


def _columns(
    rng: random.Random, sizes: tuple[int, int], spreads: tuple[float, float]
) -> list[list[float | None]]:
    """Two numeric columns of different spread, with gaps. Many digits, so none is on an edge."""
    middle = rng.uniform(20.0, 60.0)
    first = 1 if sizes[0] > sizes[1] else -1  # up in one pair, down in another
    pair: list[list[float | None]] = []
    for size, spread, side in zip(sizes, spreads, (first, -first), strict=True):
        column: list[float | None] = [
            rng.gauss(middle + side * max(spreads) * 0.6, spread) for _ in range(size)
        ]
        for _ in range(rng.randint(2, 4) if side == first else 1):
            column.insert(rng.randrange(1, len(column)), None)
        pair.append(column)
    return pair


def _categories(
    rng: random.Random, before: Sequence[str], after: Sequence[str], sizes: tuple[int, int]
) -> list[dict[str, list[Any]]]:
    """Categories and labels of two seasons; every category occurs, and some rows have none."""
    pair: list[dict[str, list[Any]]] = []
    for names, size in ((before, sizes[0]), (after, sizes[1])):
        column: list[str | None] = [*names, *(rng.choice(names) for _ in range(size - len(names)))]
        column += [None] * rng.randint(3, 5)
        rng.shuffle(column)
        pair.append({"categories": column, "labels": [rng.randint(0, 1) for _ in column]})
    return pair
