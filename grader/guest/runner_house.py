"""What the runner keeps warm: a JVM for the labs of one submission, and their imports."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Set
from pathlib import Path
from typing import Any

from grader.guest import capture, mlflow_engine, spark_engine
from grader.guest.house import House
from grader.guest.jvm import TUNING, Gateway, Jvm, point_to_java, python_for_spark
from grader.guest.runner import Runner

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


class RunnerHouse(House):
    """Python with its imports made, and a JVM with its first query answered."""

    def __init__(self, start: dict[str, Any]) -> None:
        super().__init__(start)
        self._jvm: Jvm | None = None
        self._java_state: dict[str, Any] = {}
        self._waking: Callable[[], Any] | None = None
        os.environ["TMPDIR"] = str(self.places.tmp)
        python_for_spark()
        self._can_spark = bool(start["java"] and start["jars"])
        if self._can_spark:
            point_to_java(start["java"])
        if "mlflow" in start["runtime"]:  # Spark's Python workers find the store through Java
            mlflow_engine.set_environment(self.places)

    @property
    def pids(self) -> Set[int]:
        """The JVM."""
        return {self._jvm.pid} if self._jvm else set()

    def begin(self, lab: dict[str, Any]) -> bool:
        """Start the JVM for the first lab that wants it."""
        if self._jvm or not self._wants_java(lab):
            return False
        s = self.start
        self._jvm = Jvm(
            s["java"],
            s["jars"],
            self.places,
            cache=s.get("cache", ""),
            train=self._trained(s["train"]),
            lasting=s["lasting"],
            tuning=s.get("tuning", TUNING),
        )
        self._waking = spark_engine.beside(spark_engine.warm_up, self._jvm.gateway)
        return True

    def ready(self) -> None:
        """Wait for Java's first answer."""
        if self._waking:
            waking, self._waking = self._waking, None
            self._java_state = waking()
        super().ready()

    def load(self, imports: str) -> None:
        """What labs with MLflow import, or with Spark alone."""
        if imports == "mlflow":
            capture.preload([*_ML, *_ML_MORE, *mlflow_engine.STORE, *_LOGGING, *_SERVICES])
            mlflow_engine.be_databricks()
        if imports:
            for name in (*_SPARK, *_SPARK_WORKERS):
                importlib.import_module(name)

    def engines(self, lab: dict[str, Any]) -> dict[str, Any]:
        """Where a lab finds Java, if it wants it."""
        return {"gateway": self._jvm.gateway if self._jvm and self._wants_java(lab) else None}

    def lab(self, start: dict[str, Any]) -> Runner:
        """Run a lab, in its own process."""
        for name in ("store", "java", "broker", "broker_cache"):
            start[name] = self.start.get(name)
        start["broker_train"] = self._trained(self.start["broker_train"])
        gateway = start["gateway"]
        return Runner(start, self.places, Gateway(*gateway) if gateway else None)

    def damage(self) -> str | dict[str, Any]:
        """Whether Java runs and can be reached."""
        if self._jvm is None:
            return ""
        if not self._jvm.alive:
            return "Java has ended"
        if not self._kept <= self.places.temporary():
            return "what Java and this process share is gone"
        return {"gateway": self._jvm.gateway, "state": self._java_state}

    def put_back(self, engines: dict[str, Any]) -> str:
        """Clear Java of what the last lab left."""
        return spark_engine.put_back(Gateway(*engines["gateway"]), engines["state"])

    def finish(self) -> None:
        """Let Java end as it wants, which is when it writes a cache that it was to make."""
        if self._jvm:
            self._jvm.close()

    def _trained(self, name: str) -> str:
        """Where Java is to write a cache, if it is to: beside the labs' folders."""
        labs = Path(os.path.realpath(self.places.workspace)).parent
        return str(labs / name) if name else ""

    def _wants_java(self, lab: dict[str, Any]) -> bool:
        """A lab that needs no Spark still has `spark` when its author reaches for it."""
        if not self._can_spark:
            return False
        if "spark" in lab["runtime"] or not lab["file"]:
            return "spark" in lab["runtime"]
        file = self.places.submission / lab["file"]
        return file.is_file() and bool(re.search(rb"\bspark\b", file.read_bytes()))
