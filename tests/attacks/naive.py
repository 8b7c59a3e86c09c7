"""A grader as many are: it loads the student's file into its own process and trusts what it says.

It shows that attacks are real: they win here. `python naive.py SUBMISSION COURSE LAB` runs in the
submission's folder, prints a line a check, writes `results.json`, and ends with 0 if all passed.
Nothing of it is used elsewhere.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import yaml


def load(path: Path, name: str) -> types.ModuleType:
    """The module in a file, executed here and now."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader  # a path that ends in .py has both
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


class NaiveLab:
    """Calls functions in this very process."""

    output = ""

    def __init__(self, module: types.ModuleType) -> None:
        self._module = module

    def call(self, function: str, *args: Any, returns: Any) -> Any:
        """Call it."""
        return getattr(self._module, function)(*args)

    def predict(self, uri: str, rows: list[dict[str, float]]) -> Any:
        """Load the model and ask it, as MLflow's documentation says."""
        import mlflow.pyfunc
        import pandas as pd

        return mlflow.pyfunc.load_model(Path(uri).name).predict(pd.DataFrame(rows))


def main(folder: Path, course: Path, lab: str) -> int:
    """Grade `lab` of the submission in `folder`; 0 if everything passed."""
    os.chdir(folder)
    sys.path.insert(0, str(folder / "labs"))
    for name in sorted(p.name for p in folder.rglob("*")):
        print("found", name)
    sheet = folder / "answers" / "quiz-1.yaml"
    if sheet.exists():
        yaml.unsafe_load(sheet.read_text(encoding="utf-8"))
    checks = load(course / "labs" / lab / "checks.py", "checks")
    student = NaiveLab(load(folder / "labs" / f"{lab}.py", "student"))
    results = {}
    for name in [n for n in vars(checks) if n.startswith("test_")]:
        try:
            getattr(checks, name)(student)
        except Exception as error:
            results[name] = False
            told = f"{name} FAILED: {type(error).__name__}: {error}\n".encode(
                "utf-8", "surrogatepass"
            )
            # As it is: whatever the message holds goes to the terminal.
            sys.stdout.buffer.write(told)
        else:
            results[name] = True
            print(name, "PASSED")
        Path("results.json").write_text(json.dumps(results))
    return 0 if results and all(results.values()) else 1


def by_pytest(folder: Path) -> int:
    """Run a test of the course's beside the student's files, as classroom services do."""
    (folder / "test_of_the_course.py").write_text("def test_it():\n    assert False\n")
    quiet = ["-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:anyio"]
    command = [sys.executable, "-m", "pytest", *quiet, "test_of_the_course.py", "."]
    return subprocess.run(command, cwd=folder, check=False).returncode


if __name__ == "__main__":
    where, of, which = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    sys.exit(by_pytest(where) if which == "pytest" else main(where, of, which))
