"""The scorer: the only place where a student's model is loaded.

It sees the workspace read-only and inputs without their expected outputs, and gives back
predictions. A model that lies here can at worst lose its own points.
"""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Collection
from typing import Any

from grader.guest import mlflow_engine, standins
from grader.guest.house import House
from grader.guest.places import Places
from grader.guest.refusal import Refused, describe

#: What loading a model imports, as most are.
_MODELS = (
    "mlflow.pyfunc",
    "mlflow.sklearn",
    "pandas",
    "sklearn.ensemble",
    "importlib_metadata",
    "email.headerregistry",
)


class ScorerHouse(House):
    """Its imports, made once."""

    def __init__(self, start: dict[str, Any]) -> None:
        super().__init__(start)
        os.environ["TMPDIR"] = str(self.places.tmp)
        mlflow_engine.configure(f"sqlite:///{self.places.tmp}/mlflow.db")

    def imports(self, lab: dict[str, Any]) -> str:
        """The same for every lab."""
        return "models"

    def load(self, imports: str) -> None:
        """What loads models."""
        for name in (*_MODELS, *mlflow_engine.STORE):
            importlib.import_module(name)

    def lab(self, start: dict[str, Any]) -> Scorer:
        """Score a lab's models, in a process of its own."""
        return Scorer(self.places, start["runtime"])


class Scorer:
    """Models of one lab. Each is loaded once, and anew when the lab's store has changed."""

    def __init__(self, places: Places, runtime: Collection[str]) -> None:
        os.chdir(places.workspace)
        standins.install(runtime)
        self._places = places
        self._models: dict[str, Any] = {}
        self._seen: int | None = None

    def handle(self, op: str, fields: dict[str, Any]) -> Any:
        """`predict`."""
        import mlflow.pyfunc
        import pandas as pd

        uri = self._places.real(fields["model_uri"])
        self._look_again()
        if uri not in self._models:
            # MLflow notes where a registered model came from beside its files: in a copy, then.
            copy = tempfile.mkdtemp(dir=self._places.tmp)
            try:
                self._models[uri] = mlflow.pyfunc.load_model(uri, dst_path=copy)
            except BaseException as error:
                raise Refused(f"the model {uri} cannot be loaded: {describe(error)}") from error
        frame = pd.DataFrame(fields["rows"])
        try:
            return self._models[uri].predict(frame)
        except BaseException as error:
            raise Refused(f"the model {uri} raised {describe(error)}") from error

    def _look_again(self) -> None:
        """Take a fresh copy of a store that has changed: it may name other models by now."""
        store = mlflow_engine.store(self._places)
        now = store.stat().st_mtime_ns if store.is_file() else None
        if now != self._seen:
            mlflow_engine.copied_store(self._places)
            self._models.clear()
            self._seen = now

    def end(self) -> None:
        """Nothing to put back."""
