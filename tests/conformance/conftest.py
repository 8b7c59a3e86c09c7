"""One workspace for all conformance tests; each uses names of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

#: Seconds that deliveries and runs may take.
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """Running services: their address, token and folder."""

    url: str
    token: str
    folder: Path

    def environment(self) -> dict[str, str]:
        """What clients in other processes read."""
        return {
            **os.environ,
            "DATABRICKS_HOST": self.url,
            "DATABRICKS_TOKEN": self.token,
            "MLFLOW_TRACKING_URI": self.url,
            "MLFLOW_REGISTRY_URI": self.url,
        }

    def write(self, path: str, text: str) -> str:
        """A file in the workspace; the path that a task has for it."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return f"/{path}"

    def settle(self) -> None:
        """Wait until all is delivered and all runs are over."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with urllib.request.urlopen(f"{self.url}/.services/idle?seconds=10") as answer:
                if json.load(answer)["idle"]:
                    return
        raise AssertionError("the services are still busy")

    def received(self, hook: str) -> list[dict[str, Any]]:
        """What came to a hook, oldest first."""
        self.settle()
        journal = (self.folder / ".services/journal.jsonl").read_text(encoding="utf-8")
        entries = [json.loads(line) for line in journal.splitlines()]
        found = [e["data"] for e in entries if e["kind"] == "received"]
        return [{**d, "json": json.loads(d["body"])} for d in found if d["hook"] == hook]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Services on a folder of their own, on this machine's loopback."""
    folder = tmp_path_factory.mktemp("workspace")
    command = [sys.executable, "-m", "tests.conformance.serve", str(folder)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    ) as process:
        assert process.stdin and process.stdout
        line = process.stdout.readline()
        assert line, "the services did not start"
        yield Served(**json.loads(line), folder=folder)
        process.stdin.close()
        process.wait(30)


@pytest.fixture
def here(served: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """The services, with this process's environment pointing at them."""
    for name, value in served.environment().items():
        if name.startswith(("DATABRICKS_", "MLFLOW_")):
            monkeypatch.setenv(name, value)
    return served
