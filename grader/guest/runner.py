"""The runner: execute a student's file as a notebook would be, then call what it defined.

The file runs as `__main__` from top to bottom with `spark`, `display`, `dbutils` and, for labs
that ask for it, a tracking store. What it defined before it raised stays callable.
"""

from __future__ import annotations

import os
import sys
import types
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from grader.guest import capture, mlflow_engine, spark_engine, spark_workers, standins
from grader.guest.dbutils import DBUtils, NotebookExit
from grader.guest.display import display
from grader.guest.jvm import Gateway
from grader.guest.kafka import Broker
from grader.guest.notebooks import Shelf
from grader.guest.places import Places
from grader.guest.refusal import Refused, describe

if TYPE_CHECKING:
    from grader.guest.services.server import Services


class Runner:
    """One lab of one student."""

    def __init__(self, start: dict[str, Any], places: Places, gateway: Gateway | None) -> None:
        """Make everything ready for the file `start["file"]`; Spark is behind `gateway`."""
        self._file = file = places.submission / start["file"]
        #: What tracebacks call the file, wherever it lies.
        self._shown = f"/submission/{start['file']}"
        self._source = file.read_bytes()
        self._places = places
        self._spark: Any = None
        self._broker: Broker | None = None
        if "kafka" in start["runtime"]:  # it takes seconds, and starts beside what follows
            caches = (start.get("broker_cache") or "", start.get("broker_train") or "")
            self._broker = Broker(start["java"], start["broker"], places, *caches)
        places.inputs.mkdir(exist_ok=True)
        os.chdir(places.workspace)
        if gateway is not None:
            spark_workers.start(places)
        if "mlflow" in start["runtime"]:
            capture.install()
            mlflow_engine.start(start.get("store"), places)
        self._services: Services | None = None
        if "workspace" in start["runtime"]:
            from grader.guest.services import server

            self._services = server.start(places, file)
        standins.install(start["runtime"])
        if gateway is not None and "spark" in start["runtime"]:
            gateway.connect()  # a fixture may have a Spark session, too: the one that the lab gets
        if self._broker:
            self._broker.wait()
        if start.get("fixture"):
            _load(places.real(start["fixture"])).prepare(start["data"], places.inputs)
        self._module = types.ModuleType("__main__")
        shelf = Shelf(places, file.parent)
        dbutils = DBUtils(places.workspace / "dbfs", shelf, self._module.__dict__)
        self._module.__dict__.update(__file__=str(file), display=display, dbutils=dbutils)
        if gateway is not None:
            self._spark = spark = spark_engine.session(gateway)
            self._module.__dict__.update(spark=spark, sc=spark.sparkContext)
            spark.range(1).count()  # the first query's cost is the engine's, not the student's

    def handle(self, op: str, fields: dict[str, Any]) -> Any:
        """`run`, `call`, `value`, `settle`, `jobs` or `finish`."""
        if op == "run":
            return self._run()
        if op == "call":
            real = self._places.real
            return self._call(fields["function"], real(fields["args"]), real(fields["kwargs"]))
        if op == "settle":
            return self._services is not None and self._services.settle()
        if op == "finish":
            return self._broker.finish() if self._broker else None
        if op == "jobs":
            return self._spark and self._spark._jsc.sc().dagScheduler().numTotalJobs()
        return self._lookup(fields["name"])

    def end(self) -> None:
        """Stop what the lab started in the shared JVM, as far as the lab itself can."""
        if self._spark is not None:
            with suppress(BaseException):  # the keeper looks after what this cannot do
                java = self._spark._jvm
                for query in self._spark.streams.active:
                    query.stop()
                spark_engine.stop(self._spark)
                if self._broker:
                    self._broker.let_go(java)
        if self._broker:
            self._broker.close()
        if self._services:
            self._services.stop()

    def _run(self) -> None:
        sys.modules["__main__"] = self._module
        # Last on the path: a helper beside the lab can be imported, and shadows nothing.
        sys.path.append(str(self._file.parent))
        try:
            code = compile(self._places.real(self._source), self._shown, "exec")
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
        except MemoryError:
            raise
        except BaseException as error:
            raise Refused(f"{name} raised {describe(error)}") from error
        finally:
            sys.stdout.flush()


def _load(text: str) -> types.ModuleType:
    """The lab's fixture, a module."""
    module = types.ModuleType("lab_fixture")
    sys.modules["lab_fixture"] = module
    exec(compile(text, "fixture.py", "exec"), module.__dict__)
    return module
