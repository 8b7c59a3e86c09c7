"""Load a lab's checks and fixture. They are the course's own code and trusted."""

from __future__ import annotations

import importlib.util
import inspect
import random
import sys
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from grader.core.model import Bank, CheckSpec, LabSpec
from grader.core.suggest import suggest
from grader.course.labs import lab_folders, load_lab
from grader.course.schemas import Schemas
from grader.errors import CourseError
from grader.labs.lab import Lab
from grader.labs.points import ATTRIBUTE, Worth


@dataclass(frozen=True, slots=True)
class LoadedLab:
    """A lab ready to grade with. `make` builds its data from a random generator."""

    spec: LabSpec
    folder: Path
    checks: Mapping[str, Callable[[Lab], None]]
    make: Callable[[random.Random], dict[str, Any]] | None

    @property
    def fixture(self) -> Path | None:
        """The file whose `prepare` runs inside the wall, if the lab has one."""
        path = self.folder / "fixture.py"
        return path if path.is_file() else None

    @property
    def predicts(self) -> bool:
        """Whether its checks have models predict, as far as their text tells."""
        path = self.folder / "checks.py"
        return path.is_file() and b".predict(" in path.read_bytes()


def load_labs(folder: Path, schemas: Schemas) -> dict[str, LoadedLab]:
    """All labs of `labs/`, by id.

    Raises:
        CourseError: a lab's definition or checks are wrong; every flaw is named.
    """
    labs = {}
    complaints = []
    for lab_folder in lab_folders(folder):
        try:
            lab = load_one(lab_folder, schemas)
        except CourseError as error:
            complaints.append(str(error))
        else:
            labs[lab.spec.id] = lab
    if complaints:
        raise CourseError("\n".join(complaints))
    return labs


def load_one(folder: Path, schemas: Schemas) -> LoadedLab:
    """The lab in `folder`. Raises as `load_labs` does."""
    spec, doc = load_lab(folder, schemas)
    if spec is None:
        raise CourseError("\n".join(f.render(folder.parent.parent) for f in doc.flaws))
    module = _import(folder / "checks.py", f"grader_lab_{spec.id}_checks")
    checks = {
        name: function
        for name, function in vars(module).items()
        if name.startswith("test_") and inspect.isfunction(function)
    }
    specs = tuple(_spec(spec, name, function, folder) for name, function in checks.items())
    total = sum((c.points for c in specs), Fraction(0))
    if total != spec.points:
        where = f"{folder.name}/lab.yaml:{doc.mark(('points',)).line}"
        raise CourseError(f"{where}: points is {spec.points}, and the checks add up to {total}")
    make = None
    if (folder / "fixture.py").is_file():
        fixture = _import(folder / "fixture.py", f"grader_lab_{spec.id}_fixture")
        make = getattr(fixture, "make", None)
        if make is None or not hasattr(fixture, "prepare"):
            raise CourseError(f"{folder.name}/fixture.py: must define make(rng) and prepare(...)")
    return LoadedLab(replace(spec, checks=specs), folder, checks, make)


def misplaced(spec: LabSpec, bank: Bank) -> list[str]:
    """What of a lab's domain and topics `bank` does not have; a topic is the domain's own."""
    domains = {d.id: [t.id for t in d.topics] for d in bank.domains}
    where = f"labs/{spec.id}/lab.yaml"
    if spec.domain not in domains:
        return [f"{where}: there is no domain {spec.domain!r}{suggest(spec.domain, domains)}"]
    return [
        f"{where}: the domain {spec.domain} has no topic {t!r}{suggest(t, domains[spec.domain])}"
        for t in spec.topics
        if t not in domains[spec.domain]
    ]


def _spec(lab: LabSpec, name: str, function: Any, folder: Path) -> CheckSpec:
    worth: Worth | None = getattr(function, ATTRIBUTE, None)
    where = f"{folder.name}/checks.py:{function.__code__.co_firstlineno}: {name}"
    if worth is None:
        raise CourseError(f"{where}: is not marked with @points(...)")
    if list(inspect.signature(function).parameters) != ["lab"]:
        raise CourseError(f"{where}: must take exactly one argument, `lab`")
    if worth.topic and worth.topic not in lab.topics:
        raise CourseError(f"{where}: {worth.topic!r} is none of the lab's topics")
    return CheckSpec(name, worth.points, worth.hint, worth.topic or lab.topics[0])


def _import(path: Path, name: str) -> types.ModuleType:
    if not path.is_file():
        raise CourseError(f"{path.parent.name}/{path.name}: is missing")
    found = importlib.util.spec_from_file_location(name, path)
    assert found and found.loader  # a path that ends in .py has both
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    try:
        found.loader.exec_module(module)
    except Exception as error:
        line = getattr(error, "lineno", None)
        tb = error.__traceback__
        while tb:
            if tb.tb_frame.f_code.co_filename == str(path):
                line = tb.tb_lineno
            tb = tb.tb_next
        where = f"{path.parent.name}/{path.name}:{line or 1}"
        raise CourseError(f"{where}: {type(error).__name__}: {error}") from error
    return module
