"""The one lock: what it holds, and the parts of it that small environments are made of."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.builders import ROOT

LOCK = (ROOT / ".ci" / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def names(text: str) -> set[str]:
    """The packages of a lock."""
    return set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))


def test_it_says_how_it_is_made_and_nothing_of_where() -> None:
    """One command, with every dependency group; no addresses, no folders of a machine."""
    command = LOCK.splitlines()[1]
    assert "uv pip compile pyproject.toml --universal --generate-hashes" in command
    assert re.findall(r"--group (\S+)", command) == list(PROJECT["dependency-groups"])
    assert not re.search(r"://|^--|(?<!\w)/\w", LOCK, re.MULTILINE)


def test_it_holds_what_the_project_asks_for() -> None:
    """Whoever adds a dependency locks it."""
    groups = [PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"].values()]
    wanted = [re.match(r"[\w-]+", line) for lines in groups for line in lines]
    asked = {found[0].lower().replace("_", "-") for found in wanted if found}
    assert asked <= names(LOCK)


def test_a_part_is_what_a_group_needs(tmp_path: Path) -> None:
    """With hashes, and what it needs in turn; nothing of the engines."""
    file = tmp_path / "unit.lock"
    subprocess.run([sys.executable, ROOT / ".ci" / "part.py", file, "unit", "build"], check=True)
    text = file.read_text(encoding="utf-8")
    found = names(text)
    assert {"pytest", "pluggy", "flit-core", "rpds-py"} <= found < names(LOCK)
    assert not found & {"pyspark", "mlflow", "delta-spark", "deltalake", "pandas", "numpy"}
    assert all("--hash=sha256:" in entry for entry in re.split(r"^(?=\w)", text, flags=re.M)[1:])
    assert set(text.splitlines()) <= set(LOCK.splitlines())
