"""`grader.guest.kafka`: a broker is started, waited for and ended; here Java is a small script."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from grader.guest.kafka import ADDRESS, Broker, broker_command, free_ports
from grader.guest.places import Places


@pytest.fixture(autouse=True)
def _address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is put back after each test."""
    monkeypatch.setenv(ADDRESS, "")


def broker(home: Path, script: str) -> Broker:
    """A broker of which `script` is all that its Java does."""
    java = home / "java/bin/java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    java.chmod(0o755)
    return Broker(str(home / "java"), ["/a.jar"], Places(home, home, home))


def test_it_serves_once_it_says_so(tmp_path: Path) -> None:
    """The address is in the environment, and the process goes at once when it is closed."""
    made = broker(tmp_path, "echo [main] INFO - Kafka Server started; exec sleep 60")
    made.wait()
    host, _, port = os.environ[ADDRESS].partition(":")
    assert (host, port.isdecimal()) == ("127.0.0.1", True)
    made.close()
    assert made._process.returncode == -9


def test_its_folder_is_new_and_named_in_its_settings(tmp_path: Path) -> None:
    """The settings tell the port of the address and a folder that says whose it is."""
    made = broker(tmp_path, 'for last; do :; done; cat "$last"; echo Kafka Server started')
    made.wait()
    made.close()
    (home,) = tmp_path.glob("kafka-*")
    settings = (home / "told.log").read_text(encoding="utf-8")
    assert f"listeners=PLAINTEXT://{os.environ[ADDRESS]}," in settings
    assert f"log.dirs={home}/log\n" in settings
    meta = (home / "log/meta.properties").read_text(encoding="ascii")
    assert "version=1\n" in meta and "node.id=1\n" in meta


def test_one_that_ends_is_told_with_its_last_words(tmp_path: Path) -> None:
    """Whoever reads the fault learns what Java said."""
    made = broker(tmp_path, "echo no memory >&2; exit 1")
    with pytest.raises(RuntimeError, match="the Kafka broker ended: no memory"):
        made.wait()


def test_one_that_never_serves_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its time it is a fault."""
    monkeypatch.setattr("grader.guest.kafka.START", 0.05)
    made = broker(tmp_path, "echo thinking; exec sleep 60")
    with pytest.raises(RuntimeError, match="does not start"):
        made.wait()
    made.close()


def test_its_jars_are_its_whole_class_path() -> None:
    """In the order of the lock, with nothing of Spark's."""
    command = broker_command("/java", ["/run/kafka/a.jar", "/run/kafka/b.jar"], "/tmp", "/s")
    assert command[0] == "/java/bin/java"
    assert command[-4:] == ["-cp", "/run/kafka/a.jar:/run/kafka/b.jar", "kafka.Kafka", "/s"]


def test_ports_are_free_and_different() -> None:
    """Somebody can listen on each of them."""
    ports = free_ports(5)
    assert len(set(ports)) == 5
    for port in ports:
        socket.create_server(("127.0.0.1", port)).close()
