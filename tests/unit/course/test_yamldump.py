"""`grader.course.yamldump`: YAML as an author would write it, read back the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course.yamldoc import read_yaml
from grader.course.yamldump import dump_yaml
from tests.builders import write


def test_it_looks_as_if_written_by_hand() -> None:
    """Lists are indented, text of several lines is a block, letters are themselves."""
    value = {"m": {"summary": "Größe", "fails": ["test_a"], "replace": [{"old": "a\n  b\n"}]}}
    assert dump_yaml(value) == (
        "m:\n"
        "  summary: Größe\n"
        "  fails:\n"
        "    - test_a\n"
        "  replace:\n"
        "    - old: |\n"
        "        a\n"
        "          b\n"
    )


@pytest.mark.parametrize(
    "text",
    ["", "a: b", "true", "12", "  indented\nless\n", "\nempty first\n", "tab\there\n", "x" * 200,
     "ends blank  \nnext\n", "two\n\n", "# no comment", "'quoted'", "a\u0085b\n"],
)  # fmt: skip
def test_what_is_written_is_read_back(tmp_path: Path, text: str) -> None:
    """Whatever a line of Python may be."""
    doc = read_yaml(write(tmp_path / "a.yaml", dump_yaml({"m": {"old": text}})))
    assert doc.flaws == []
    assert doc.value == {"m": {"old": text}}
