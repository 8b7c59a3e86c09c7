"""What grading all labs of a submission costs, against running the same files without a grader.

- `cold`: the first submission of a run, from choosing the sandbox to the verdicts of all labs,
  through `grader.grading` as a run of pytest grades, labs side by side. Nothing is warm; Java's
  ahead-of-time caches and the MLflow store that `grader warm` makes once a machine are there.
- `class`: the average of a class of `CLASS` submissions one after the other, the first of them
  cold, where the next one's engines start while one works; and `second`, its second submission: the
  machine is warm, the JVM new.
- `default`, `tuned`: each lab's reference in a cold process of its own, all of them one after the
  other: see `benchmarks.plain`. Against these count the file and the calls of the student's
  functions that the checks make; what the checks look at beside that counts for the grader alone.
- `warm`: one warm process whose forks run the labs in turn, from when it is warm.
- `... file`: the same without the calls: nothing but the file. The grader's side stays as it is.

Every side must get every check right. `warmth` tells of each graded run what was put up and
started, and of each lab its seconds by the clock and of processors, and how many jobs Spark ran.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.clock import ROOT, Way, in_turn, medians
from benchmarks.java import ordinary_java
from grader.course.course import Course
from grader.guest.jvm import PLATFORM, TUNING
from grader.labs.engines import store_path
from grader.labs.load import LoadedLab, load_labs
from grader.labs.session import seed_of
from grader.provision.jars import ensure_jars
from grader.provision.java import find_java

CLASS = 4
#: At most these, as the project's targets have it, for the first, cold submission.
TARGETS = {"default": 0.14, "tuned": 0.27, "warm": 0.5}
#: Without which the course's files mean something else.
_MEANT = (
    "spark.sql.extensions",
    "spark.sql.catalog.spark_catalog",
    "spark.sql.sources.default",
    "spark.sql.session.timeZone",
)


def measure(rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds are medians of `rounds`, in turn."""
    course = Course(ROOT)
    labs = load_labs(course.labs_folder, course.schemas)
    warmth: dict[str, list[Any]] = {"cold": [], "class": []}

    def kept(way: str, count: int) -> dict[str, float]:
        told = graded(count)
        warmth[way].append(told["warmth"])
        second = {"second": told["seconds"][1]} if count > 1 else {}
        return {"all": told["average"], **second}

    ways: dict[str, Way] = {
        "cold": lambda: kept("cold", 1),
        "warm": lambda: _warm(labs),
    }
    java = ordinary_java()
    if java:
        ways["tuned"] = partial(_cold, labs, "tuned", java[0])
        ways["default"] = partial(_cold, labs, "default", java[0])
    ways["class"] = lambda: kept("class", CLASS)
    taken = in_turn({n: partial(_or_nothing, way, say) for n, way in ways.items()}, rounds, say)
    seconds = {way: parts for way, parts in medians(taken).items() if parts}
    ratios = {}
    for way in ("warm", "tuned", "default"):
        if way in seconds:
            for ours in (w for w in ("cold", "class") if w in seconds):
                mine = seconds[ours]["all"]
                ratios[f"{ours} / {way}"] = mine / seconds[way]["all"]
                ratios[f"{ours} / {way} file"] = mine / seconds[way]["file only"]
    return {
        "labs": list(labs),
        "class": CLASS,
        "rounds": rounds,
        "ordinary_java": java[1] if java else None,
        "seconds": seconds,
        "every_round": taken,
        "ratios": ratios,
        "targets": {f"cold / {way}": target for way, target in TARGETS.items()},
        "warmth": warmth,
    }


def _or_nothing(way: Way, say: Callable[[str], None]) -> Mapping[str, float]:
    """What a way took. One that fails is told, and costs minutes of no other."""
    try:
        return way()
    except (RuntimeError, subprocess.CalledProcessError) as error:
        say(f"  left out, since it failed: {error}")
        return {}


def graded(count: int, *options: str) -> dict[str, Any]:
    """Grade so many submissions in a process of its own: what `benchmarks.graded` tells."""
    command = [sys.executable, "-m", "benchmarks.graded", str(count), *options]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _cold(labs: dict[str, LoadedLab], mode: str, java: Path) -> dict[str, float]:
    """Each lab in a process of its own."""
    each = [_plain({id_: lab}, mode, java)["labs"][id_] for id_, lab in labs.items()]
    return _summed(each)


def _warm(labs: dict[str, LoadedLab]) -> dict[str, float]:
    """All labs in one process that is warm."""
    told = _plain(labs, "warm", find_java().home)
    return {**_summed(list(told["labs"].values())), "warm-up": told["warm_up"]}


def _summed(each: list[dict[str, float]]) -> dict[str, float]:
    parts = {part: sum(lab[part] for lab in each) for part in ("start", "file", "calls", "looks")}
    file_only = parts["start"] + parts["file"]
    return {**parts, "file only": file_only, "all": file_only + parts["calls"]}


def _plain(labs: dict[str, LoadedLab], mode: str, java: Path) -> dict[str, Any]:
    """Run `benchmarks.plain`."""
    with tempfile.TemporaryDirectory(prefix="grader-plain-") as scratch:
        home = Path(scratch)
        kafka = any("kafka" in lab.spec.runtime for lab in labs.values())
        jars = [str(p) for p in ensure_jars()]
        broker = [str(p) for p in ensure_jars(None, "kafka-broker")] if kafka else []
        settings = {**PLATFORM, **TUNING} if mode == "tuned" else PLATFORM
        conf = {k: v for k, v in settings.items() if mode == "tuned" or k in _MEANT}
        # That module is the keeper's; a process of its own begins in the right folder anyway.
        conf.pop("spark.python.daemon.module", None)
        job: dict[str, Any] = {
            "mode": mode,
            "root": str(ROOT),
            "home": str(home),
            "java": str(java),
            "jars": jars,
            "broker": broker,
            "conf": {**conf, "spark.jars": ",".join(jars)},
            "store": str(store_path()),
            "labs": [],
        }
        for id_, lab in labs.items():
            workspace = home / id_
            workspace.mkdir()
            file = shutil.copyfile(lab.folder / "solution.py", home / f"{id_}.py")
            job["labs"].append(
                {
                    "id": id_,
                    "file": str(file),
                    "workspace": str(workspace),
                    "runtime": list(lab.spec.runtime),
                    "fixture": str(lab.fixture) if lab.fixture else "",
                    "data": lab.make(random.Random(seed_of("", id_))) if lab.make else {},
                }
            )
        env = {k: v for k, v in os.environ.items() if not k.startswith(("SPARK", "PYSPARK"))}
        env |= {"JAVA_HOME": str(java), "PYTHONPATH": str(ROOT), "PYSPARK_PYTHON": sys.executable}
        log = home / "log"
        with log.open("wb") as out:
            job["begun"] = time.monotonic()
            (home / "job.json").write_text(json.dumps(job))
            command = [sys.executable, "-m", "benchmarks.plain", str(home / "job.json")]
            done = subprocess.run(command, cwd=home, env=env, stdout=out, stderr=out, check=False)
        if done.returncode:
            why = log.read_text(errors="replace")[-3000:]
            raise RuntimeError(f"{mode} {', '.join(labs)} ended with {done.returncode}:\n{why}")
        told: dict[str, Any] = json.loads((home / "job.out").read_text())
        return told
