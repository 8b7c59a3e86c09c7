"""An ahead-of-time cache for Java, trained once per machine on real lab work.

With it a JVM finds its classes loaded, linked and profiled, which halves the time to the first
answer of Spark. Only the course's own solutions run in a JVM that is trained: what a student does
never gets into it.

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
from collections.abc import Mapping
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
from grader.provision.java_cache import cache_path, find_cache, keep_cache
from grader.sandbox import scratch
from grader.sandbox.interface import Sandbox

#: Seconds that Java has to write its cache.
WRITE = 600.0
#: Seconds that training beside a run has for clearing up when the run ends.
GRACE = 10.0
#: Names beside the course's labs: no lab has such an id.
EXERCISE, _CACHE = "_exercise", "_cache"
_MADE = "java.aot"
#: What labs ask for that Java is trained on.
_TAUGHT = ({"spark"}, {"spark", "mlflow"})
_BUDGETS = Budgets(run=900.0, call=900.0, cpu=3600.0, disk=2048)


def train(sandbox: Sandbox, labs: Mapping[str, LoadedLab], say: Say, seed: str = "") -> Path | None:
    """Train the cache with the course's references; None if this Java cannot have one.

    Raises:
        ProvisionError, SandboxFault: the engines do not run, or no cache was written.
    """
    path = cache_path()
    if path is None:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # who waited finds it made
        if (found := find_cache()) is not None:
            return found
        return _trained(sandbox, labs, path, say, seed)


def _trained(
    sandbox: Sandbox, labs: Mapping[str, LoadedLab], path: Path, say: Say, seed: str
) -> Path:
    # Without the jars of Kafka's connector: a class path may be longer than the trained one, and
    # not shorter.
    chosen = [
        lab
        for lab in labs.values()
        if "spark" in lab.spec.runtime and "kafka" not in lab.spec.runtime
    ]
    chosen = [lab for lab in chosen if (lab.folder / "solution.py").is_file()]
    engines = prepare(sandbox, ("spark", "mlflow"), say)
    home = scratch.folder("training")
    exercised = exercise_lab(home)
    work = [exercised, *(roomy(lab) for lab in chosen)]
    station = Station(
        sandbox,
        replace(engines, train=f"{_CACHE}/{_MADE}"),
        [*(lab.spec.id for lab in work), _CACHE],
        sorted({name for lab in work for name in lab.spec.runtime}),
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
            say(f"training Java on {lab.spec.id}")
            file = f"labs/{lab.spec.id}.py"
            with LabSession(lab, file, station, seed_of(seed, lab.spec.id)) as session:
                session.run()
                if session.stopped:
                    raise SandboxFault(f"{lab.spec.id} did not run: {session.stopped}")
        say("writing what Java has learnt")
        station.keeper("runner").finish(WRITE)
        made = station.workspace(_CACHE) / _MADE
        keep_cache(made, path)
    except StudentError as error:
        raise SandboxFault(f"Java's cache could not be trained: {error}") from error
    finally:
        station.close()
        scratch.discard(home)
    return path


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
        os.kill(os.getpid(), signal.SIGINT)  # a real one ends whatever is waited for
        time.sleep(GRACE)
        scratch.end()
        os._exit(1)

    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
