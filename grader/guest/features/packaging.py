"""The feature specification in a logged model: written when it is logged, read wherever it is used.

Such a model is an MLflow `python_function` model whose data are in one folder:

    MLmodel
    data/feature_store/feature_spec.yaml
    data/feature_store/raw_model/          the model as its own flavor saves it
"""

from __future__ import annotations

from pathlib import Path

import yaml

from grader.guest.features.spec import FeatureSpec

#: Where MLmodel says that the model's code is; students may see it in that file.
LOADER = "databricks.feature_store.mlflow_model"
DATA = Path("data", "feature_store")
SPEC = "feature_spec.yaml"
RAW = "raw_model"
#: Bytes of a specification; more is none of ours.
_MOST = 1 << 20


def write(folder: Path, spec: FeatureSpec) -> None:
    """Write `spec` into `folder`, the data of a model that is being saved."""
    text = yaml.safe_dump(spec.to_dict(), sort_keys=False, allow_unicode=True)
    (folder / SPEC).write_text(text, encoding="utf-8")


def feature_spec(model_path: str | Path) -> FeatureSpec | None:
    """The specification in the MLflow model at `model_path` (a folder), or None if it has none.

    Raises:
        ValueError: it has one that cannot be read.
    """
    return read(Path(model_path) / DATA)


def read(folder: Path) -> FeatureSpec | None:
    """As `feature_spec`, from the model's data folder."""
    path = folder / SPEC
    if path.is_symlink() or not path.is_file():
        return None
    if path.stat().st_size > _MOST:
        raise ValueError("the model's feature specification is too long")
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"the model's feature specification is no YAML: {error}") from error
    return FeatureSpec.from_dict(raw)


def raw_model_path(model_path: str | Path) -> Path:
    """The model without its features, itself an MLflow model: it takes `FeatureSpec.inputs`."""
    return Path(model_path) / DATA / RAW
