"""`grader.sandbox.enter` and `grader.sandbox.warden`: rights given up, and nothing left behind."""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.sandbox import enter, landlock, seccomp, warden

#: Whose path an ordinary user can reach too.
PYTHON = "/usr/bin/python3"
JOB = 61_234
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="changes the user id")
scoped = pytest.mark.skipif(
    landlock.abi() < landlock.SCOPE_ABI, reason="this kernel has no signal scope"
)
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not Path(PYTHON).exists(), reason="needs Linux and a system Python"
)

#: Starts the warden with a plan, says so, and waits; what a grader is to it.
GRADER = """
import json, os, subprocess, sys
plan = json.loads(sys.argv[1])
r, plan["control"] = None, None
control_r, control_w = os.pipe()
plan_r, plan_w = os.pipe()
plan["control"] = control_r
os.write(plan_w, json.dumps(plan).encode()); os.close(plan_w)
p = subprocess.Popen([sys.executable, "-I", "-S", sys.argv[2], str(plan_r)],
                     pass_fds=[control_r, plan_r], stdin=subprocess.DEVNULL)
print("up", flush=True)
p.wait()
"""
DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 3)
        time.sleep(300)
    os._exit(0)
os.wait()
print("ready", flush=True)
{then}
"""
#: No process lives long, none is anybody's child for long, and never more than 300 forks.
RUNNER = """
import os
for _ in range(300):
    if os.fork():
        os._exit(0)
    os.setsid()
import time
time.sleep(300)
"""
#: All at once, each with children of its own: 2 + 4 + ... + 256 forks at most.
STORM = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(8):
    os.fork()
print("ready", flush=True)
time.sleep(300)
"""


def plan(code: str, *argv: str, **fields: Any) -> dict[str, Any]:
    """A plan that runs `code` in a bare Python."""
    return {"argv": [PYTHON, "-I", "-S", "-c", code, *argv], "env": {}, **fields}


def pipe_with(content: object) -> int:
    """A descriptor from which JSON can be read."""
    read, write = os.pipe()
    os.write(write, json.dumps(content).encode())
    os.close(write)
    return read


def run_enter(content: object) -> subprocess.CompletedProcess[str]:
    """Carry out a plan and wait for its end."""
    fd = pipe_with(content)
    keep = content.get("keep", []) if isinstance(content, dict) else []
    try:
        return subprocess.run(
            [sys.executable, "-I", "-S", enter.__file__, str(fd)],
            pass_fds=[fd, *keep],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(fd)


def start_warden(child: dict[str, Any], *, uid: int | None = None, tree: bool = False) -> Warden:
    """Start a warden; with `tree`, one who knows nothing better than lists of processes."""
    control, mine = os.pipe()
    fd = pipe_with({"child": child, "control": control, "uid": uid})
    command = [sys.executable, "-I", "-S", warden.__file__, str(fd)]
    if tree:
        weak = f"import sys; sys.path.append({str(Path(warden.__file__).parents[2])!r})\n"
        weak += "from grader.sandbox import warden\nwarden._weapon = lambda *_: warden._kill_tree\n"
        command[3:4] = ["-c", weak + "warden.main()"]
    process = subprocess.Popen(
        command,
        pass_fds=[fd, control],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    os.close(fd)
    os.close(control)
    return Warden(process, mine)


class Warden:
    """A warden and the pipe that keeps him from striking."""

    def __init__(self, process: subprocess.Popen[str], control: int) -> None:
        self.process = process
        self._control: int | None = control

    def line(self) -> str:
        """One line of what the program prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def let_go(self) -> None:
        """Close the control pipe."""
        if self._control is not None:
            os.close(self._control)
            self._control = None

    def status(self) -> int:
        """The exit status, in at most 30 seconds."""
        try:
            return self.process.wait(timeout=30)
        finally:
            self.let_go()
            assert self.process.stdout is not None
            self.process.stdout.close()


def marked(mark: str) -> set[int]:
    """Processes with a text in their arguments, dead ones aside."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                if mark.encode() in (entry / "cmdline").read_bytes():
                    found.add(int(entry.name))
            except OSError:
                continue
    return found


@pytest.fixture
def mark() -> Iterator[str]:
    """A text to know a test's processes by; whatever a failed test leaves is killed."""
    text = f"mark-{secrets.token_hex(8)}"
    yield text
    # One look may miss who forks and ends meanwhile; several in a row do not.
    looks = 3
    for _ in range(50):
        left = marked(text)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        looks = 3 if left else looks - 1
        if not looks:
            return


def gone(mark: str, seconds: float = 0) -> bool:
    """Whether nothing that bears the mark is alive, within some time."""
    end = time.monotonic() + seconds
    while left := marked(mark):
        if time.monotonic() > end:
            return False
        assert left
        time.sleep(0.02)
    return True


# enter


def test_the_program_gets_what_the_plan_says_and_no_more(tmp_path: Path) -> None:
    """Environment, folder, mask, limits and descriptors are the plan's, signals the default."""
    code = """
import json, os, resource, signal
print(json.dumps({
    "env": dict(os.environ), "cwd": os.getcwd(), "umask": os.umask(0),
    "files": resource.getrlimit(resource.RLIMIT_NOFILE),
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "fds": [fd for fd in range(3, 60) if os.path.exists(f"/proc/self/fd/{fd}")],
    "leader": os.getsid(0) == os.getpid(),
    "status": [l.split()[1] for l in open("/proc/self/status")
               if l.startswith(("SigBlk", "CapEff", "CapPrm", "CapInh", "CapAmb", "NoNewPrivs"))],
}))"""
    extra, other = os.pipe()
    os.set_inheritable(other, True)
    done = run_enter(
        plan(
            code,
            cwd=str(tmp_path),
            umask=0o027,
            rlimits={"NOFILE": [100, 200], "CORE": 0},
            keep=[extra],
            oom_score_adj=500,
        )
        | {"env": {"A": "1", "LC_CTYPE": "C.UTF-8"}}
    )
    os.close(extra)
    os.close(other)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["env"] == {"A": "1", "LC_CTYPE": "C.UTF-8"}
    assert (told["cwd"], told["umask"]) == (str(tmp_path), 0o027)
    assert (told["files"], told["core"]) == ([100, 200], [0, 0])
    assert told["fds"] == [extra]
    assert told["leader"]
    none = "0" * 16
    assert told["status"] == [none, none, none, none, none, "1"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("nonsense", "sandbox: no plan: not a JSON object"),
        ({"argv": ["/nowhere/x"], "env": {}}, "sandbox: starting /nowhere/x: FileNotFoundError"),
        ({"argv": ["/bin/true"]}, "sandbox: starting /bin/true: KeyError: 'env'"),
        ({"argv": ["/bin/true"], "env": {}, "cwd": "/nowhere"}, "sandbox: folder: FileNotFound"),
        ({"argv": ["/bin/true"], "env": {}, "rlimits": {"X": 1}}, "sandbox: resource limit X: "),
        ({"argv": ["/bin/true"], "env": {}, "seccomp": "AAAA"}, "sandbox: seccomp: OSError"),
        ({"argv": ["/bin/true"], "env": {}, "leash": 1}, "sandbox: leash: ProcessLookupError"),
    ],
)
def test_what_cannot_be_started_is_told_in_one_line(content: object, told: str) -> None:
    """Exit status 97, what it was at, and no traceback."""
    done = run_enter(content)
    assert done.returncode == enter.COULD_NOT_START
    assert done.stderr.startswith(told)
    assert done.stderr.count("\n") == 1


@as_root
def test_the_user_changes_for_good() -> None:
    """All three user and group ids are the job's, with no other group and no capability left."""
    code = """
import os
print(os.getresuid(), os.getresgid(), os.getgroups())
print([l.split()[1] for l in open("/proc/self/status") if l.startswith("CapBnd")])
try:
    os.setuid(0)
except PermissionError:
    print("refused")"""
    done = run_enter(plan(code, uid=JOB, gid=JOB))
    assert done.stdout.splitlines() == [
        f"({JOB}, {JOB}, {JOB}) ({JOB}, {JOB}, {JOB}) []",
        f"['{'0' * 16}']",
        "refused",
    ]


def test_landlock_and_seccomp_hold_in_the_program(tmp_path: Path) -> None:
    """The program reads what it may, and neither a canary, nor may it leave its namespace."""
    canary = tmp_path / "canary"
    canary.write_text("secret")
    code = """
import ctypes, os, sys
try:
    open(sys.argv[1])
except PermissionError:
    print("closed")
libc = ctypes.CDLL(None, use_errno=True)
print(libc.unshare(0x10000000), ctypes.get_errno())"""
    system = ["/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache"]
    rules = {"read": system, "write": ["/dev/null"]}
    code64 = base64.b64encode(seccomp.program()).decode()
    done = run_enter(plan(code, str(canary), landlock=rules, seccomp=code64))
    closed = ["closed"] if landlock.abi() else []
    assert done.stdout.splitlines() == [*closed, "-1 1"], done.stderr


# warden


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("", 0),
        ("import os; os._exit(3)", 3),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", 128 + signal.SIGSEGV),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 128 + signal.SIGKILL),
    ],
)
def test_the_status_is_the_programs(code: str, status: int) -> None:
    """An exit status comes through, a signal as a shell tells it."""
    assert start_warden(plan(code)).status() == status


def test_a_warden_without_a_program_says_so() -> None:
    """What the child could not start is the warden's status too."""
    assert start_warden({"argv": ["/nowhere"], "env": {}}).status() == enter.COULD_NOT_START


@pytest.mark.parametrize("uid", [0, os.getuid()])
def test_a_user_who_has_more_than_the_job_is_refused(uid: int) -> None:
    """Everything of the job's user is killed, so it may be neither root nor the grader's."""
    running = start_warden(plan("print('started')"), uid=uid)
    assert running.line() == (
        f"sandbox: the warden: ValueError: the user id {uid} is not the job's alone"
    )
    assert running.status() == enter.COULD_NOT_START


@pytest.mark.parametrize("tree", [False, True])
def test_a_daemon_dies_with_the_program(mark: str, tree: bool) -> None:
    """Forked twice, in a session of its own, nothing open: killed before the warden ends."""
    code = DAEMON.format(then="")
    assert start_warden(plan(code, mark), tree=tree).status() == 0
    assert gone(mark)


@pytest.mark.parametrize("tree", [False, True])
@pytest.mark.parametrize("then", ["time.sleep(300)", "while True: pass"])
def test_all_die_when_the_grader_lets_go(mark: str, then: str, tree: bool) -> None:
    """The control pipe's end ends the program and its daemon."""
    running = start_warden(plan(DAEMON.format(then=then), mark), tree=tree)
    assert running.line() == "ready"
    assert len(marked(mark)) == 2
    running.let_go()
    assert running.status() == 128 + signal.SIGKILL
    assert gone(mark)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_all_die_when_the_warden_is_asked_to_end(mark: str, number: int) -> None:
    """A signal that asks for an end is obeyed after the work, not instead of it."""
    running = start_warden(plan(DAEMON.format(then="time.sleep(300)"), mark))
    assert running.line() == "ready"
    running.process.send_signal(number)
    assert running.status() == 128 + signal.SIGKILL
    assert gone(mark)


def test_all_die_when_the_grader_is_killed(mark: str) -> None:
    """SIGKILL gives the grader no chance to tidy up; nothing survives it all the same."""
    content = {"child": plan(DAEMON.format(then="time.sleep(300)"), mark)}
    grader = subprocess.Popen(
        [sys.executable, "-I", "-c", GRADER, json.dumps(content), warden.__file__],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert grader.stdout is not None
    with grader.stdout:
        assert {grader.stdout.readline().strip() for _ in range(2)} == {"up", "ready"}
        grader.kill()
        grader.wait()
    assert gone(mark, seconds=10)


def test_the_program_dies_with_a_killed_warden(mark: str) -> None:
    """Should the warden itself be killed, at least its child is."""
    running = start_warden(plan("print('ready', flush=True)\nimport time; time.sleep(300)", mark))
    assert running.line() == "ready"
    running.process.kill()
    running.status()
    assert gone(mark, seconds=5)


@pytest.mark.parametrize("tree", [False, True])
@pytest.mark.parametrize("code", [STORM, RUNNER])
def test_a_storm_of_forks_is_cleared(mark: str, code: str, tree: bool) -> None:
    """Neither many at once nor one that is always a step ahead is left."""
    running = start_warden(plan(code, mark), tree=tree)
    if code == STORM:
        assert running.line() == "ready"
    running.let_go()
    running.status()
    assert gone(mark)


@scoped
@pytest.mark.parametrize("uid", [None, pytest.param(JOB, marks=as_root)])
def test_a_program_cannot_kill_its_warden(uid: int | None, tmp_path: Path) -> None:
    """Neither by name nor all at once: another user, or out of the signal scope."""
    code = """
import os, signal, sys
for pid in (os.getppid(), int(sys.argv[1])):
    try:
        os.kill(pid, 0)
        sys.exit(f"can reach {pid}")
    except PermissionError:
        pass
os.kill(-1, signal.SIGKILL)  # says that all is well if there was anybody
print("done")"""
    rules = {"read": ["/"], "write": [str(tmp_path)]}
    child = plan(code, str(os.getpid()), landlock=rules, uid=uid, gid=uid)
    running = start_warden(child, uid=uid)
    assert running.line() == "done"
    assert running.status() == 0


@as_root
def test_everything_of_the_jobs_user_is_killed(mark: str) -> None:
    """Also what is no descendant of the warden."""
    code = "print('ready', flush=True)\nimport time; time.sleep(300)"
    with subprocess.Popen(
        [PYTHON, "-I", "-S", "-c", code, mark],
        user=JOB,
        group=JOB,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        assert start_warden(plan("", mark, uid=JOB, gid=JOB), uid=JOB).status() == 0
        assert other.wait(timeout=10) == -signal.SIGKILL
    assert gone(mark)
