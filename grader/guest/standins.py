"""Names that students import on Databricks, and the modules of ours that answer to them here.

A lab gets those of the services that its `runtime` asks for, before its file runs; the scorer gets
them too, since a model may have been logged through one. Nothing else is imported.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Collection

#: Per service: the name that a student writes, and the module behind it.
_NAMES = {
    "feature-store": {
        "databricks.feature_store": "grader.guest.features",
        "databricks.feature_store.mlflow_model": "grader.guest.features.mlflow_model",
        "databricks.feature_store.online_store_spec": "grader.guest.features.online_store_spec",
        "databricks.feature_engineering": "grader.guest.features.engineering",
    },
    "workspace": {"databricks_registry_webhooks": "grader.guest.services.registry.client"},
}


def install(runtime: Collection[str]) -> None:
    """Let `import NAME` find the stand-ins of what `runtime` asks for."""
    for service in sorted(_NAMES.keys() & set(runtime)):
        for name, ours in _NAMES[service].items():
            module = sys.modules[name] = importlib.import_module(ours)
            package, _, last = name.rpartition(".")
            if package:
                setattr(importlib.import_module(package), last, module)
