"""Stops of a tram in autumn and this week, and small samples to call the tests with."""

from __future__ import annotations

import csv
import pathlib
import random
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

Column = list[Any]
#: How often each category occurs (None: a missing value), or from how many to how many times.
Counts = Mapping[str | None, int | tuple[int, int]]

TEXTS: dict[str, list[tuple[Counts, Counts]]] = {
    "plain": [
        ({"a": 40, "b": 31, "c": 29}, {"a": (24, 30), "b": 38, "c": 35}),
        ({"p": 90, "q": 45, "r": 30, "s": 15}, {"p": (18, 22), "q": 16, "r": 6, "s": 3}),
        ({"yes": 33, "no": 27}, {"yes": (70, 80), "no": 95}),
    ],
    "unlike": [
        ({"a": 50, "b": 30}, {"a": 48, "b": 27, "n": (9, 14)}),
        ({"k": 60, "l": 25, "m": (8, 12)}, {"k": 31, "l": 16}),
        ({"u": 40, "v": 2, "w": 20}, {"u": 41, "v": 1, "w": 25, "x": (2, 3)}),
    ],
    "gaps": [
        ({"a": 45, "b": 30, None: 3}, {"a": 40, "b": 33, None: (14, 20)}),
        ({"x": 25, "y": 35, "z": 20}, {"x": 16, "y": 24, "z": 11, None: (6, 9)}),
    ],
}


def make(rng: random.Random) -> dict[str, Any]:
    """The two tables, and pairs of samples by what is special about them."""
    return {
        "reference": {
            "dwell_s": _normal(rng, 1200, 24.0, 6.0),
            "load_kg": _normal(rng, 1200, 5200.0, 900.0),
            "door_force_n": _normal(rng, 1200, 88.0, 7.0),
            "line": _mix(rng, {"1": 500, "4": 400, "7": 300}),
            "vehicle": _mix(rng, {"GT6": 700, "Flex": 500}),
            "weather": _mix(rng, {"dry": 720, "rain": 360, "snow": 96, None: 24}),
        },
        "current": {
            "dwell_s": _normal(rng, 1000, 25.2, 6.0),  # a shift of a fifth: significant, but small
            "load_kg": _normal(rng, 1000, 5200.0, 900.0),
            "door_force_n": _normal(rng, 1000, 99.0, 7.0),
            "line": _mix(rng, {"1": 417, "4": 333, "7": 250}),
            "vehicle": _mix(rng, {"GT6": 548, "Flex": 391, "Urbos": 61}),
            "weather": _mix(rng, {"dry": 540, "rain": 270, "snow": 72, None: 118}),
        },
        "numbers": {
            "plain": [
                [_gauss(rng, 40, 10.0, 2.0), _gauss(rng, 40, 11.0, 2.0)],
                [_gauss(rng, 70, -3.0, 1.0), _gauss(rng, 25, -3.0, 2.5)],
                [_gauss(rng, 18, 400.0, 30.0), _gauss(rng, 90, 430.0, 30.0)],
            ],
            "ties": [
                [_ties(rng, 50, 6), _ties(rng, 35, 4)],
                [_ties(rng, 24, 3), _ties(rng, 60, 5)],
            ],
            "gaps": [
                [_gauss(rng, 30, 5.0, 1.0, gaps=9), _gauss(rng, 42, 5.4, 1.0, gaps=2)],
                [_gauss(rng, 25, 80.0, 9.0, gaps=1), _gauss(rng, 20, 80.0, 9.0, gaps=11)],
            ],
        },
        "counts": [
            [_counts(rng, 6, 60), _counts(rng, 6, 60)],
            [[0, *_counts(rng, 2, 20), 0], [rng.randint(50, 90), 0, rng.randint(150, 290), 0]],
            [[0.5, 0.25, 0.25], _counts(rng, 3, 9)],
        ],
        "texts": {
            kind: [[_mix(rng, before), _mix(rng, after)] for before, after in pairs]
            for kind, pairs in TEXTS.items()
        },
    }


def prepare(data: dict[str, Any], inputs: pathlib.Path) -> None:
    """Write both tables; a missing value is an empty field."""
    for name in ("reference", "current"):
        table = data[name]
        with (inputs / f"stops_{name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(table)
            writer.writerows(zip(*table.values(), strict=True))


def _normal(rng: random.Random, size: int, mean: float, spread: float) -> Column:
    """A normal sample with one value in each of `size` equal parts: none is far from its law."""
    law = NormalDist(mean, spread)
    column = [round(law.inv_cdf((i + rng.uniform(0.05, 0.95)) / size), 4) for i in range(size)]
    rng.shuffle(column)
    return column


def _gauss(rng: random.Random, size: int, mean: float, spread: float, gaps: int = 0) -> Column:
    """An ordinary normal sample, with so many digits that nothing lies on the edge of a bin."""
    column = [rng.gauss(mean, spread) for _ in range(size)] + [None] * gaps
    rng.shuffle(column)
    return column


def _ties(rng: random.Random, size: int, top: int) -> Column:
    return [float(rng.randint(0, top)) for _ in range(size)]


def _counts(rng: random.Random, size: int, most: int) -> list[int]:
    return [rng.randint(most // 8 + 1, most) for _ in range(size)]


def _mix(rng: random.Random, counts: Counts) -> Column:
    column: Column = []
    for name, count in counts.items():
        column += [name] * (count if isinstance(count, int) else rng.randint(*count))
    rng.shuffle(column)
    return column
