"""`grader.provision.java_cache`: which trained cache is this machine's, and whether it is sound."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from grader.errors import ProvisionError
from grader.provision import java_cache as module
from grader.provision.jars import CACHE, Jar
from grader.provision.java import Java
from grader.provision.java_cache import cache_path, find_cache, keep_cache

JAR = Jar("g", "one", "1.0", "ab" * 32, 7)


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Java:
    """A machine with a Java that can have a cache, and one jar."""
    home = tmp_path / "java"
    home.mkdir()
    (home / "release").write_text('JAVA_VERSION="25.0.1"\n')
    java = Java(home, 25, "25.0.1", "here")
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    monkeypatch.setattr(module, "find_java", lambda: java)
    monkeypatch.setattr(module, "locked", lambda _: [JAR])
    monkeypatch.setattr(metadata, "version", lambda _: "4.2.0")
    return java


def path() -> Path:
    """This machine's cache."""
    found = cache_path()
    assert found is not None
    return found


def test_a_cache_has_a_name_of_its_own(tmp_path: Path) -> None:
    """The same each time, where fetched pieces are kept."""
    assert path() == path()
    assert path().parent == tmp_path / "cache"
    assert path().suffix == ".aot"


def another_version(java: Java, patch: pytest.MonkeyPatch) -> None:
    """An update of Java."""
    patch.setattr(module, "find_java", lambda: replace(java, version="25.0.2"))


def another_place(java: Java, patch: pytest.MonkeyPatch) -> None:
    """The same Java elsewhere."""
    home = java.home.rename(java.home.with_name("moved"))
    patch.setattr(module, "find_java", lambda: replace(java, home=home))


def another_build(java: Java, patch: pytest.MonkeyPatch) -> None:
    """Somebody else's build of the version."""
    (java.home / "release").write_text('JAVA_VERSION="25.0.1"\nSOURCE="other"\n')


def another_spark(java: Java, patch: pytest.MonkeyPatch) -> None:
    """An update of PySpark."""
    patch.setattr(metadata, "version", lambda _: "4.2.1")


def another_jar(java: Java, patch: pytest.MonkeyPatch) -> None:
    """A jar of the same name with other content."""
    patch.setattr(module, "locked", lambda _: [replace(JAR, sha256="cd" * 32)])


def one_more_jar(java: Java, patch: pytest.MonkeyPatch) -> None:
    """A longer class path."""
    patch.setattr(module, "locked", lambda _: [JAR, replace(JAR, artifact="two")])


def other_flags(java: Java, patch: pytest.MonkeyPatch) -> None:
    """An update of ours."""
    patch.setattr(module, "EDITION", module.EDITION + 1)


@pytest.mark.parametrize(
    "change",
    [
        another_version,
        another_place,
        another_build,
        another_spark,
        another_jar,
        one_more_jar,
        other_flags,
    ],
)
def test_whatever_it_is_bound_to_changes_its_name(
    machine: Java, monkeypatch: pytest.MonkeyPatch, change: Callable[..., None]
) -> None:
    """Java would refuse it, or worse, take it."""
    before = path()
    change(machine, monkeypatch)
    assert path() != before


def test_a_broker_has_one_of_its_own(tmp_path: Path) -> None:
    """Beside that of Spark, and neither is taken for the other."""
    broker = cache_path("kafka-broker")
    assert broker is not None
    assert broker.name.startswith("kafka-")
    keep_cache(made(tmp_path), broker)
    assert find_cache() is None
    assert find_cache("kafka-broker") == broker
    keep_cache(made(tmp_path), path())
    assert find_cache("kafka-broker") == broker


def test_an_older_java_has_none(machine: Java, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot make one in one go."""
    monkeypatch.setattr(module, "find_java", lambda: replace(machine, release=21))
    assert cache_path() is None
    assert find_cache() is None


def made(folder: Path, content: bytes = b"what Java wrote") -> Path:
    """A cache as Java leaves it."""
    file = folder / "java.aot"
    file.write_bytes(content)
    return file


def test_what_was_kept_is_found(tmp_path: Path) -> None:
    """With a hash beside it, where every user of the machine may read it."""
    assert find_cache() is None
    keep_cache(made(tmp_path), path())
    assert find_cache() == path()
    assert path().read_bytes() == b"what Java wrote"
    assert path().stat().st_mode & 0o777 == 0o644
    note = path().with_name(f"{path().name}.sha256").read_text().strip()
    assert note == hashlib.sha256(b"what Java wrote").hexdigest()


@pytest.mark.parametrize("damage", ["changed", "cut", "no note", "strange note", "note in bytes"])
def test_a_damaged_cache_is_removed(tmp_path: Path, damage: str) -> None:
    """Then it is made again; a Java that crashes on it would cost labs."""
    keep_cache(made(tmp_path), path())
    note = path().with_name(f"{path().name}.sha256")
    if damage == "changed":
        path().write_bytes(b"what Java wrotE")
    elif damage == "cut":
        path().write_bytes(b"what Java")
    elif damage == "no note":
        note.unlink()
    else:
        note.write_bytes(b"0000" if damage == "strange note" else b"\xff\xfe")
    assert find_cache() is None
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_nobody_used_for_a_month_goes(tmp_path: Path) -> None:
    """Also what one that was killed had begun; what another environment uses stays, and so do
    other things of the folder."""
    keep = ("java-notes.txt", "mlflow-store-3.db", "jars", "java-89ab.aot", "kafka-4567.aot")
    for name in ("java-0123.aot", "java-0123.aot.sha256", "java-4567.aot.new", *keep):
        (tmp_path / "cache" / name).touch()
        if name != "java-89ab.aot":
            os.utime(tmp_path / "cache" / name, (1e9, 1e9))
    keep_cache(made(tmp_path), path())
    names = {p.name for p in (tmp_path / "cache").iterdir()}
    assert names == {path().name, f"{path().name}.sha256", *keep}


def test_it_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is killed before the end leaves nothing that would be taken for a cache."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            keep_cache(made(tmp_path), path())
    assert find_cache() is None
    keep_cache(made(tmp_path), path())
    assert find_cache() == path()


def test_nothing_made_is_told(tmp_path: Path) -> None:
    """Java ended without writing one."""
    with pytest.raises(ProvisionError, match="Java wrote no cache: No such file"):
        keep_cache(tmp_path / "java.aot", path())
    assert list((tmp_path / "cache").iterdir()) == []
