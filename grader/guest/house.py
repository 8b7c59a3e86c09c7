"""What a role has beside its labs: engines that they share, and imports that are made once.

The keeper of a role has a house. It starts engines when a lab first wants them and makes no
imports itself: those are made in zygotes (`zygote.py`), one for each set of them.
"""

from __future__ import annotations

from collections.abc import Collection, Set
from typing import Any

from grader.guest.answering import Role
from grader.guest.places import Places


def imports_of(runtime: Collection[str]) -> str:
    """The set of imports of a lab with this `runtime`: `mlflow`, `spark` or nothing.

    They depend on the lab alone, so that it finds the same whatever ran before it.
    """
    # MLflow imports nearly all that Spark does.
    return next((name for name in ("mlflow", "spark") if name in runtime), "")


class House:
    """A role without engines. `start` is what the host says of the whole wall."""

    def __init__(self, start: dict[str, Any]) -> None:
        self.start = start
        self.places = Places.of(start)
        self._kept = self.places.temporary()

    @property
    def pids(self) -> Set[int]:
        """Engines, which outlive a lab."""
        return frozenset()

    def imports(self, lab: dict[str, Any]) -> str:
        """The set of imports that a lab wants; `lab` has its `runtime` and its `file`."""
        return imports_of(lab["runtime"])

    def begin(self, lab: dict[str, Any]) -> bool:
        """Start the engines that a lab wants and that do not run yet; whether there were any.

        Called in the keeper, which goes on at once.
        """
        return False

    def load(self, imports: str) -> None:
        """Make a set of imports. Called in its zygote."""

    def ready(self) -> None:
        """Wait for what `begin` started. Called in the keeper."""
        self._kept |= self.places.temporary()

    def engines(self, lab: dict[str, Any]) -> dict[str, Any]:
        """What a lab's process needs to find the engines that it wants: JSON."""
        return {}

    def lab(self, start: dict[str, Any]) -> Role:
        """Begin a lab: called in its own process."""
        raise NotImplementedError

    def put_back(self, engines: dict[str, Any]) -> str:
        """Put engines back after a lab: what is broken, or nothing.

        Called in a fork of a zygote that has the imports for it, with what `damage` gave.
        """
        raise NotImplementedError

    def damage(self) -> str | dict[str, Any]:
        """What of the engines a lab has broken, or else what is to be put back; may be nothing."""
        return ""

    def clear(self) -> str:
        """Remove the temporary files of a lab: what is broken, or nothing."""
        return self.places.clear_tmp(self._kept)

    def finish(self) -> None:
        """Let engines end in their own time."""
