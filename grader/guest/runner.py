"""The runner: execute a student's file as a notebook would be, then call what it defined.

The file runs as `__main__` from top to bottom with `spark`, `display`, `dbutils` and, for labs
that ask for it, a tracking store. What it defined before it raised stays callable.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import types
from pathlib import Path
from typing import Any

from grader.guest import mlflow_engine
from grader.guest.dbutils import DBUtils, NotebookExit
from grader.guest.display import display
from grader.guest.refusal import Refused, describe
from grader.guest.spark_engine import SparkEngine

WORKSPACE = Path("/workspace")
INPUTS = WORKSPACE / "inputs"


class Runner:
    """One lab of one student."""

    def __init__(self, start: dict[str, Any]) -> None:
        self._file = Path(start["file"])
        source = self._file.read_bytes()
        runtime = set(start["runtime"])
        # A lab that needs no Spark still has `spark` when its author reaches for it.
        wants_spark = "spark" in runtime or re.search(rb"\bspark\b", source)
        INPUTS.mkdir(exist_ok=True)
        os.chdir(WORKSPACE)
        os.environ["TMPDIR"] = "/tmp"
        can_spark = bool(start["java"] and start["jars"])
        engine = SparkEngine(start["java"], start["jars"]) if wants_spark and can_spark else None
        if "mlflow" in runtime:
            mlflow_engine.start(start.get("store"))
        if start.get("fixture"):
            _load(Path(start["fixture"])).prepare(start["data"], INPUTS)
        self._module = types.ModuleType("__main__")
        self._module.__dict__.update(
            __file__=str(self._file), display=display, dbutils=DBUtils(WORKSPACE / "dbfs")
        )
        if engine is not None:
            spark = engine.session()
            self._module.__dict__.update(spark=spark, sc=spark.sparkContext)
            spark.range(1).count()  # the first query's cost is the engine's, not the student's

    def handle(self, op: str, fields: dict[str, Any]) -> Any:
        """`run`, `call` or `value`."""
        if op == "run":
            return self._run()
        if op == "call":
            return self._call(fields["function"], fields["args"], fields["kwargs"])
        return self._lookup(fields["name"])

    def _run(self) -> None:
        sys.modules["__main__"] = self._module
        # Last on the path: a helper beside the lab can be imported, and shadows nothing.
        sys.path.append(str(self._file.parent))
        try:
            code = compile(self._file.read_bytes(), str(self._file), "exec")
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None)
            where = f" (line {line} of {self._file.name})" if line else ""
            raise Refused(f"the file is not valid Python: {error}{where}") from error
        try:
            exec(code, self._module.__dict__)
        except NotebookExit:
            pass
        except SystemExit as error:
            raise Refused(f"the file called sys.exit({error.code!r})") from error
        finally:
            sys.stdout.flush()

    def _lookup(self, name: str) -> Any:
        try:
            return self._module.__dict__[name]
        except KeyError:
            raise Refused(
                f"the file defines no {name!r} (or stopped before it)", "missing"
            ) from None

    def _call(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        function = self._lookup(name)
        if not callable(function):
            raise Refused(f"{name!r} is not a function", "missing")
        try:
            return function(*args, **kwargs)
        except NotImplementedError as error:
            raise Refused(f"{name} is not written yet", "missing") from error
        except BaseException as error:
            raise Refused(f"{name} raised {describe(error)}") from error
        finally:
            sys.stdout.flush()


def _load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("lab_fixture", path)
    assert spec and spec.loader  # a path that ends in .py has both
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
