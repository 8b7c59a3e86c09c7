"""What MLflow loads a model with that was logged with its feature specification.

Students may meet it as `databricks.feature_store.mlflow_model`, the loader that MLmodel names.
Outside of `score_batch` and of a serving endpoint nobody looks features up: rows must have all
columns that the model was trained on, and the error says which they lack.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from grader.guest.features import packaging
from grader.guest.features.spec import FeatureSpec


class ModelWithFeatures:
    """A model that takes complete rows, and knows which columns these have."""

    def __init__(self, spec: FeatureSpec, model: Any) -> None:
        self._spec = spec
        self._model = model

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """What the model itself predicts for the columns that it was trained on.

        Raises:
            ValueError: `data` is no pandas DataFrame, or lacks columns.
        """
        if not hasattr(data, "columns"):
            raise ValueError("a model that was logged with features predicts for a DataFrame")
        lacking = [name for name in self._spec.inputs if name not in data.columns]
        if lacking:
            raise ValueError(
                f"the input lacks {', '.join(map(repr, lacking))}: a model that was logged with "
                "features looks them up in score_batch or on a serving endpoint; here the input "
                "must have them"
            )
        return self._model.predict(data[list(self._spec.inputs)], params=params)


def _load_pyfunc(path: str) -> ModelWithFeatures:
    """The model whose data is in `path`; MLflow calls it by this name.

    Raises:
        ValueError: there is no feature specification in it.
    """
    from mlflow.pyfunc import load_model

    spec = packaging.read(Path(path))
    if spec is None:
        raise ValueError("the model has no feature specification")
    return ModelWithFeatures(spec, load_model(str(Path(path) / packaging.RAW)))
