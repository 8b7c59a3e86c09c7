"""The scorer: the only place where a student's model is loaded.

It sees the workspace read-only and inputs without their expected outputs, and gives back
predictions. A model that lies here can at worst lose its own points.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Collection, Set
from typing import Any

from grader.guest import mlflow_engine, standins
from grader.guest.places import Places
from grader.guest.refusal import Refused, describe


class ScorerHouse:
    """Its imports, made once."""

    @property
    def pids(self) -> Set[int]:
        """None."""
        return frozenset()

    def __init__(self, start: dict[str, Any]) -> None:
        self._places = Places.of(start)
        os.environ["TMPDIR"] = str(self._places.tmp)
        mlflow_engine.configure(f"sqlite:///{self._places.tmp}/mlflow.db")
        for name in ("mlflow.pyfunc", "mlflow.sklearn", "pandas", "sklearn.ensemble"):
            importlib.import_module(name)
        self._kept = self._places.temporary()

    def lab(self, start: dict[str, Any]) -> Scorer:
        """Score a lab's models, in a process of its own."""
        return Scorer(self._places, start["runtime"])

    def finish(self) -> None:
        """Nothing to wait for."""

    def settle(self) -> str:
        """Remove what the last lab's models left."""
        return self._places.clear_tmp(self._kept)


class Scorer:
    """Models of one lab. Each is loaded once."""

    def __init__(self, places: Places, runtime: Collection[str]) -> None:
        os.chdir(places.workspace)
        standins.install(runtime)
        mlflow_engine.copied_store(places)
        self._places = places
        self._models: dict[str, Any] = {}

    def handle(self, op: str, fields: dict[str, Any]) -> Any:
        """`predict`."""
        import mlflow.pyfunc
        import pandas as pd

        uri = self._places.real(fields["model_uri"])
        if uri not in self._models:
            try:
                self._models[uri] = mlflow.pyfunc.load_model(uri)
            except BaseException as error:
                raise Refused(f"the model {uri} cannot be loaded: {describe(error)}") from error
        frame = pd.DataFrame(fields["rows"])
        try:
            return self._models[uri].predict(frame)
        except BaseException as error:
            raise Refused(f"the model {uri} raised {describe(error)}") from error

    def end(self) -> None:
        """Nothing to put back."""
