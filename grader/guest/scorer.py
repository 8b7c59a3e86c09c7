"""The scorer: the only place where a student's model is loaded.

It sees the workspace read-only and inputs without their expected outputs, and gives back
predictions. A model that lies here can at worst lose its own points.
"""

from __future__ import annotations

import shutil
from typing import Any

from grader.guest import mlflow_engine
from grader.guest.refusal import Refused, describe


class Scorer:
    """Models of one lab. Each is loaded once."""

    def __init__(self, start: dict[str, Any]) -> None:
        if mlflow_engine.STORE.is_file() and not mlflow_engine.STORE.is_symlink():
            shutil.copyfile(mlflow_engine.STORE, "/tmp/mlflow.db")
        mlflow_engine.configure("sqlite:////tmp/mlflow.db")
        import mlflow.pyfunc

        self._load = mlflow.pyfunc.load_model
        self._models: dict[str, Any] = {}

    def handle(self, op: str, fields: dict[str, Any]) -> Any:
        """`predict`."""
        import pandas as pd

        uri = fields["model_uri"]
        if uri not in self._models:
            try:
                self._models[uri] = self._load(uri)
            except BaseException as error:
                raise Refused(f"the model {uri} cannot be loaded: {describe(error)}") from error
        frame = pd.DataFrame(fields["rows"])
        try:
            return self._models[uri].predict(frame)
        except BaseException as error:
            raise Refused(f"the model {uri} raised {describe(error)}") from error
