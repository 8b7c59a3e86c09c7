"""The labs of one submission share a warm wall, and notice nothing of each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.labs.lab import Lab
from grader.labs.station import Engines
from grader.sandbox.interface import Sandbox
from tests.engine.conftest import Runs
from tests.stage import Stage

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
#: What a lab finds around it, and whether its engines do what they should.
LOOK = """
import json, os, sys, tempfile, threading
import mlflow
import numpy, random
java = spark._jvm.java
system = java.lang.System
gateway = spark.sparkContext._gateway
found = {
    "tables": sorted(t.name for t in spark.catalog.listTables()),
    "global views": len(spark.catalog.listTables("global_temp")),
    "streams": len(spark.streams.active),
    "zone": java.util.TimeZone.getDefault().getID(),
    "session zone": spark.conf.get("spark.sql.session.timeZone"),
    "locale": java.util.Locale.getDefault().toString(),
    "property": str(system.getProperty("left.behind")),
    "user.dir": system.getProperty("user.dir"),
    "setting": spark.conf.get("spark.left.behind", "none"),
    "many objects": gateway.java_gateway_server.getGateway().getBindings().size() > 500,
    "variable": os.environ.get("LEFT_BEHIND"),
    "folder": os.getcwd(),
    "files": sorted(os.listdir(".")),
    "temporary": sorted(n for place in (tempfile.gettempdir(), os.path.expanduser("~"), "/dev/shm")
                        for n in os.listdir(place) if "left" in n),
    "modules": sorted(n for n in sys.modules if "left" in n),
    "path": [p for p in sys.path if "left" in p],
    "runs": len(mlflow.search_runs(search_all_experiments=True, output_format="list")),
    "open run": str(mlflow.active_run()),
    "experiments": sorted(e.name for e in mlflow.search_experiments()),
    "threads": sorted(t.name for t in threading.enumerate() if "left" in t.name),
    "others": sum("left-behind" in open(f"/proc/{p}/cmdline").read()
                  for p in os.listdir("/proc") if p.isdigit() and os.access(f"/proc/{p}", os.R_OK)),
}
with mlflow.start_run(run_name="mine"):
    mlflow.log_metric("one", 1.0)
spark.range(3).write.saveAsTable("mine")
found["rows"] = spark.table("mine").count()
found["metric"] = mlflow.search_runs(output_format="list")[0].data.metrics
found["frame"] = len(spark.table("mine").toPandas())
drawn = random.random(), float(numpy.random.random())

def look():
    return found

def draws():
    return list(drawn)
"""
#: What a lab does to what it shares with the next one.
DAMAGE = {
    "nothing": "",
    "tables": "spark.range(2).write.saveAsTable('left')\nspark.sql('create database other')",
    "views": "spark.range(2).createGlobalTempView('left')\n"
    "spark.conf.set('spark.left.behind', 'x')\n"
    "spark.conf.set('spark.sql.session.timeZone', 'Asia/Tokyo')",
    "context stopped": "spark.stop()",
    "context left open": "spark.stop = lambda: None\nspark.range(9).cache().count()",
    "streams": "type(spark.streams).active = property(lambda _: [])\n"
    "type(spark).stop = lambda _: None\n"
    "q = spark.readStream.format('rate').load()\n"
    "q.writeStream.format('memory').queryName('left').start()",
    "objects": "kept = [spark._jvm.java.util.ArrayList() for _ in range(1000)]",
    "properties": "java = spark._jvm.java\n"
    "java.lang.System.setProperty('left.behind', 'x')\n"
    "java.lang.System.setProperty('user.dir', '/left')\n"
    "java.util.TimeZone.setDefault(java.util.TimeZone.getTimeZone('Asia/Tokyo'))\n"
    "java.util.Locale.setDefault(java.util.Locale.forLanguageTag('tr'))",
    "runs": "import mlflow\nmlflow.set_experiment('left')\nmlflow.start_run()\n"
    "mlflow.log_metric('one', 7.0)",
    "python": "import os, random, sys, threading, types\n"
    "os.environ['LEFT_BEHIND'] = 'x'\nos.environ['MLFLOW_TRACKING_URI'] = '/left'\n"
    "os.chdir('/')\nrandom.seed(1)\nsys.path.insert(0, '/left')\n"
    "sys.modules['left'] = sys.modules['pandas'] = types.ModuleType('left')\n"
    "threading.Thread(target=threading.Event().wait, name='left', daemon=True).start()",
    "patches": "import mlflow, pyspark.sql, builtins\n"
    "mlflow.log_metric = mlflow.start_run = lambda *a, **k: 1 / 0\n"
    "pyspark.sql.DataFrame.count = lambda self: 99\n"
    "pyspark.sql.SparkSession.table = lambda *a: None\nbuiltins.len = lambda _: 99",
    "temporary files": "import os, tempfile\nplace = tempfile.gettempdir()\n"
    "os.makedirs(f'{place}/left/below')\nos.chmod(f'{place}/left', 0)\n"
    "for n in range(300):\n    open(f'{place}/left{n}', 'wb').write(b'x' * 100_000)\n"
    "open(os.path.expanduser('~/left'), 'w').close()\nopen('/dev/shm/left', 'w').close()\n"
    "os.makedirs('kept/below')\nos.chmod('kept', 0)",
    "what the keeper needs": "import os, shutil, tempfile\n"
    "for name in os.listdir(tempfile.gettempdir()):\n"
    "    shutil.rmtree(f'{tempfile.gettempdir()}/{name}', ignore_errors=True)",
    "a daemon": "import os, sys\n"
    "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
    "        code = 'import time; time.sleep(60)'\n"
    "        os.execv(sys.executable, ['python', '-S', '-c', code, 'left-behind'])\n"
    "    os._exit(0)\nos.wait()",
    "java exits": "try:\n    spark._jvm.java.lang.System.exit(0)\nexcept Exception:\n    pass",
    "java is killed": "import os\nfor p in os.listdir('/proc'):\n"
    "    if p.isdigit() and open(f'/proc/{p}/comm').read().strip() == 'java':\n"
    "        os.kill(int(p), 9)",
    "the zygote is killed": "import os\nos.kill(os.getppid(), 9)",
    "the zygote is stopped": "import os\nos.kill(os.getppid(), 19)",
    "the keeper is killed": "import os\nstat = open(f'/proc/{os.getppid()}/stat').read()\n"
    "os.kill(int(stat.rpartition(')')[2].split()[1]), 9)",
    "everything is killed": "import os\nos.kill(-1, 9)",
}
#: Java, and everything that is imported once.
ENGINES = ("spark", "mlflow")


@pytest.fixture(scope="module")
def runs(engines: tuple[Sandbox, Engines]) -> Iterator[Runs]:
    """Run labs behind a wall of this module's own, where the first lab is the first."""
    sandbox, made = engines
    with Stage(sandbox, ENGINES, engines=made) as stage:
        yield lambda text, _: stage.run(text)


@pytest.fixture(scope="module")
def untouched(runs: Runs) -> Any:
    """What the first lab of a submission finds."""
    session = runs(LOOK, ENGINES)
    assert session.stopped == ""
    return Lab(session, {}).call("look", returns=dict[str, Any])


@pytest.mark.parametrize("what", DAMAGE)
def test_no_lab_finds_what_another_did(runs: Runs, untouched: Any, what: str) -> None:
    """Whatever a lab does to what it shares, the next finds it as the first one did."""
    runs(DAMAGE[what], ENGINES)
    session = runs(LOOK, ENGINES)
    assert session.stopped == ""
    assert Lab(session, {}).call("look", returns=dict[str, Any]) == untouched


def test_what_is_imported_depends_on_the_lab_alone(engines: tuple[Sandbox, Engines]) -> None:
    """Whatever labs ran before it in the same wall: a forgotten import is missed there, too."""
    text = "import sys\nfound = sorted(sys.modules)\n"
    sandbox, made = engines
    with Stage(sandbox, ENGINES, engines=made) as stage:

        def found(*runtime: str) -> list[str]:
            stage.runtime = runtime
            session = stage.run(text)
            assert session.stopped == ""
            return Lab(session, {}).value("found", returns=list[str])

        kinds = [(), ("spark",), ("mlflow",), ("spark", "mlflow")]
        first = {kind: found(*kind) for kind in kinds}
        assert {kind: found(*kind) for kind in reversed(kinds)} == first
        assert stage.station.warmth.walls["runner"] == 1
    assert not {"pandas", "mlflow", "pyspark"} & set(first[()])
    assert "mlflow" not in first["spark",]


def test_random_numbers_are_each_labs_own(runs: Runs) -> None:
    """A fork does not repeat what the last one drew."""
    drawn: set[float] = set()
    for _ in range(2):
        drawn |= set(Lab(runs(LOOK, ENGINES), {}).call("draws", returns=list[float]))
    assert len(drawn) == 4


def test_students_share_no_process_and_no_file(engines: tuple[Sandbox, Engines]) -> None:
    """Two submissions at a time: other processes, another JVM, nothing of each other's to read."""
    sandbox, made = engines
    write = (
        "import os, tempfile\n"
        "places = ['/workspace/secret', tempfile.gettempdir() + '/secret', '/dev/shm/secret']\n"
        "for place in places:\n    open(place, 'w').write('alice')\n"
        "spark.sparkContext.setLocalProperty('secret', 'alice')\n"
        "spark.range(1).createGlobalTempView('secret')\n"
    )
    read = (
        "import os, tempfile\n"
        "places = ['/workspace/secret', tempfile.gettempdir() + '/secret', '/dev/shm/secret']\n"
        "found = [p for p in places if os.path.exists(p)]\n"
        "views = len(spark.catalog.listTables('global_temp'))\n"
        "def seen():\n    return [*found, *['view'] * views]\n"
    )
    with (
        Stage(sandbox, ("spark",), engines=made) as alice,
        Stage(sandbox, ("spark",), engines=made) as bob,
    ):
        assert alice.run(write).stopped == ""
        session = bob.run(read)
        assert session.stopped == ""
        assert Lab(session, {}).call("seen", returns=list[str]) == []
        theirs = [s.station._keepers["runner"]._enclosure.pids for s in (alice, bob)]
        assert theirs[0]
        assert theirs[1]
        assert not theirs[0] & theirs[1]
        ours = os.geteuid()
        users = [{Path(f"/proc/{p}").stat().st_uid for p in pids} - {ours} for pids in theirs]
        assert not users[0] & users[1]
