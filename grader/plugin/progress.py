"""One line about a long step, on a terminal only: fetching, warming, running a lab."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

_SAVE = "\x1b7"
_BACK = "\x1b8\x1b[K"


class Progress:
    """Writes to the terminal behind pytest's capture. Quiet in CI, in workers and in pipes."""

    def __init__(self, config: pytest.Config) -> None:
        self._capture = config.pluginmanager.getplugin("capturemanager")
        worker = hasattr(config, "workerinput")
        # sys.__stderr__ is the terminal's own stream, whatever capture put in its place.
        self._on = not worker and "CI" not in os.environ and sys.stderr.isatty()
        self._shown = False

    def say(self, what: str) -> None:
        """Show what is being done now, behind whatever the line holds; nothing takes it away."""
        if not self._on:
            return
        # Save the cursor once, come back to it each time, and erase from there: the beginning
        # of the line is pytest's and stays.
        if what:
            room = max(20, shutil.get_terminal_size().columns - 50)
            self._write(f"{_BACK if self._shown else _SAVE}{what[:room]} ...")
        elif self._shown:
            self._write(_BACK)
        self._shown = bool(what)

    def _write(self, text: str) -> None:
        if self._capture is None:
            print(text, end="", file=sys.stderr, flush=True)
            return
        with self._capture.global_and_fixture_disabled():
            print(text, end="", file=sys.stderr, flush=True)
