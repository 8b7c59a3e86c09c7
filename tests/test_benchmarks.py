"""The benchmarks still run, and print what they promise. They are slow, and no figure is judged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import ROOT

pytestmark = [pytest.mark.deep, pytest.mark.engine]


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("sheets", "100 sheets of 40 items / plain pytest"),
        ("first-answer", "first answer of Spark, seconds"),
    ],
)
def test_a_measurement_ends_with_its_table(name: str, row: str, tmp_path: Path) -> None:
    """One round: a row of the table with a figure, and all of it as JSON."""
    report = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks.run", "--rounds=1", f"--only={name}"]
    done = subprocess.run(
        [*command, f"--json={report}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (line,) = [line for line in done.stdout.splitlines() if line.startswith(f"| {row}")]
    assert any(c.isdigit() for c in line.split("|")[2])
    figures = json.loads(report.read_text(encoding="utf-8"))
    assert set(figures) == {"machine", name}
