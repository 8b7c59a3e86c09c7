"""Measure the grader in one go and print a table of ratios.

usage: python -m benchmarks.run [--rounds N] [--only NAME ...] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks import first_answer, growth, labs, sheets, wall
from benchmarks.clock import machine

Say = Callable[[str], None]
MEASUREMENTS: dict[str, Callable[[int, Say], dict[str, Any]]] = {
    "sheets": lambda rounds, _: sheets.measure(rounds),
    "first-answer": first_answer.measure,
    "wall": wall.measure,
    "labs": labs.measure,
    "growth": growth.measure,
}
Row = tuple[str, str, str]


def main() -> None:
    """Measure, print, and write JSON if it is wanted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is timed")
    parser.add_argument("--only", action="append", choices=MEASUREMENTS, help="may be repeated")
    parser.add_argument("--json", type=Path, help="where to write everything that was measured")
    options = parser.parse_args()
    found: dict[str, Any] = {"machine": machine()}
    for name in options.only or MEASUREMENTS:
        _say(name)
        busy = machine()["load"]
        found[name] = MEASUREMENTS[name](options.rounds, _say)
        found[name]["load_before_and_after"] = [busy, machine()["load"]]
        if options.json:
            options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    _say("")
    print(table(found))


def table(found: Mapping[str, Any]) -> str:
    """What was measured, as a table in Markdown."""
    rows: list[Row] = [("what", "measured", "target"), ("---", "---", "---")]
    for name, lines in _LINES.items():
        if name in found:
            rows += lines(found[name])
    widths = [max(len(row[n]) for row in rows) for n in range(3)]
    rows[1] = tuple("-" * width for width in widths)  # type: ignore[assignment]  # three of them
    lines_ = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    here = found["machine"]
    told = f"{here['cores']} cores, Linux {here['kernel']}, Python {here['python']}"
    loads = [load[0] for m in found.values() for load in m.get("load_before_and_after", [])]
    return "\n".join([*lines_, "", f"{told}; load average {min(loads)} to {max(loads)}"])


def _sheets(m: Mapping[str, Any]) -> Iterator[Row]:
    ratios = m["ratios"]
    what = f"{m['students']} sheets of {m['items']} items"
    yield f"{what} / plain pytest", f"{ratios['grade_to_plain']:.2f}", _most(1.5)
    yield "the same, processor time", f"{ratios['grade_to_plain_cpu']:.2f}", ""
    yield "reading and marking / parsing", f"{ratios['mark_to_parse']:.2f}", ""
    peaks = m["peak_mib"]
    yield "peak memory, sheets", _sizes({n: peak["grade"] for n, peak in peaks.items()}), "flat"


def _first(m: Mapping[str, Any]) -> Iterator[Row]:
    yield "first answer of Spark, seconds", _sizes(m["seconds"]), ""
    for name, ratio in m["ratios"].items():
        target = m["targets"].get(name)
        yield f"first answer, {name}", f"{ratio:.2f}", _most(target) if target else ""


def _wall(m: Mapping[str, Any]) -> Iterator[Row]:
    yield (
        f"the wall ({m['tier']}), put up",
        f"{m['cost_seconds']['plain lab']['answered']:.3f} s",
        "",
    )
    for name, percent in m["per_cent_of_a_spark_lab"].items():
        target = m["targets"].get(name)
        yield f"of a Spark lab, {name}", f"{percent:.1f} %", f"< {target:g} %" if target else ""


def _labs(m: Mapping[str, Any]) -> Iterator[Row]:
    yield "all labs, seconds", _sizes({n: s["all"] for n, s in m["seconds"].items()}), ""
    if "class" in m["seconds"]:
        yield "second submission of a class, seconds", f"{m['seconds']['class']['second']:.1f}", ""
    for told in m["warmth"]["cold"][:1]:
        started = f"{told['walls'].get('runner', 0)} walls, {told['jvms']} JVMs"
        starts = f"{told['warm_starts']} warm and {told['cold_starts']} cold starts"
        yield "first submission", f"{started}, {starts}, {len(told['replaced'])} replaced", ""
        yield "processors' seconds, all walls", f"{told['cpu_seconds']:.1f}", ""
        for lab, cost in told["labs"].items():
            jobs = "" if cost["spark_jobs"] is None else f", {cost['spark_jobs']} Spark jobs"
            yield f"{lab}, processors' seconds", f"{cost['cpu_seconds']:.1f}{jobs}", ""
    for name, ratio in m["ratios"].items():
        target = m["targets"].get(name)
        yield f"all labs, {name}", f"{ratio:.2f}", _most(target) if target else ""


def _growth(m: Mapping[str, Any]) -> Iterator[Row]:
    for name, ratio in m["ratios"].items():
        yield name, f"{ratio:.2f}", "flat" if "peak" in name else ""
    for part in ("grader", "walls"):
        yield f"peak MiB, {part}", _sizes({n: p[part] for n, p in m["peak_mib"].items()}), ""


_LINES: dict[str, Callable[[Mapping[str, Any]], Iterator[Row]]] = {
    "labs": _labs,
    "first-answer": _first,
    "wall": _wall,
    "sheets": _sheets,
    "growth": _growth,
}


def _most(target: float) -> str:
    return f"<= {target:g}"


def _sizes(values: Mapping[Any, float]) -> str:
    return ", ".join(f"{name}: {value:.1f}" for name, value in values.items())


def _say(text: str) -> None:
    if text:
        print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
