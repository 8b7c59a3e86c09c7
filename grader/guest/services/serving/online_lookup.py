"""The model of a scoring process; where it was logged with its features, with their lookup.

A client of such a model sends keys, and values of the moment that no table has. The features come
from the online store, as they are there when the request comes; a client that has them itself
sends them along. Then the model is called as it was trained.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

#: Where a model that was logged through the Feature Store keeps what it knows of its features.
_FEATURES = Path("data", "feature_store")


def load_model(folder: Path, workspace: Path) -> Any:
    """The model in `folder`, as MLflow's scoring server wants it.

    Raises:
        Exception: whatever loading it raises.
    """
    import mlflow.pyfunc

    if (folder / _FEATURES).is_dir():
        from grader.guest.features.packaging import feature_spec, raw_model_path

        spec = feature_spec(folder)
        if spec is not None:
            raw = mlflow.pyfunc.load_model(str(raw_model_path(folder)))
            return ModelWithLookup(workspace, spec, raw)
    return mlflow.pyfunc.load_model(str(folder))


class ModelWithLookup:
    """What MLflow's scoring server calls instead of the model `raw` itself."""

    def __init__(self, workspace: Path, spec: Any, raw: Any) -> None:
        self.metadata = _Untyped()
        self._workspace = workspace
        self._spec = spec
        self._raw = raw

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """What the model predicts for rows that are completed from the online store.

        Raises:
            MlflowException: columns are lacking, or a feature table is not online.
        """
        import pandas as pd
        from mlflow.exceptions import MlflowException
        from mlflow.protos.databricks_pb2 import BAD_REQUEST

        from grader.guest.features.complete import Incomplete, complete
        from grader.guest.features.online import NoOnlineTable

        if not isinstance(data, pd.DataFrame):
            told = "a model with feature lookup takes named columns: send 'dataframe_records'"
            raise MlflowException(f"{told} or 'dataframe_split'", error_code=BAD_REQUEST)
        try:
            records = [{str(k): v for k, v in r.items()} for r in data.to_dict(orient="records")]
            rows = complete(self._workspace, self._spec, records)
        except (Incomplete, NoOnlineTable) as error:
            raise MlflowException(str(error), error_code=BAD_REQUEST) from error
        frame = pd.DataFrame(rows, columns=list(self._spec.inputs))
        schema = self._raw.metadata.get_input_schema()
        texts = {c.name for c in schema.inputs if c.type.name == "string"} if schema else set()
        for name in frame.columns[frame.isna().all()]:
            if name not in texts:  # a column without any value has no type of its own
                frame[name] = frame[name].astype("float64")
        return self._raw.predict(frame, params=params)


class _Untyped:
    """What the scoring server asks a model's metadata: what is sent is taken as it is."""

    def get_input_schema(self) -> None:
        """None: the model's own schema has columns that clients need not send."""

    def get_params_schema(self) -> None:
        """None."""
