"""Prove a lab: its checks against its own right and wrong solutions.

The reference and every alternative earn all points, the stub runs and earns none, each mutant
fails exactly the checks that it names, and doing it twice is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from grader.core.verdict import Result, Verdict
from grader.course.schemas import Schemas
from grader.errors import CourseError
from grader.labs.checking import run_check
from grader.labs.load import LoadedLab
from grader.labs.mutants import load_mutants
from grader.labs.session import LabSession
from grader.labs.station import Station
from grader.sandbox import scratch

#: How many mutants and alternatives a lab needs before its checks can be trusted.
MIN_MUTANTS = 6
MIN_ALTERNATIVES = 2
#: Mutants of a lab in a quick proof.
FEW_MUTANTS = 2


@dataclass(frozen=True, slots=True)
class Variant:
    """One Python source to prove a lab with, `text`.

    `fails` is None for those that must earn every point. `path` and `line` say where it is written.
    """

    name: str
    text: str
    fails: frozenset[str] | None
    path: Path
    line: int = 1

    @property
    def stub(self) -> bool:
        """Whether it is what students start from."""
        return self.name == "stub"

    @property
    def mutant(self) -> bool:
        """Whether it is a wrong solution."""
        return self.name.startswith("mutants/")


def variants(lab: LoadedLab, schemas: Schemas) -> list[Variant]:
    """Return all variants of a lab, the reference first.

    Raises:
        CourseError: a file is missing, or a mutant has flaws (see `load_mutants`).
    """
    names = {c.name for c in lab.spec.checks}
    missing = [n for n in ("solution.py", "stub.py") if not (lab.folder / n).is_file()]
    if missing:
        raise CourseError(f"{lab.folder.name}/: {', '.join(missing)} is missing")
    found = [
        _file("solution", lab.folder / "solution.py", None),
        _file("stub", lab.folder / "stub.py", frozenset(names)),
    ]
    for path in sorted((lab.folder / "alternatives").glob("*.py")):
        found.append(_file(f"alternatives/{path.stem}", path, None))
    for m in load_mutants(lab.folder, schemas, names):
        found.append(Variant(f"mutants/{m.name}", m.text, frozenset(m.fails), m.path, m.line))
    return found


def _file(name: str, path: Path, fails: frozenset[str] | None) -> Variant:
    return Variant(name, path.read_text(encoding="utf-8"), fails, path)


def few(variants: Sequence[Variant]) -> list[Variant]:
    """Return what a quick proof runs: reference, stub, and FEW_MUTANTS that fail much.

    The first of these fails the most checks, each other one the most of those that are left.
    """
    chosen = [v for v in variants if v.name in ("solution", "stub")]
    left = [v for v in variants if v.mutant]
    failed = frozenset[str]()
    for _ in range(min(FEW_MUTANTS, len(left))):
        best = max(left, key=lambda v: len((v.fails or frozenset()) - failed))
        left.remove(best)
        chosen.append(best)
        failed |= best.fails or frozenset()
    return chosen


def grade_text(lab: LoadedLab, text: str, station: Station, seed: str) -> tuple[list[Result], str]:
    """Grade `text` at `station` as if handed in; also why it stopped early, if it did."""
    with ExitStack() as stack:
        home = scratch.folder("proof")
        stack.callback(scratch.discard, home)
        target = home / "labs" / f"{lab.spec.id}.py"
        target.parent.mkdir(mode=0o755)
        target.write_text(text, encoding="utf-8")
        target.chmod(0o644)
        station.admit(home)
        with LabSession(lab, f"labs/{lab.spec.id}.py", station, seed) as session:
            session.run()
            return [run_check(lab, c, session) for c in lab.spec.checks], session.stopped


def complaints(variant: Variant, results: list[Result], stopped: str) -> list[str]:
    """What is not as it must be; empty for a proof."""
    found = []
    if stopped and not variant.mutant:
        found.append(f"stopped early: {stopped}")
    for r in results:
        must_fail = variant.fails is not None and r.name in variant.fails
        if r.verdict is Verdict.GRADER_FAULT:
            found.append(f"{r.name}: the check itself broke: {r.reason}")
        elif must_fail and r.verdict is Verdict.CORRECT:
            found.append(f"{r.name}: must fail, and passed")
        elif not must_fail and r.verdict is not Verdict.CORRECT:
            found.append(f"{r.name}: must pass, and is {r.verdict.value}: {r.reason}")
    return found
