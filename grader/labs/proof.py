"""Prove a lab: its checks against its own right and wrong solutions.

The reference and every alternative earn all points, the stub runs and earns none, each mutant
fails exactly the checks that its docstring names after `Fails:`, and doing it twice is the same.
"""

from __future__ import annotations

import ast
import re
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from grader.core.verdict import Result, Verdict
from grader.errors import CourseError
from grader.labs.checking import run_check
from grader.labs.load import LoadedLab
from grader.labs.session import LabSession
from grader.labs.station import Station
from grader.sandbox import scratch

#: How many mutants and alternatives a lab needs before its checks can be trusted.
MIN_MUTANTS = 6
MIN_ALTERNATIVES = 2


@dataclass(frozen=True, slots=True)
class Variant:
    """One file to prove a lab with. `fails` is None for those that must earn every point."""

    name: str
    file: Path
    fails: frozenset[str] | None
    stub: bool = False


def variants(lab: LoadedLab) -> list[Variant]:
    """All variants of a lab, the reference first.

    Raises:
        CourseError: a file is missing, or a mutant names no check or an unknown one.
    """
    names = {c.name for c in lab.spec.checks}
    found = [Variant("solution", lab.folder / "solution.py", None)]
    found.append(Variant("stub", lab.folder / "stub.py", frozenset(names), stub=True))
    for path in sorted((lab.folder / "alternatives").glob("*.py")):
        found.append(Variant(f"alternatives/{path.stem}", path, None))
    for path in sorted((lab.folder / "mutants").glob("*.py")):
        found.append(Variant(f"mutants/{path.stem}", path, expected_failures(path, names)))
    missing = [v.file.name for v in found if not v.file.is_file()]
    if missing:
        raise CourseError(f"{lab.folder.name}/: {', '.join(missing)} is missing")
    return found


def expected_failures(path: Path, known: set[str]) -> frozenset[str]:
    """The checks that a mutant's docstring names.

    Raises:
        CourseError: it names none, or one that does not exist.
    """
    where = f"{path.parent.parent.name}/mutants/{path.name}"
    try:
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    except SyntaxError as error:
        raise CourseError(f"{where}:{error.lineno or 1}: not valid Python: {error.msg}") from error
    except ValueError as error:
        raise CourseError(f"{where}:1: not valid Python: {error}") from error
    found = re.search(r"^Fails:(.*)\Z", text, re.MULTILINE | re.DOTALL)
    names = frozenset(re.findall(r"\btest_\w+", found[1])) if found else frozenset()
    if not names:
        raise CourseError(f"{where}:1: the docstring must end with `Fails:` and names of checks")
    if names - known:
        raise CourseError(f"{where}:1: no such check: {', '.join(sorted(names - known))}")
    return names


def grade_file(lab: LoadedLab, file: Path, station: Station, seed: str) -> tuple[list[Result], str]:
    """Grade `file` at `station` as if handed in; also why it stopped early, if it did."""
    with ExitStack() as stack:
        home = scratch.folder("proof")
        stack.callback(scratch.discard, home)
        target = home / "labs" / f"{lab.spec.id}.py"
        target.parent.mkdir(mode=0o755)
        shutil.copyfile(file, target)
        target.chmod(0o644)
        station.admit(home)
        with LabSession(lab, f"labs/{lab.spec.id}.py", station, seed) as session:
            session.run()
            return [run_check(lab, c, session) for c in lab.spec.checks], session.stopped


def complaints(variant: Variant, results: list[Result], stopped: str) -> list[str]:
    """What is not as it must be; empty for a proof."""
    found = []
    if stopped and not variant.name.startswith("mutants/"):
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
