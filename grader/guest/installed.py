"""Let MLflow look up what is installed once, not in every lab and for every model.

To turn modules into requirements MLflow reads the metadata of every distribution on the path
(0.3 s), and for each model the requirements of some 200 of them (0.1 s). What was there before a
lab's code runs stays; a path that has other distributions is looked through as ever.
"""

from __future__ import annotations

import copy
import importlib
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any


class _Installed:
    """What was found on the path as it was at first."""

    def __init__(self, utils: Any) -> None:
        self._utils = utils
        self._path = list(sys.path)
        self._fill: Callable[[], None] = utils._init_modules_to_packages_map
        self._requires: Callable[[str], Iterator[str]] = utils._iter_requires
        self._known: dict[str, list[str]] = {}
        self._fill()
        self._packages = utils._MODULES_TO_PACKAGES
        utils._MODULES_TO_PACKAGES = None

    def fill(self) -> None:
        """In place of `_init_modules_to_packages_map`: which distributions have which module."""
        if self._utils._MODULES_TO_PACKAGES is None and self._unchanged():
            self._utils._MODULES_TO_PACKAGES = copy.deepcopy(self._packages)
        self._fill()

    def requires(self, name: str) -> Iterator[str]:
        """In place of `_iter_requires`: what a distribution, by its name, requires."""
        if not self._unchanged():
            return self._requires(name)
        if name not in self._known:
            self._known[name] = list(self._requires(name))
        return iter(self._known[name])

    def learn(self, modules: Iterable[str]) -> None:
        """Read the requirements of the distributions that have these modules."""
        tops = {name.partition(".")[0] for name in modules}
        self._utils._prune_packages({p for top in tops for p in self._packages.get(top, ())})

    def _unchanged(self) -> bool:
        if [entry for entry in sys.path if entry in self._path] != self._path:
            return False
        more = [entry for entry in sys.path if entry not in self._path]
        found = self._utils.importlib_metadata.distributions(path=more) if more else ()
        return next(iter(found), None) is None


def remember(modules: Iterable[str]) -> None:
    """Look up what is installed, above all what the `modules` come from, for this process.

    `mlflow.utils.requirements_utils` must have been imported.
    """
    utils: Any = importlib.import_module("mlflow.utils.requirements_utils")
    installed = _Installed(utils)
    utils._init_modules_to_packages_map = installed.fill
    utils._iter_requires = installed.requires
    installed.learn(modules)
