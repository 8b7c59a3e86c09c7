"""Try many examples against the promises, for as long as you like.

    python -m tests.properties.fuzz --seed 7 --seconds 600 --what trees

The same seed tries the same examples in the same order. Where a promise is broken, the smallest
example found is written to the folder of `--keep`, with the command that tries it again:

    python -m tests.properties.fuzz --replay fuzz-failures/trees-7-3.json

One that ends the whole process (a crash of a C library, a hang that no signal ends) is left there
as `...-running.json`.

Exit status: 0 if every promise was kept, 1 if one was not, 2 for a wrong command line.
"""

from __future__ import annotations

import argparse
import base64
import faulthandler
import json
import signal
import sys
import time
import traceback
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.properties import replies, sheets, trees
from tests.properties.promises import PROMISES
from tests.properties.trees import Entry, Plan

#: Seconds after which an example counts as hung, and after which the process is given up.
HUNG, DEAD = 60, 180
#: Examples of one round; a round has a seed of its own, made of the run's and its number.
ROUND = 200
#: Broken promises of one kind after which there is no use in looking for more.
ENOUGH = 10
#: Seconds for making a failing example smaller.
SHRINKING = 30
_SIZES = (100, 3000, 100_000, 130_000, 1 << 20)

STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "sheets": sheets.sheets(_SIZES),
    "wire": replies.replies(replies.HUGE),
    "trees": trees.plans(),
    "neighbours": trees.plans(kept=True),
    "arguments": trees.arguments,
}


class Run:
    """Examples of one kind, tried until the time is over."""

    def __init__(self, what: str, seed_: int, keep: Path) -> None:
        self.what = what
        self.seed = seed_
        self.keep = keep
        self.tried = 0
        self.failures = 0

    def until(self, end: float, rounds: int | None = None) -> None:
        """Try round after round until `end` (of `time.monotonic`), `rounds` of them at most."""
        for number in count() if rounds is None else range(rounds):
            if time.monotonic() >= end or self.failures >= ENOUGH:
                return
            self._round(number, end)

    def _round(self, number: int, end: float) -> None:
        last: list[tuple[Any, str]] = []
        stop = end
        self.keep.mkdir(parents=True, exist_ok=True)
        running = self.keep / f"{self.what}-{self.seed}-running.json"

        @seed(f"{self.seed}/{self.what}/{number}")
        @settings(
            max_examples=ROUND,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
            report_multiple_bugs=False,
        )
        @given(_hidden(STRATEGIES[self.what]))
        def attempt(hidden: Hidden) -> None:
            nonlocal stop
            if time.monotonic() >= stop:
                return
            self.tried += 1
            running.write_text(pack(self.what, hidden.example), encoding="utf-8")
            try:
                guarded(PROMISES[self.what], hidden.example)
            except BaseException:
                if not last:
                    stop = time.monotonic() + SHRINKING
                last[:] = [(hidden.example, traceback.format_exc())]
                raise

        try:
            attempt()
        except Exception:
            if not last:
                raise
            self.failures += 1
            example, told = last[0]
            path = self.keep / f"{self.what}-{self.seed}-{number}.json"
            path.write_text(pack(self.what, example), encoding="utf-8")
            print(f"broken: {self.what}, round {number}\n{readable(told)}")
            print(f"again: python -m tests.properties.fuzz --replay {path}", flush=True)
        running.unlink(missing_ok=True)


class Hidden:
    """An example whose megabytes nobody has to read."""

    def __init__(self, example: Any) -> None:
        self.example = example

    def __repr__(self) -> str:
        return "<example>"


@st.composite
def _hidden(draw: st.DrawFn, strategy: st.SearchStrategy[Any]) -> Hidden:
    return Hidden(draw(strategy))


def guarded(promise: Callable[[Any], object], example: Any) -> None:
    """Hold one example to a promise; one that hangs fails, or ends the process."""

    def hung(_: int, __: FrameType | None) -> NoReturn:
        raise TimeoutError(f"not done after {HUNG} s")

    before = signal.signal(signal.SIGALRM, hung)
    signal.alarm(HUNG)
    faulthandler.dump_traceback_later(DEAD, exit=True)
    try:
        promise(example)
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def readable(text: str, lines: int = 12) -> str:
    """A traceback's last lines, without what would trouble a terminal."""
    return "\n".join(ascii(line)[1:-1][:500] for line in text.splitlines()[-lines:])


def pack(what: str, example: Any) -> str:
    """An example as a JSON text."""
    if isinstance(example, bytes):
        value: Any = base64.b64encode(example).decode()
    elif isinstance(example, Plan):
        value = {
            "name": example.name,
            "entries": [
                [list(e.parts), e.kind, base64.b64encode(e.content).decode()]
                for e in example.entries
            ],
        }
    else:
        value = example
    return json.dumps({"what": what, "example": value}, indent=1) + "\n"


def unpack(text: str) -> tuple[str, Any]:
    """What `pack` made the text of."""
    found = json.loads(text)
    what, value = found["what"], found["example"]
    if what in ("sheets", "wire"):
        return what, base64.b64decode(value)
    if what in ("trees", "neighbours"):
        entries = tuple(
            Entry(tuple(parts), kind, base64.b64decode(content))
            for parts, kind, content in value["entries"]
        )
        return what, Plan(value["name"], entries)
    return what, value


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.properties.fuzz")
    parser.add_argument("--seed", type=int, default=0, help="which examples (default: 0)")
    parser.add_argument("--seconds", type=float, default=60.0, help="in all (default: 60)")
    parser.add_argument("--rounds", type=int, help=f"of each kind at most, {ROUND} examples each")
    parser.add_argument("--what", choices=sorted(STRATEGIES), help="default: all in turn")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"), metavar="FOLDER")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="try one kept example again")
    options = parser.parse_args(arguments)
    if options.replay is not None:
        what, example = unpack(options.replay.read_text(encoding="utf-8"))
        try:
            guarded(PROMISES[what], example)
        except Exception:
            print(f"{what}: the promise is broken\n{readable(traceback.format_exc(), 200)}")
            return 1
        print(f"{what}: the promise is kept")
        return 0
    kinds = [options.what] if options.what else list(STRATEGIES)
    failures = 0
    for what in kinds:
        begun = time.monotonic()
        run = Run(what, options.seed, options.keep)
        run.until(begun + options.seconds / len(kinds), options.rounds)
        failures += run.failures
        spent = time.monotonic() - begun
        print(f"{what}: seed {options.seed}, {run.tried} examples in {spent:.0f} s, ", end="")
        print(f"{run.failures} broken", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
