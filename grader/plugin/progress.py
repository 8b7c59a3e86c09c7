"""One line about a long step, on a terminal only: fetching, warming, running a lab."""

from __future__ import annotations

import os
import sys

import pytest


class Progress:
    """Writes to the terminal behind pytest's capture. Quiet in CI, in workers and in pipes."""

    def __init__(self, config: pytest.Config) -> None:
        self._capture = config.pluginmanager.getplugin("capturemanager")
        worker = hasattr(config, "workerinput")
        # sys.__stderr__ is the terminal's own stream, whatever capture put in its place.
        self._on = not worker and "CI" not in os.environ and sys.stderr.isatty()
        self._shown = False

    def say(self, what: str) -> None:
        """Show what is being done now."""
        if self._on:
            self._write(f"\r\x1b[K  {what} ...")
            self._shown = True

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._write("\r\x1b[K")
            self._shown = False

    def _write(self, text: str) -> None:
        if self._capture is None:
            print(text, end="", file=sys.stderr, flush=True)
            return
        with self._capture.global_and_fixture_disabled():
            print(text, end="", file=sys.stderr, flush=True)
