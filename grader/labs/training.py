"""Ahead-of-time caches for Java, trained once per machine on real lab work.

With one a JVM finds its classes loaded, linked and profiled, which halves the time to the first
answer of Spark, and to a Kafka broker that serves. Only the course's own solutions run in a JVM
that is trained: what a student does never gets into it.

As a program it trains in the background of a long run: `python -m grader.labs.training ROOT`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from grader.core.model import Budgets, LabSpec
from grader.errors import GraderError, SandboxFault, StudentError
from grader.labs import exercise
from grader.labs.engines import Say, prepare
from grader.labs.load import LoadedLab
from grader.labs.session import LabSession, limits_of, seed_of
from grader.labs.station import Station
from grader.provision.jars import Group
from grader.provision.java_cache import cache_path, find_cache, keep_cache
from grader.sandbox import scratch
from grader.sandbox.interface import Sandbox

#: Seconds that Java has to write its cache.
WRITE = 600.0
#: Seconds that training beside a run has for clearing up when the run ends.
GRACE = 10.0
#: Names beside the course's labs: no lab has such an id.
EXERCISE, _CACHE = "_exercise", "_cache"
#: Names of what is made.
_MADE: dict[Group, str] = {"spark": "java.aot", "kafka-broker": "kafka.aot"}
_TRAINED: dict[Group, str] = {"spark": "Java", "kafka-broker": "a Kafka broker"}
_BUDGETS = Budgets(run=900.0, call=900.0, cpu=3600.0, disk=2048)


def train(sandbox: Sandbox, labs: Mapping[str, LoadedLab], say: Say, seed: str = "") -> Path | None:
    """Train the caches with the course's references; that of Spark, or None if this Java cannot
    have one.

    Raises:
        ProvisionError, SandboxFault: the engines do not run, or no cache was written.
    """
    path = cache_path()
    if path is None:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    solved = [lab for lab in labs.values() if (lab.folder / "solution.py").is_file()]
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # who waited finds them made
        if find_cache("spark") is None:
            _train(sandbox, [lab for lab in solved if _asks(lab, "spark")], "spark", say, seed)
        broker = [lab for lab in solved if _asks(lab, "kafka")]
        if broker and find_cache("kafka-broker") is None:
            _train(sandbox, broker[:1], "kafka-broker", say, seed)
    return path


def _asks(lab: LoadedLab, name: str) -> bool:
    return name in lab.spec.runtime


def _train(
    sandbox: Sandbox, chosen: Sequence[LoadedLab], group: Group, say: Say, seed: str
) -> None:
    """Have the JVM that runs on the jars of `group` write its cache after these labs."""
    home = scratch.folder("training")
    work = [roomy(lab) for lab in chosen]
    if group == "spark":
        work = [exercise_lab(home), *work]
    runtime = sorted({"spark", "mlflow"}.union(*(lab.spec.runtime for lab in work)))
    made = f"{_CACHE}/{_MADE[group]}"
    engines = prepare(sandbox, runtime, say)
    if group == "spark":
        engines = replace(engines, train=made)
    else:
        engines = replace(engines, broker_train=made)
    station = Station(
        sandbox,
        engines,
        [*(lab.spec.id for lab in work), _CACHE],
        runtime,
        limits_of(work[0].spec),
    )
    try:
        (home / "labs").mkdir(mode=0o755)
        for lab in work:
            target = home / "labs" / f"{lab.spec.id}.py"
            shutil.copyfile(lab.folder / "solution.py", target)
            target.chmod(0o644)
        station.admit(home)
        for lab in work:
            say(f"training {_TRAINED[group]} on {lab.spec.id}")
            file = f"labs/{lab.spec.id}.py"
            with LabSession(lab, file, station, seed_of(seed, lab.spec.id)) as session:
                session.run()
                if session.stopped:
                    raise SandboxFault(f"{lab.spec.id} did not run: {session.stopped}")
                if group == "kafka-broker":
                    session.ask("runner", "finish")
        say("writing what Java has learnt")
        if group == "spark":
            station.keeper("runner").finish(WRITE)
        path = cache_path(group)
        assert path is not None  # this Java can have one
        keep_cache(station.workspace(_CACHE) / _MADE[group], path)
    except StudentError as error:
        raise SandboxFault(f"Java's cache could not be trained: {error}") from error
    finally:
        station.close()
        scratch.discard(home)


def exercise_lab(home: Path) -> LoadedLab:
    """A lab of our own that does what labs do, for courses whose labs do less."""
    folder = home / EXERCISE
    folder.mkdir(mode=0o755)
    (folder / "solution.py").write_text(exercise.TEXT, encoding="utf-8")
    spec = LabSpec(EXERCISE, "Exercise", "", (), exercise.POINTS, "", ("spark",), budgets=_BUDGETS)
    return LoadedLab(spec, folder, {}, None)


def roomy(lab: LoadedLab) -> LoadedLab:
    """`lab` with budgets for a JVM that takes notes of all it does."""
    return replace(lab, spec=replace(lab.spec, budgets=_BUDGETS))


class Background:
    """Training beside a run, of the lowest priority; it ends with the run."""

    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "grader.labs.training", str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def close(self) -> None:
        """End it, done or not."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(GRACE + 5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def main(root: Path) -> None:
    """Train for the course in `root`; ends with the run that wanted it."""
    from grader.course.course import Course
    from grader.labs.load import load_labs
    from grader.labs.walls import open_sandbox

    os.nice(19)
    _end_with_the_run()
    course = Course(root)
    # Nobody waits for it; `grader warm` tells what is wrong.
    with suppress(GraderError, KeyboardInterrupt):
        labs = load_labs(course.labs_folder, course.schemas)
        train(open_sandbox(), labs, lambda _: None, course.secret)


def _end_with_the_run() -> None:
    """End when standard input does, which is when the run is gone, however it went."""

    def watch() -> None:
        sys.stdin.buffer.read()
        patience = time.monotonic() + GRACE
        while time.monotonic() < patience:
            # A real signal ends whatever is waited for. One that comes just before the wait does
            # not, hence more of them.
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)
        scratch.end()
        os._exit(1)

    def interrupt(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # clearing up is left in peace
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
