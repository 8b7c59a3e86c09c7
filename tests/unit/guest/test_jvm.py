"""`grader.guest.jvm`: how a gateway's Java is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grader.guest.jvm import java_command
from grader.guest.places import Places

FIRST_COMPILER_ONLY = "-XX:TieredStopAtLevel=1"


def command(folder: Path, **options: Any) -> list[str]:
    """The command line for a Java 25 in `folder`."""
    (folder / "release").write_text('JAVA_VERSION="25.0.1"\n')
    places = Places(folder / "workspace", folder / "submission", folder / "tmp")
    return java_command(str(folder), ["/jars/delta.jar"], str(folder / "spark"), places, **options)


@pytest.mark.parametrize(
    ("options", "both"),
    [({}, False), ({"lasting": True}, True), ({"train": "/made"}, True), ({"cache": "/c"}, False)],
)
def test_java_compiles_twice_where_that_pays_off(
    tmp_path: Path, options: dict[str, Any], both: bool
) -> None:
    """In a JVM that runs the same again and again, and in one that is trained for it."""
    assert (FIRST_COMPILER_ONLY not in command(tmp_path, **options)) == both


def test_a_cache_is_used_or_made(tmp_path: Path) -> None:
    """Not both."""
    assert "-XX:AOTCache=/c" in command(tmp_path, cache="/c")
    assert "-XX:AOTCacheOutput=/made" in command(tmp_path, train="/made")
    assert not any("AOT" in part for part in command(tmp_path))
