"""Submissions that bring files of names that Python, pytest or the grader might look for.

Each plants the same code: it touches the tripwire if the host runs it, and prints if the guest
does. The lab file beside it imports what was shadowed.
"""

from __future__ import annotations

import inspect
import py_compile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.attacks.catalogue import WRONG, Build, Places, fill
from tests.builders import write

#: Runs wherever it is loaded, and makes every report of pytest's a pass if it can.
PLANTED = '''"""Planted."""
import pathlib

print("the planted code ran", flush=True)
try:
    with pathlib.Path("@ROOT@/drop/tripwire.txt").open("a") as file:
        file.write("loaded\\n")
except OSError:
    pass


def pytest_runtest_makereport(item, call):
    from _pytest.reports import TestReport

    report = TestReport.from_item_and_call(item, call)
    report.outcome = "passed"
    return report


def test_planted():
    pass
'''
#: The options by which a configuration loads the planted plugin.
OPTIONS = "-p planted_plugin -p labs.planted_plugin -p submissions.@ME@.planted_plugin"
_INI = f"addopts = {OPTIONS}\npythonpath = . labs\npython_files = *.py\nconsole_output_style = no\n"
_TOML = f'addopts = "{OPTIONS}"\npythonpath = [".", "labs"]\n'

#: What is planted, by the name of the attack: a sentence, files (None: the planted code), and
#: modules that the lab's file imports.
_PLANS: Mapping[str, tuple[str, Mapping[str, str | None], str]] = {
    "conftest": (
        "Bring a conftest.py into every folder.",
        {"conftest.py": None, "labs/conftest.py": None, "answers/conftest.py": None},
        "conftest",
    ),
    "pytest_module": (
        "Bring a pytest.py and a package _pytest.",
        {
            "pytest.py": None,
            "labs/pytest.py": None,
            "_pytest/__init__.py": None,
            "labs/_pytest/__init__.py": None,
        },
        "",
    ),
    "sitecustomize": (
        "Bring the modules that Python imports by itself when it starts.",
        {f"{f}{n}.py": None for f in ("", "labs/") for n in ("sitecustomize", "usercustomize")},
        "",
    ),
    "pandas_module": (
        "Bring a pandas.py, which checks and engines import.",
        {"pandas.py": None, "labs/pandas.py": None},
        "pandas",
    ),
    "engine_modules": (
        "Bring modules with the names of the engines.",
        {
            f"{f}{n}": None
            for f in ("", "labs/")
            for n in ("mlflow.py", "pyspark/__init__.py", "numpy.py", "deltalake.py", "yaml.py")
        },
        "yaml",
    ),
    "standard_library": (
        "Bring modules with the names of the standard library's.",
        {
            f"{f}{n}.py": None
            for f in ("", "labs/")
            for n in ("json", "random", "os", "typing", "decimal", "secrets", "traceback", "csv")
        },
        "json random decimal secrets csv",
    ),
    "the_grader": (
        "Bring a package with the grader's own name, inside and outside.",
        {
            f"{f}grader/{n}": None
            for f in ("", "labs/")
            for n in ("__init__.py", "labs/__init__.py", "guest/__init__.py", "guest/boot.py")
        },
        "grader",
    ),
    "path_files": (
        "Bring .pth files and the files by which an interpreter finds its home.",
        {
            f"{f}{n}": "import planted_plugin\n"
            for f in ("", "labs/")
            for n in ("evil.pth", "python311._pth", "pyvenv.cfg", "pybuilddir.txt")
        }
        | {"planted_plugin.py": None, "labs/planted_plugin.py": None},
        "",
    ),
    "pytest_ini": (
        "Bring a pytest.ini that loads a plugin.",
        {"pytest.ini": f"[pytest]\n{_INI}", "planted_plugin.py": None},
        "",
    ),
    "hidden_pytest_ini": (
        "Bring a .pytest.ini, and one in each folder.",
        {f"{f}.pytest.ini": f"[pytest]\n{_INI}" for f in ("", "labs/", "answers/")}
        | {"planted_plugin.py": None, "labs/planted_plugin.py": None},
        "",
    ),
    "pyproject_toml": (
        "Bring a pyproject.toml and a pytest.toml that configure pytest.",
        {
            "pyproject.toml": f"[tool.pytest.ini_options]\n{_TOML}",
            "pytest.toml": '[pytest]\naddopts = ["-p", "planted_plugin"]\npythonpath = ["."]\n',
            "planted_plugin.py": None,
        },
        "",
    ),
    "tox_ini_and_setup_cfg": (
        "Bring a tox.ini and a setup.cfg that configure pytest.",
        {
            "tox.ini": f"[pytest]\n{_INI}",
            "setup.cfg": f"[tool:pytest]\n{_INI}",
            "setup.py": None,
            "planted_plugin.py": None,
        },
        "",
    ),
    "tests_of_its_own": (
        "Bring tests that pass, named as pytest looks for them.",
        {"test_planted.py": None, "labs/test_planted.py": None, "tests/test_planted.py": None},
        "",
    ),
    "a_course_of_its_own": (
        "Bring keys, checks and schemas that praise, to be taken for the course's.",
        {
            "bank/keys/quiz-1.yaml": "q1-01: {answer: A, accepted: [A]}\n",
            "labs/probe/lab.yaml": "id: probe\npoints: 100\n",
            "labs/probe/checks.py": None,
            "checks.py": None,
            "labs/checks.py": None,
            "schema/grade.schema.json": "{}",
            "pyproject.toml": "[tool.pytest]\n",
        },
        "",
    ),
    "programs": (
        "Bring programs with the names of those that the grader starts.",
        {
            f"{f}{n}": "#!/bin/sh\necho owned >> @ROOT@/drop/tripwire.txt\n"
            for f in ("", "bin/", "labs/")
            for n in ("python", "python3", "bwrap", "setpriv", "java", "git", "sh")
        },
        "",
    ),
}

_TOLD = """{what}

Verdict: wrong
Message: printed ''
Naive: {win}
"""
#: Those that a plain `pytest` in the submission's folder falls for.
_WINS = ("conftest", "pytest_module", "pytest_ini", "pyproject_toml", "tests_of_its_own")


def _building(files: Mapping[str, str | None], imports: str) -> Build:
    def build(folder: Path, places: Places) -> None:
        lines = [f"import {name}  # noqa: F401" for name in imports.split() if name != "conftest"]
        write(folder / "labs" / "probe.py", "\n".join([*lines, "", WRONG]))
        for name, text in files.items():
            path = write(folder / name, fill(PLANTED if text is None else text, places))
            path.chmod(0o755)

    return build


def _stale_bytecode(folder: Path, places: Places) -> None:
    """Bring compiled files of modules, in the place where Python looks for them first.

    Verdict: wrong
    Message: printed ''
    Naive: not-tried
    """
    _building({}, "")(folder, places)
    with tempfile.TemporaryDirectory() as scratch:
        source = write(Path(scratch) / "planted.py", fill(PLANTED, places))
        for name in ("probe", "json", "conftest", "checks"):
            for inside in (f"labs/__pycache__/{name}.cpython-311.pyc", f"labs/{name}.pyc"):
                (folder / inside).parent.mkdir(exist_ok=True)
                py_compile.compile(
                    str(source),
                    cfile=str(folder / inside),
                    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
                )


def _shadows() -> list[tuple[str, Build, bool]]:
    found: list[tuple[str, Build, bool]] = []
    for name, (what, files, imports) in _PLANS.items():
        build = _building(files, imports)
        build.__name__ = name
        win = "touches" if name in _WINS else "not-tried"
        build.__doc__ = inspect.cleandoc(_TOLD.format(what=what, win=win))
        found.append(("shadowing", build, False))
    _stale_bytecode.__name__ = "stale_bytecode"
    return [*found, ("shadowing", _stale_bytecode, False)]


#: Family, builder, and whether only root can build it.
BUILT = _shadows()
