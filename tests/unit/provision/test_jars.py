"""`grader.provision.jars`: jars from a mirror on this machine, checked against a lock."""

from __future__ import annotations

import gc
import hashlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import get_args

import pytest

from grader.errors import ProvisionError
from grader.provision import jars
from grader.provision.jars import (
    Group,
    Jar,
    cache_folder,
    ensure_jars,
    fetch,
    find_jars,
    locked,
    missing,
)

#: The HTTP client below jgo drops its connection, unclosed, when a download fails.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

GOOD = b"PK\x03\x04 a jar"


def jar(artifact: str, content: bytes = GOOD) -> Jar:
    """A locked jar of this content."""
    return Jar(
        "org.example.sub", artifact, "1.0", hashlib.sha256(content).hexdigest(), len(content)
    )


@dataclass
class Mirror:
    """A Maven mirror on 127.0.0.1: files by path, and what was asked for."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut: bool = False
    asked: list[str] = field(default_factory=list)

    def serve(self, of: Jar, content: bytes = GOOD) -> None:
        """Offer `content` as a jar."""
        self.files[f"/org/example/sub/{of.artifact}/1.0/{of.name}"] = content

    @property
    def jars(self) -> list[str]:
        """Names of the jars that were asked for."""
        return [p.rpartition("/")[2] for p in self.asked if p.endswith(".jar")]


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """A mirror, named by the environment, and an empty cache."""
    served = Mirror()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            content = served.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if served.cut else content)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GRADER_MAVEN_MIRROR", served.url)
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path / "cache"))
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def lock(monkeypatch: pytest.MonkeyPatch) -> list[Jar]:
    """A lock of two jars of Delta's, and of one that only Kafka needs."""
    both = [jar("one"), jar("two", b"PK another")]
    groups = {"spark": both, "kafka-broker": [jar("three", b"PK third")]}
    monkeypatch.setattr(jars, "locked", lambda group="spark": groups[group])
    return both


def kept(folder: Path) -> list[str]:
    """Everything that is in the cache."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_missing_jars_are_fetched_once(tmp_path: Path, mirror: Mirror, lock: list[Jar]) -> None:
    """Each download is announced; a second call fetches nothing."""
    mirror.serve(lock[0])
    mirror.serve(lock[1], b"PK another")
    said: list[tuple[str, int, int]] = []
    found = ensure_jars(lambda name, i, n: said.append((name, i, n)))
    folder = tmp_path / "cache/jars"
    assert found == find_jars() == [folder / "one-1.0.jar", folder / "two-1.0.jar"]
    assert [p.read_bytes() for p in found] == [GOOD, b"PK another"]
    assert said == [("one-1.0.jar", 1, 2), ("two-1.0.jar", 2, 2)]
    assert kept(folder) == ["one-1.0.jar", "two-1.0.jar"]
    asked = len(mirror.asked)
    assert ensure_jars() == found
    assert len(mirror.asked) == asked
    assert missing() == []


@pytest.mark.parametrize("damage", [b"", GOOD[:-1], b"PK\x03\x04 a jaR"])
def test_a_damaged_jar_is_fetched_again(
    tmp_path: Path, mirror: Mirror, lock: list[Jar], damage: bytes
) -> None:
    """Cut off or changed, also at the right length: contents are checked, not sizes."""
    mirror.serve(lock[0])
    mirror.serve(lock[1], b"PK another")
    ensure_jars()
    mirror.asked.clear()
    path = tmp_path / "cache/jars/one-1.0.jar"
    path.write_bytes(damage)
    assert missing() == [lock[0]]
    ensure_jars()
    assert path.read_bytes() == GOOD
    assert mirror.jars == ["one-1.0.jar"]


def test_another_file_than_the_locked_one_is_refused(tmp_path: Path, mirror: Mirror) -> None:
    """A mirror that serves something else is told, and nothing of it is kept."""
    mirror.serve(jar("one"), b"PK evil jar")
    with pytest.raises(ProvisionError) as caught:
        fetch(jar("one"))
    assert str(caught.value) == (
        f"one-1.0.jar from {mirror.url} is not the file that this version of the grader was "
        "locked to (SHA-256 differs); it was not kept"
    )
    assert kept(tmp_path / "cache") == []


def test_a_refused_download_leaves_the_old_jar(
    tmp_path: Path, mirror: Mirror, lock: list[Jar]
) -> None:
    """What is in the cache is replaced by a sound jar only."""
    path = tmp_path / "cache/jars/one-1.0.jar"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"old")
    mirror.serve(lock[0], b"PK evil jar")
    with pytest.raises(ProvisionError, match="SHA-256 differs"):
        ensure_jars()
    assert kept(tmp_path / "cache") == ["jars/one-1.0.jar"]
    assert path.read_bytes() == b"old"


def failure(of: Jar) -> str:
    """What a person is told when `of` cannot be fetched."""
    with pytest.raises(ProvisionError) as caught:
        fetch(of)
    told = str(caught.value)
    del caught
    gc.collect()  # what the client dropped goes now, and in no other test
    return told


def assert_told(told: str, folder: Path, url: str) -> None:
    """The message says what is missing, whence it could not be had, and what to do."""
    assert told.startswith(
        f"one-1.0.jar is not in {folder / 'jars'} and could not be fetched from {url} ("
    )
    assert told.endswith(
        "). Connect once, set GRADER_MAVEN_MIRROR to a mirror of Maven Central, or copy the folder "
        "from a machine that has it (GRADER_CACHE names another place)"
    )


def test_a_mirror_without_the_jar_is_told(tmp_path: Path, mirror: Mirror) -> None:
    """Not found is a message with what to do, not a traceback of an HTTP client."""
    assert_told(failure(jar("one")), tmp_path / "cache", mirror.url)
    assert mirror.jars == ["one-1.0.jar"]


def test_an_interrupted_download_is_not_used(tmp_path: Path, mirror: Mirror) -> None:
    """A connection that ends half-way leaves nothing behind."""
    mirror.serve(jar("one"))
    mirror.cut = True
    assert_told(failure(jar("one")), tmp_path / "cache", mirror.url)
    assert kept(tmp_path / "cache") == []


@pytest.mark.usefixtures("mirror")
def test_no_network_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody listens, the same message says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("GRADER_MAVEN_MIRROR", f"http://127.0.0.1:{port}")
    assert_told(failure(jar("one")), tmp_path / "cache", f"http://127.0.0.1:{port}")


def test_the_cache_is_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`GRADER_CACHE`, or the user's own cache folder; empty is not set."""
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path / "elsewhere"))
    assert cache_folder() == tmp_path / "elsewhere"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv("GRADER_CACHE")
        else:
            monkeypatch.setenv("GRADER_CACHE", unset)
        assert cache_folder() == tmp_path / "xdg/lakehouse-grader"


def test_a_group_is_fetched_when_it_is_asked_for(
    tmp_path: Path, mirror: Mirror, lock: list[Jar]
) -> None:
    """Who wants no Kafka gets none; who does gets it beside what is there, announced alike."""
    mirror.serve(lock[0])
    mirror.serve(lock[1], b"PK another")
    mirror.serve(jar("three", b"PK third"), b"PK third")
    ensure_jars()
    assert "three-1.0.jar" not in mirror.jars
    said: list[tuple[str, int, int]] = []
    found = ensure_jars(lambda name, i, n: said.append((name, i, n)), "kafka-broker")
    assert found == find_jars("kafka-broker") == [tmp_path / "cache/jars/three-1.0.jar"]
    assert said == [("three-1.0.jar", 1, 1)]
    assert missing("kafka-broker") == []


@pytest.mark.parametrize(
    ("group", "artifact"),
    [
        ("spark", "delta-spark_4.2_2.13"),
        ("spark", "spark-sql-kafka-0-10_2.13"),
        ("kafka-broker", "kafka_2.13"),
    ],
)
def test_the_lock_is_well_formed(group: Group, artifact: str) -> None:
    """Every jar of a group has a SHA-256 and a size, once, and what it is for is among them."""
    found = locked(group)
    assert len({j.name for j in found}) == len(found)
    assert len({(j.group, j.artifact) for j in found}) == len(found)
    assert all(len(j.sha256) == 64 and int(j.sha256, 16) and j.size > 0 for j in found)
    assert artifact in {j.artifact for j in found}


def test_every_jar_of_the_lock_is_in_a_group() -> None:
    """A heading with a slip of the pen would lose its jars."""
    text = resources.files("grader.provision").joinpath("jars.lock").read_text(encoding="utf-8")
    lines = [x for x in text.splitlines() if x and x[0] not in "#["]
    assert len(lines) == sum(len(locked(group)) for group in get_args(Group))
