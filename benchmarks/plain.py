"""Run labs as somebody would without a grader: a plain Python process, no wall, nothing warm.

usage: python -m benchmarks.plain JOB.json, which writes what it measured beside it

A job names labs and how they are run:

- `default`: `spark` comes from PySpark's ordinary launcher, with Delta and nothing else set that
  a result does not depend on; MLflow makes its own store.
- `tuned`: the same launcher, with the grader's settings of Spark and Delta.
- `warm`: the grader's own JVM (no ahead-of-time cache), imports made, one query answered and a
  migrated MLflow store at hand before the clock starts; the labs then run in turn, each in a fork
  of this process. In the process itself, the threads of one lab would break the servers that
  another forks.

Each lab's file is run as `__main__` in a folder of its own, which `/workspace` in its text stands
for. Then the lab's checks make the same calls and look at the same tables as when it is graded,
all in the same process. Seconds are told apart: `start` (until the file could begin), `file`,
`calls` (of the student's functions), `looks` (at tables, runs and models; the grader's work, not
the student's).
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
import types
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.provision.java import find_java

if TYPE_CHECKING:
    from grader.guest.jvm import Jvm


def main() -> None:
    """Do the job."""
    path = Path(sys.argv[1])
    job = json.loads(path.read_text(encoding="utf-8"))
    begun = float(job["begun"])  # on the clock that all processes share
    warm = _Warm(job) if job["mode"] == "warm" else None
    told: dict[str, Any] = {"warm_up": time.monotonic() - begun if warm else 0.0, "labs": {}}
    for lab in job["labs"]:
        told["labs"][lab["id"]] = warm.run(job, lab) if warm else _run(job, lab, None, begun)
    path.with_suffix(".out").write_text(json.dumps(told), encoding="utf-8")
    os._exit(0)  # nothing that happens at an engine's end is measured


def _run(job: dict[str, Any], lab: dict[str, Any], warm: _Warm | None, begun: float) -> Any:
    if "mlflow" in lab["runtime"]:
        _track(job, lab, warm)
    with ExitStack() as services:
        return _measured(job, lab, warm, begun, _serve(job, lab, services))


def _measured(
    job: dict[str, Any],
    lab: dict[str, Any],
    warm: _Warm | None,
    begun: float,
    settle: Callable[[], bool],
) -> dict[str, float]:
    workspace = Path(lab["workspace"])
    names = _names(job, lab)
    if "spark" in lab["runtime"]:
        names["spark"] = warm.session(workspace) if warm else _session(job, workspace)
    os.chdir(workspace)
    if lab["fixture"]:
        fixture = types.ModuleType("lab_fixture")
        exec(_code(lab["fixture"], workspace), fixture.__dict__)
        (workspace / "inputs").mkdir()
        fixture.__dict__["prepare"](lab["data"], workspace / "inputs")
    module = types.ModuleType("__main__")
    module.__dict__.update(names)
    sys.modules["__main__"] = module
    ready = time.monotonic()
    exec(_code(lab["file"], workspace), module.__dict__)
    done = time.monotonic()
    from benchmarks.bare_asking import check

    names = module.__dict__
    looks, calls = check(Path(job["root"]), lab["id"], names, workspace, lab["data"], settle)
    return {"start": ready - begun, "file": done - ready, "calls": calls, "looks": looks}


def _names(job: dict[str, Any], lab: dict[str, Any]) -> dict[str, Any]:
    """What a notebook has without an import."""
    from grader.guest.dbutils import DBUtils
    from grader.guest.display import display
    from grader.guest.notebooks import Shelf
    from grader.guest.places import Places

    workspace, file = Path(lab["workspace"]), Path(lab["file"])
    names: dict[str, Any] = {"__name__": "__main__", "__file__": str(file), "display": display}
    shelf = Shelf(Places(workspace, file.parent, Path(job["home"])), file.parent)
    names["dbutils"] = DBUtils(workspace / "dbfs", shelf, names)
    return names


def _serve(job: dict[str, Any], lab: dict[str, Any], services: ExitStack) -> Callable[[], bool]:
    """Start what a lab asks for beside engines; how to wait for it. `services` end it."""
    from grader.guest import standins
    from grader.guest.places import Places

    workspace = Path(lab["workspace"])
    places = Places(workspace, Path(job["home"]), Path(job["home"]))
    settle: Callable[[], bool] = lambda: False  # noqa: E731 - nothing to wait for
    broker = None
    if "kafka" in lab["runtime"]:
        from grader.guest.kafka import Broker

        broker = Broker(str(find_java().home), job["broker"], places)
        services.callback(broker.close)
    if "workspace" in lab["runtime"]:
        import mlflow

        from grader.guest.services import server

        started = server.start(places, Path(lab["file"]))
        services.callback(started.stop)
        settle = started.settle
        mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
    standins.install(lab["runtime"])
    if broker:
        broker.wait()
    return settle


def _code(file: str, workspace: Path) -> types.CodeType:
    text = Path(file).read_text(encoding="utf-8").replace("/workspace", str(workspace))
    return compile(text, file, "exec")


def _session(job: dict[str, Any], workspace: Path) -> Any:
    """A session from the ordinary launcher."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder
    for name, value in {**job["conf"], "spark.sql.warehouse.dir": f"{workspace}/warehouse"}.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _track(job: dict[str, Any], lab: dict[str, Any], warm: _Warm | None) -> None:
    """A store in the lab's folder, and models saved as they are on Databricks."""
    from grader.guest import mlflow_engine
    from grader.guest.places import Places

    workspace = Path(lab["workspace"])
    places = Places(workspace, workspace, workspace)
    os.chdir(workspace)
    mlflow_engine.set_environment(places)
    mlflow_engine.be_databricks()
    mlflow_engine.start(job["store"] if warm else None, places)
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{mlflow_engine.store(places)}")


class _Warm:
    """Engines and imports, before the clock starts."""

    def __init__(self, job: dict[str, Any]) -> None:
        from grader.guest import spark_engine
        from grader.guest.jvm import Jvm, point_to_java, python_for_spark
        from grader.guest.places import Places

        self._jvm: Jvm | None = None
        self._spark: Any = None
        home = Path(job["home"])
        runtime = {name for lab in job["labs"] for name in lab["runtime"]}
        if "spark" in runtime:
            python_for_spark()
            point_to_java(job["java"])
            places = Places(home, home, home)
            self._jvm = Jvm(job["java"], job["jars"], places)
            spark_engine.in_a_fork(spark_engine.warm_up, self._jvm.gateway)
            _pay("delta.tables", "pandas", "pyspark.sql.functions", "pyspark.sql.pandas.types")
        if "mlflow" in runtime:
            _track(job, {"workspace": str(home)}, self)
            _pay("mlflow.pyfunc", "sklearn.ensemble", "sklearn.metrics")
            import mlflow

            mlflow.search_runs(search_all_experiments=True)

    def run(self, job: dict[str, Any], lab: dict[str, Any]) -> Any:
        """Run a lab in a fork: what it took."""
        from grader.guest import spark_engine

        return spark_engine.in_a_fork(self._lab, job, lab)

    def _lab(self, job: dict[str, Any], lab: dict[str, Any]) -> Any:
        try:
            taken = _run(job, lab, self, time.monotonic())
            if self._spark is not None:
                self._spark.stop()  # the next lab gets a context of its own
        except BaseException:
            traceback.print_exc()  # where the log is; the caller is told its message alone
            raise
        return taken

    def session(self, workspace: Path) -> Any:
        """A new session on the JVM that runs."""
        from pyspark.sql import SparkSession

        assert self._jvm is not None  # a lab wants Spark
        self._jvm.gateway.connect()
        warehouse = f"{workspace}/warehouse"
        builder = SparkSession.builder.config("spark.sql.warehouse.dir", warehouse)
        self._spark = builder.getOrCreate()
        return self._spark


def _pay(*modules: str) -> None:
    for name in modules:
        importlib.import_module(name)


if __name__ == "__main__":
    main()
