"""`dbutils.secrets`, from a file that the lab's fixture wrote: `{"scope": {"key": "value"}}`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: Where the file is, relative to the lab's folder.
PLACE = ".secrets.json"


@dataclass(frozen=True)
class SecretScope:
    """One entry of `listScopes`."""

    name: str


@dataclass(frozen=True)
class SecretMetadata:
    """One entry of `list`."""

    key: str


class Secrets:
    """`dbutils.secrets`; the file is read anew each time, and there may be none."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    def get(self, scope: str, key: str) -> str:
        """A secret.

        Raises:
            ValueError: there is none.
        """
        try:
            return self._scope(scope)[key]
        except KeyError:
            told = f"Secret does not exist with scope: {scope} and key: {key}"
            raise ValueError(told) from None

    def getBytes(self, scope: str, key: str) -> bytes:  # noqa: N802 - the name is Databricks'
        """A secret's bytes. Raises as `get` does."""
        return self.get(scope, key).encode()

    def list(self, scope: str) -> Sequence[SecretMetadata]:
        """The keys of a scope.

        Raises:
            ValueError: there is no such scope.
        """
        return [SecretMetadata(key) for key in sorted(self._scope(scope))]

    def listScopes(self) -> Sequence[SecretScope]:  # noqa: N802 - the name is Databricks'
        """The scopes."""
        return [SecretScope(name) for name in sorted(self._scopes())]

    def _scope(self, name: str) -> dict[str, str]:
        scopes = self._scopes()
        if name not in scopes:
            raise ValueError(f"Secret scope does not exist: {name}")
        return scopes[name]

    def _scopes(self) -> dict[str, dict[str, str]]:
        if self._file is None or not self._file.is_file():
            return {}
        found: dict[str, dict[str, str]] = json.loads(self._file.read_text(encoding="utf-8"))
        return found
