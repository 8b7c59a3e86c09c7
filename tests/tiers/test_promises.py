"""Every promise of every tier that works here, for whoever runs this. No engine is started."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from grader.core.model import Budgets
from grader.errors import StudentError
from grader.labs.lab import Lab
from grader.labs.probe import PROBES
from grader.labs.promises import PROMISES, table
from grader.sandbox.interface import TIERS, Tier
from tests.attacks.props import tagged
from tests.stage import smoke_on_best
from tests.tiers.conftest import Tiers

pytestmark = pytest.mark.engine

DOCS = Path(__file__).parents[2] / "docs" / "security.md"
KEPT = [(tier, name) for name, p in PROMISES.items() for tier in TIERS if p.holds(tier)]
#: What is not promised and does no harm when it is tried: the attempt itself must be able to work.
OPEN: list[tuple[Tier, str]] = [
    ("landlock", "names"),
    ("landlock", "processes"),
    ("none", "files"),
    ("none", "others"),
    ("none", "modes"),
    ("none", "names"),
    ("none", "processes"),
    ("none", "services"),
    ("none", "packets"),
    ("none", "local sockets"),
    ("none", "shared memory"),
]
SLEEP = "\nimport time\ntime.sleep(20)\n"
FORKS = """
import os, time
for _ in range(300):
    try:
        pid = os.fork()
    except OSError:
        break
    if pid == 0:
        time.sleep(20)
        os._exit(0)
"""
BUSY = "import os\nfor _ in range(3):\n    os.fork()\nend = 2e9\nwhile end:\n    end -= 1\n"
#: What uses up something, the budgets, and the verdict. All end by themselves without a limit.
SPENDERS: dict[str, tuple[str, Budgets, str]] = {
    "memory": (
        "import os\n"
        "for _ in range(6):\n"
        "    if os.fork() == 0:\n"
        "        held = bytearray(b'x') * (128 << 20)\n"
        f"        {SLEEP.strip().replace(chr(10), '; ')}\n" + SLEEP,
        Budgets(memory=384),
        "^memory: 384 MiB reached$",
    ),
    "memory of one": (
        "held = [bytearray(b'x') * (16 << 20) for _ in range(64)]",
        Budgets(memory=256),
        "memory",
    ),
    "memory in files": (
        "import tempfile\n"
        "with tempfile.TemporaryFile() as file:\n"
        "    for _ in range(400):\n"
        "        file.write(b'x' * (1 << 20))\n" + "    " + SLEEP.strip().replace("\n", "\n    "),
        Budgets(memory=256, disk=256),
        "^(memory|disk): 256 MiB reached$",
    ),
    "tasks": (FORKS + SLEEP, Budgets(processes=64), "^processes: 64 reached$"),
    "cpu": (BUSY, Budgets(cpu=1), "^cpu: 1 s reached$"),
    "disk": (
        "with open('/workspace/big', 'wb') as file:\n"
        "    for _ in range(64):\n"
        "        file.write(b'x' * (1 << 20))\n" + SLEEP,
        Budgets(disk=16),
        "^disk: 16 MiB reached$",
    ),
    "entries": (
        "for n in range(1500):\n    open(f'/workspace/{n}', 'w').close()\n" + SLEEP,
        Budgets(files=500),
        "^files: 500 reached$",
    ),
    "time": (
        "import signal, time\n"
        "for n in range(1, 32):\n"
        "    try:\n        signal.signal(n, signal.SIG_IGN)\n    except OSError:\n        pass\n"
        "time.monotonic = time.time = lambda: 0\n" + SLEEP,
        Budgets(run=1),
        "^time: more than 1 s$",
    ),
}
DAEMON = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(1, 32):
            try:
                signal.signal(number, signal.SIG_IGN)
            except OSError:
                pass
        os.execv(sys.executable, ["python", "-S", "-c", "import time; time.sleep(60)", {tag!r}])
    os._exit(0)
time.sleep(0.3)
"""


@pytest.mark.parametrize(
    ("tier", "name"), [smoke_on_best(tier, name) for tier, name in KEPT if name in PROBES]
)
def test_what_is_promised_is_kept(tiers: Tiers, tier: Tier, name: str) -> None:
    """What must work works, and what must be refused is refused."""
    assert PROBES[name](tiers.ground(tier)) == ""


@pytest.mark.parametrize(("tier", "name"), OPEN)
def test_what_is_not_promised_can_be_had(tiers: Tiers, tier: Tier, name: str) -> None:
    """The attempt that others refuse works where nobody refuses: it is no empty proof."""
    assert not PROMISES[name].holds(tier)
    assert PROBES[name](tiers.ground(tier)) != ""


def test_landlock_lets_temporary_ports_be_reached(tiers: Tiers) -> None:
    """What the table says instead of the promise is so, as the docs warn."""
    at = tiers.ground("landlock")
    assert at.tries("tcp", at.canaries.temporary) == "ok"


@pytest.mark.parametrize(
    ("tier", "what"),
    [
        smoke_on_best(tier, what) if what in ("memory", "time") else (tier, what)
        for what in SPENDERS
        for tier in TIERS
    ],
)
def test_what_runs_out_is_named(tiers: Tiers, tier: Tier, what: str) -> None:
    """The lab ends, the verdict says of what it had too much, and the next lab runs."""
    text, budgets, told = SPENDERS[what]
    stage = tiers.stage(tier)
    begun = time.monotonic()
    session = stage.run(text, budgets)
    assert time.monotonic() - begun < 15
    with pytest.raises(StudentError, match=told):
        raise StudentError(session.stopped)
    session = stage.run("x = 1")
    assert session.stopped == ""
    assert Lab(session, {}).value("x", returns=int) == 1


@pytest.mark.parametrize("tier", TIERS)
def test_output_is_cut_not_waited_for(tiers: Tiers, tier: Tier) -> None:
    """A flood of prints neither blocks the lab nor fills the grader."""
    text = "print('x' * 50_000_000)\ndef ok():\n    return 1\n"
    session = tiers.stage(tier).run(text, Budgets(output=16))
    assert Lab(session, {}).call("ok", returns=int) == 1
    assert len(session.printed) < 20_000
    assert "cut:" in session.printed


@pytest.mark.parametrize("tier", TIERS)
def test_a_reply_that_is_too_large_is_an_error(tiers: Tiers, tier: Tier) -> None:
    """A result of many MiB ends the lab, not the grader."""
    session = tiers.stage(tier).run("def big():\n    return 'x' * 30_000_000\n")
    with pytest.raises(StudentError, match="larger than"):
        Lab(session, {}).call("big", returns=str)


@pytest.mark.parametrize("tier", [smoke_on_best(tier) for tier in TIERS])
def test_no_process_stays(tiers: Tiers, tier: Tier) -> None:
    """A daemon that left its session, its parent and all signals ends with its lab."""
    tag = f"daemon-of-{tier}-{time.monotonic_ns()}"
    stage = tiers.stage(tier)
    assert stage.run(DAEMON.format(tag=tag)).stopped == ""
    assert tagged(tag)
    stage.end()
    assert not tagged(tag)


@pytest.mark.parametrize("tier", TIERS)
def test_what_is_left_and_no_file_is_not_read(tiers: Tiers, tier: Tier) -> None:
    """Links and FIFOs in the workspace are told and lead nowhere."""
    text = "import os\nos.symlink('/etc/hostname', 'a.txt')\nos.mkfifo('b.txt')\n"
    lab = Lab(tiers.stage(tier).run(text), {})
    with pytest.raises(StudentError, match=r"a FIFO: b\.txt; .* a link: a\.txt"):
        lab.text("a.txt")


@pytest.mark.smoke
def test_the_docs_say_so() -> None:
    """The table of the docs is the table of the promises, tier by tier."""
    text = DOCS.read_text(encoding="utf-8")
    assert "\n".join(table()) in text
    proved = {*PROBES, *SPENDERS, "output", "end", "killed"}
    assert PROMISES.keys() <= proved
