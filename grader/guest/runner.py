"""The runner: execute a student's file as a notebook would be, then call what it defined.

The file runs as `__main__` from top to bottom with `spark`, `display`, `dbutils` and, for labs
that ask for it, a tracking store. What it defined before it raised stays callable.
"""

from __future__ import annotations

import gc
import importlib
import os
import re
import sys
import types
from collections.abc import Set
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.guest import capture, mlflow_engine, spark_engine, spark_workers, standins
from grader.guest.dbutils import DBUtils, NotebookExit
from grader.guest.display import display
from grader.guest.jvm import TUNING, Jvm, python_for_spark
from grader.guest.kafka import Broker
from grader.guest.notebooks import Shelf
from grader.guest.places import Places
from grader.guest.refusal import Refused, describe

if TYPE_CHECKING:
    from grader.guest.services.server import Services

#: What MLflow imports when a model is first logged.
_LOGGING = (
    "git",
    "mlflow.models.display_utils",
    "mlflow.pyfunc.scoring_server",
    "mlflow.pyfunc.utils.environment",
)
#: What labs are likely to import, paid for once.
_ML = ("mlflow.sklearn", "mlflow.pyfunc", "pandas", "scipy.stats", "sklearn.ensemble")
_ML_MORE = ("sklearn.linear_model", "sklearn.metrics", "sklearn.model_selection")
_SERVICES = ("mlflow.server", "mlflow.webhooks.delivery", "werkzeug.serving", "nbformat")
_SPARK = ("pandas", "pyspark.sql.functions", "pyspark.sql.pandas.types", "delta.tables")
#: What only Spark's Python workers import, which are forks of ours.
_SPARK_WORKERS = ("pyspark.worker", "pyarrow.compute")


class RunnerHouse:
    """Python with its imports made, and a JVM with its first query answered."""

    def __init__(self, start: dict[str, Any]) -> None:
        self._start = start
        self._places = Places.of(start)
        runtime = set(start["runtime"])
        os.environ["TMPDIR"] = str(self._places.tmp)
        python_for_spark()
        if "mlflow" in runtime:  # before Java: Spark's Python workers find the store through it
            mlflow_engine.set_environment(self._places)
        self._jvm = self._new_jvm() if "spark" in runtime and self.can_spark else None
        # The JVM wakes up on one core while the imports are made on another.
        waking = spark_engine.beside(spark_engine.warm_up, self._jvm) if self._jvm else None
        if "mlflow" in runtime:
            services = _SERVICES if "workspace" in runtime else ()
            capture.preload([*_ML, *_ML_MORE, *mlflow_engine.STORE, *_LOGGING, *services])
            mlflow_engine.be_databricks()
        if "spark" in runtime:
            for name in (*_SPARK, *_SPARK_WORKERS):
                importlib.import_module(name)
        self._java_state = waking() if waking else {}
        self._kept = self._places.temporary()
        # A full collection takes a fifth of a second; a lab's own should not look at all this.
        gc.collect()
        gc.freeze()

    @property
    def can_spark(self) -> bool:
        """Whether this machine has what Spark needs."""
        return bool(self._start["java"] and self._start["jars"])

    @property
    def pids(self) -> Set[int]:
        """The JVM."""
        return {self._jvm.pid} if self._jvm else set()

    def lab(self, start: dict[str, Any]) -> Runner:
        """Run a lab, in its own process."""
        file = self._places.submission / start["file"]
        source = file.read_bytes()
        # A lab that needs no Spark still has `spark` when its author reaches for it.
        wanted = "spark" in start["runtime"] or re.search(rb"\bspark\b", source)
        jvm = self._jvm or (self._new_jvm() if wanted and self.can_spark else None)
        for name in ("store", "java", "broker"):
            start[name] = self._start.get(name)
        return Runner(start, self._places, file, source, jvm if wanted else None)

    def settle(self) -> str:
        """Clear Java and the folder of temporary files of what the last lab left."""
        told = ""
        if self._jvm:
            if not self._jvm.alive:
                return "Java has ended"
            if not self._kept <= self._places.temporary():
                return "what Java and this process share is gone"
            try:
                told = spark_engine.in_a_fork(spark_engine.put_back, self._jvm, self._java_state)
            except RuntimeError as error:
                return f"Java does not answer: {error}"
        return told or self._places.clear_tmp(self._kept)

    def finish(self) -> None:
        """Let Java end as it wants, which is when it writes a cache that it was to make."""
        if self._jvm:
            self._jvm.close()

    def _new_jvm(self) -> Jvm:
        s = self._start
        # The labs' folder is a link: beside what it leads to lies the one for Java's cache.
        labs = Path(os.path.realpath(self._places.workspace)).parent
        train = str(labs / s["train"]) if s["train"] else ""
        options = {"cache": s.get("cache", ""), "train": train, "lasting": s["lasting"]}
        more = {"tuning": s.get("tuning", TUNING), "connector": s.get("connector", ())}
        return Jvm(s["java"], s["jars"], self._places, **options, **more)


class Runner:
    """One lab of one student."""

    def __init__(
        self, start: dict[str, Any], places: Places, file: Path, source: bytes, jvm: Jvm | None
    ) -> None:
        self._file = file
        #: What tracebacks call the file, wherever it lies.
        self._shown = f"/submission/{start['file']}"
        self._source = source
        self._places = places
        self._spark: Any = None
        self._broker: Broker | None = None
        if "kafka" in start["runtime"]:  # it takes seconds, and starts beside what follows
            self._broker = Broker(start["java"], start["broker"], places)
        places.inputs.mkdir(exist_ok=True)
        os.chdir(places.workspace)
        if jvm is not None:
            spark_workers.start(places)
        if "mlflow" in start["runtime"]:
            capture.install()
            mlflow_engine.start(start.get("store"), places)
        self._services: Services | None = None
        if "workspace" in start["runtime"]:
            from grader.guest.services import server

            self._services = server.start(places, file)
        standins.install(start["runtime"])
        if jvm is not None and "spark" in start["runtime"]:
            jvm.connect()  # a fixture may have a Spark session, too: the one that the lab gets
        if self._broker:
            self._broker.wait()
        if start.get("fixture"):
            _load(places.real(start["fixture"])).prepare(start["data"], places.inputs)
        self._module = types.ModuleType("__main__")
        shelf = Shelf(places, file.parent)
        dbutils = DBUtils(places.workspace / "dbfs", shelf, self._module.__dict__)
        self._module.__dict__.update(__file__=str(file), display=display, dbutils=dbutils)
        if jvm is not None:
            self._spark = spark = spark_engine.session(jvm)
            self._module.__dict__.update(spark=spark, sc=spark.sparkContext)
            spark.range(1).count()  # the first query's cost is the engine's, not the student's

    def handle(self, op: str, fields: dict[str, Any]) -> Any:
        """`run`, `call`, `value` or `settle`."""
        if op == "run":
            return self._run()
        if op == "call":
            real = self._places.real
            return self._call(fields["function"], real(fields["args"]), real(fields["kwargs"]))
        if op == "settle":
            return self._services is not None and self._services.settle()
        return self._lookup(fields["name"])

    def end(self) -> None:
        """Stop what the lab started in the shared JVM, as far as the lab itself can."""
        if self._spark is not None:
            with suppress(BaseException):  # the keeper looks after what this cannot do
                for query in self._spark.streams.active:
                    query.stop()
                self._spark.stop()
                if self._broker:
                    self._broker.let_go(self._spark._jvm)
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
