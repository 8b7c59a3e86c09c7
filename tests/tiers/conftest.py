"""The tiers that this machine offers to whoever runs the tests, each set up once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from grader.errors import ProvisionError
from grader.labs.probe import Ground, ground
from grader.sandbox.interface import Sandbox, Tier
from tests.stage import Stage, sandbox_of


class Tiers:
    """Sandboxes, probing labs and stages by tier. A tier that does not work skips the test."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._sandboxes: dict[Tier, Sandbox | str] = {}
        self._grounds: dict[Tier, Ground] = {}
        self._stages: dict[Tier, Stage] = {}

    def sandbox(self, tier: Tier) -> Sandbox:
        """The sandbox of a tier."""
        if tier not in self._sandboxes:
            try:
                self._sandboxes[tier] = sandbox_of(tier)
            except ProvisionError as error:
                self._sandboxes[tier] = str(error)
        found = self._sandboxes[tier]
        if isinstance(found, str):
            pytest.skip(found)
        return found

    def ground(self, tier: Tier) -> Ground:
        """A lab that probes its wall."""
        if tier not in self._grounds:
            self._grounds[tier] = self._stack.enter_context(ground(self.sandbox(tier)))
        return self._grounds[tier]

    def stage(self, tier: Tier) -> Stage:
        """Where labs without an engine are run."""
        if tier not in self._stages:
            self._stages[tier] = self._stack.enter_context(Stage(self.sandbox(tier)))
        return self._stages[tier]


@pytest.fixture(scope="session")
def tiers() -> Iterator[Tiers]:
    """The tiers of this machine."""
    with ExitStack() as stack:
        yield Tiers(stack)
