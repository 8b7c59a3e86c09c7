"""Java's ahead-of-time cache: trained, taken by Java, never fatal when it is damaged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grader.labs.engines import prepare
from grader.labs.session import LabSession, limits_of
from grader.labs.station import Engines, Station
from grader.labs.training import EXERCISE, exercise_lab, train
from grader.labs.walls import open_sandbox
from grader.provision.jars import CACHE, cache_folder
from grader.provision.java import find_java
from grader.provision.java_cache import FIRST_RELEASE, find_cache
from grader.sandbox.interface import Sandbox

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]

#: What Java has mapped into its memory, as the lab that runs in it can see.
MAPPED = """
pid = spark._jvm.java.lang.ProcessHandle.current().pid()
mapped = "/run/cache" in open(f"/proc/{pid}/maps").read()
rows = spark.range(5).count()
"""


def java_takes(sandbox: Sandbox, engines: Engines, folder: Path) -> bool:
    """Whether a lab's Java, which works in any case, has the cache in its memory."""
    lab = exercise_lab(folder)
    (folder / "labs").mkdir()
    (folder / "labs" / "mapped.py").write_text(MAPPED)
    station = Station(sandbox, engines, [lab.spec.id], ["spark"], limits_of(lab.spec))
    try:
        station.admit(folder)
        with LabSession(lab, "labs/mapped.py", station, "") as session:
            session.run()
            assert session.stopped == ""
            assert session.ask("runner", "value", name="rows") == 5
            return session.ask("runner", "value", name="mapped") is True
    finally:
        station.close()


def test_a_cache_is_trained_taken_and_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is made without any course, and Java takes it. A damaged one is removed, and one that
    Java itself finds fault with does no harm."""
    if find_java().release < FIRST_RELEASE:
        pytest.skip("this Java makes no such cache")
    sandbox = open_sandbox()
    engines = prepare(sandbox, ("spark",), lambda _: None)
    (tmp_path / "jars").symlink_to(cache_folder() / "jars")
    tmp_path.chmod(0o755)
    monkeypatch.setenv(CACHE, str(tmp_path))
    assert find_cache() is None
    said: list[str] = []
    made = train(sandbox, {}, said.append)
    assert made is not None
    assert find_cache() == made
    assert f"training Java on {EXERCISE}" in said
    work = tmp_path / "work"
    for name, cache in (("sound", made), ("strange", tmp_path / "strange.aot")):
        if name == "strange":
            cache.write_bytes(b"not what Java wrote" * 1000)
        (work / name).mkdir(parents=True, mode=0o755)
        taken = java_takes(sandbox, replace(engines, cache=cache), work / name)
        assert taken is (name == "sound")
    with made.open("r+b") as file:
        file.seek(made.stat().st_size // 2)
        file.write(b"not what Java wrote")
    assert find_cache() is None
    assert not made.exists()
