"""`grader.guest.capture`, and what it is made of, on packages of a few lines: no engine needed.

Most run in processes of their own: what they change is `sys.modules`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import importlib_metadata
import pytest

from grader.guest import installed
from grader.guest.capture import install, starts_alike
from tests.builders import ROOT

TREE = {
    "leaf.py": "",
    "leaf2.py": "",
    "early/__init__.py": "",
    "early/sub.py": "import leaf",
    "chain/__init__.py": "from chain.one import value\nfrom . import two",
    "chain/one.py": "import leaf\nvalue = 1",
    "chain/two.py": "from .three import three",
    "chain/three.py": "import leaf2\ndef three():\n    import leaf",
    "chain/four.py": "from chain import three as module, one\nimport chain.five.six",
    "chain/five/__init__.py": "",
    "chain/five/six.py": "from ...chain.two import *",
    "soft.py": "try:\n    import not_installed.at_all\nexcept ImportError:\n    import leaf",
    "dynamic.py": "import importlib\nimportlib.import_module('.five', 'chain')",
    "bound.py": "from importlib import import_module\nreal = __import__\n"
    "def later():\n    import_module('leaf')\n    real('leaf2')",
    "lazy/__init__.py": "import importlib\ndef __getattr__(name):\n"
    "    if name != 'part': raise AttributeError(name)\n"
    "    return importlib.import_module('lazy.part')",
    "lazy/part.py": "import leaf",
    "looks.py": "import sys\ndef look():\n"
    "    if 'chain.three' in sys.modules:\n        import leaf",
    "from_c.py": "import importlib\nimportlib.__import__('chain.three')",  # patched by nobody
    "alias.py": "import sys, leaf\nsys.modules['aliased'] = leaf",
    "uses_alias.py": "import alias, aliased",
    "circle/__init__.py": "from circle import a",
    "circle/a.py": "from circle.b import b\na = 1",
    "circle/b.py": "import circle.a\nb = 1\nimport leaf",
    "over/__init__.py": "from over.name import name\nfrom over.other import other",
    "over/name.py": "import leaf\ndef name(): return 'called'",
    "over/other.py": "from over import name\nother = name",
    "broken.py": "import leaf\nraise ValueError('broken')",
    "around.py": "try:\n    import broken\nexcept ValueError:\n    import leaf2",
    "counted.py": "with open('count', 'a') as file:\n    file.write('x')",
    "proxies.py": "from proxy import Proxy\nchain = Proxy('chain', globals())",
    "proxy.py": "import importlib, types\nclass Proxy(types.ModuleType):\n"
    "    def __init__(self, name, names):\n        self.names = names\n"
    "        super().__init__(name)\n"
    "    def __getattr__(self, attribute):\n"
    "        module = self.names['chain'] = importlib.import_module('chain')\n"
    "        self.__dict__.update(module.__dict__)\n        return getattr(module, attribute)",
    "shadow/chain.py": "import leaf2\nthree = 'the shadow'",
}
PROBE = """
import builtins, importlib, json, os, sys
from grader.guest.replay import Recording

sys.path.append("tree")
import early, proxies

def main(mode, ahead, before, code):
    found, names = {"events": [], "error": None}, {}
    if mode == "replayed":
        recording = Recording()
        with recording.record():
            for name in ahead.split():
                try:
                    importlib.import_module(name)
                except (ImportError, ValueError):
                    pass
        proxies.chain.value  # uses the proxy up
        recording.hide()
    exec(before, names)
    original, original_module = builtins.__import__, importlib.import_module

    def imports(name, globals=None, locals=None, fromlist=(), level=0):
        found["events"].append(["import", name, fromlist, level])
        return original(name, globals, locals, fromlist, level)

    def import_module(name, *args):
        found["events"].append(["module", name])
        return original_module(name, *args)

    builtins.__import__, importlib.import_module = imports, import_module
    try:
        exec(code, names)
    except Exception as error:
        found["error"] = repr(error)
    builtins.__import__, importlib.import_module = original, original_module
    ours = {n: m for n, m in sys.modules.items() if n.partition(".")[0] in tops}
    found["loaded"] = sorted(ours)
    found["value"] = names.get("value")
    found["specs"] = sorted(
        f"{m.__spec__.name} {type(m.__spec__.loader).__name__}" for m in ours.values()
    )
    print(json.dumps(found), flush=True)

tops = {*(entry.removesuffix(".py") for entry in os.listdir("tree")), "aliased"}
for case in json.load(sys.stdin):
    if os.fork() == 0:
        try:
            main(*case)
        finally:
            os._exit(0)
    os.wait()
"""
# `from_c` first: an import from C of what is loaded already cannot be seen.
EVERYTHING = "from_c chain.four soft dynamic bound lazy.part looks uses_alias circle over around"
AHEAD = (EVERYTHING, "from_c over chain.two circle", "circle.b early.sub")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages of `TREE`."""
    root = tmp_path_factory.mktemp("capture")
    for name, text in TREE.items():
        file = root / "tree" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


def python(folder: Path, *args: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run Python in `folder`, with the project on its path."""
    return subprocess.run(
        # Python 3.12 tells of an import of `_io` for each file that it reads a module from; kept
        # bytecode would make them fewer from one run to the next.
        [sys.executable, "-B", *args],
        cwd=folder,
        # Writing bytecode would be an import among those that are seen.
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )


def probe(folder: Path, *cases: tuple[str, str, str, str]) -> list[dict[str, Any]]:
    """What importing is seen of each case: mode, modules loaded ahead, code before, and code."""
    done = python(folder, "-c", PROBE, given=json.dumps(cases))
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("before", "code"),
    [
        ("", "import chain"),
        ("", "import chain.three as value; value = value.three.__name__; chain = value"),
        ("import chain", "from chain import three; three.three(); from chain.one import value"),
        ("import leaf", "import chain.four, early"),
        ("", "from chain.five import six; import soft"),
        ("", "import soft"),
        ("", "import dynamic"),
        ("", "import bound; bound.later()"),
        ("import bound", "bound.later()"),
        ("", "import lazy; lazy.part; value = lazy.part.__name__"),
        ("import lazy", "from lazy import part, nothing"),
        ("import looks", "looks.look(); import chain.three; looks.look()"),
        ("", "import from_c"),
        ("", "import uses_alias"),
        ("", "from circle.a import a as value"),
        ("", "import over; value = over.name()"),
        ("", "from over.other import other; value = over.other() if 'over' in dir() else 0"),
        ("", "import around"),
        ("", "import broken"),
        ("", "import proxies; value = proxies.chain.value; import early.sub"),
        ("import sys; sys.path.append('tree/shadow')", "import chain.three"),
        ("import sys; sys.path.insert(0, 'tree/shadow')", "import leaf; from chain import three"),
        ("import sys; sys.path.insert(0, 'tree/shadow')", "import chain.two"),
    ],
)
def test_loading_by_name_imports_what_loading_does(folder: Path, before: str, code: str) -> None:
    """Same imports in the same order, same modules loaded, same specs, values and errors."""
    ways = [("replayed", ahead, before, code) for ahead in AHEAD]
    fresh, *replayed = probe(folder, ("fresh", "", before, code), *ways)
    assert fresh["events"]
    assert replayed == [fresh, fresh, fresh]


SHADOWED = """
import sys
from grader.guest.replay import Recording
sys.path.append("tree")
recording = Recording()
with recording.record():
    import chain.two
path = list(sys.path)
print(*(recording.shadowed(p) for p in (
    path, [*path, "tree/early"], ["tree/early", *path],
    ["tree/shadow", *path], path[:-1], path[::-1],
)))
"""


def test_a_path_that_might_lead_elsewhere_is_noticed(folder: Path) -> None:
    """More folders are well unless they have a module of a recorded name; fewer are not."""
    done = python(folder, "-c", SHADOWED)
    assert done.stdout.split() == ["False", "False", "False", "True", "True", "True"]


def test_a_hidden_module_is_given_back_and_not_run_again(folder: Path) -> None:
    """Its body ran once, while it was recorded."""
    (folder / "count").unlink(missing_ok=True)
    code = "import counted; value = counted.__name__"
    (found,) = probe(folder, ("replayed", "counted", "", code))
    assert found["value"] == "counted"
    assert (folder / "count").read_text("utf-8") == "x"


FORKING = """
import atexit, os, sys, threading, weakref
from grader.guest.afresh import end_with, let_go, run

class Thing: pass

thing = Thing()
atexit.register(print, "of the parent")
weakref.finalize(thing, print, "of the parent too")
secret = open("parent.txt", "w")
sys.excepthook = None
outputs = [os.dup(1), os.dup(2)]
parent = os.getpid()
child = os.fork()
if child == 0:
    end_with(parent)
    let_go({0, 1, 2, *outputs})
    run([sys.argv[1], "a b"], {**os.environ, "MADE": "up"}, os.getcwd(), outputs)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
os._exit(status if status >= 0 else 128 - status)
"""


@pytest.mark.parametrize(
    "script",
    [
        "import sys, os\nprint(sys.argv, __name__, __file__, os.environ.get('MADE', 'up'))",
        "import sys\nprint('ä', file=sys.stderr)\nsys.exit(3)",
        "import sys\nsys.exit('no more')",
        "import sys\nsys.exit()",
        "def f():\n    1 / 0\n"
        "try:\n    f()\nexcept ZeroDivisionError:\n    raise ValueError('why')",
        "import atexit\natexit.register(print, 'bye')\nprint('main', end='')",
        "import threading, time\n"
        "def late():\n    time.sleep(0.05)\n    print('late')\n"
        "threading.Thread(target=late).start()",
        "import weakref\nclass A: pass\na = A()\nweakref.finalize(a, print, 'finalized')",
        "import sys\nsys.excepthook = lambda *a: print('hooked', a[0])\nraise KeyError(1)",
        "import os\nfds = [os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')"
        " if int(n) > 2 and os.path.exists(f'/proc/self/fd/{n}')]\n"
        "print([f for f in fds if 'parent.txt' in f or 'pipe' in f])",
        "import signal, os\nos.kill(os.getpid(), signal.SIGTERM)",
        "import __main__\nprint(__main__.__doc__, __spec__, type(__loader__).__name__)",
    ],
)
def test_a_fork_runs_a_script_as_a_new_process_does(tmp_path: Path, script: str) -> None:
    """Same output, same errors, same status; nothing that the parent had set up happens."""
    file = tmp_path / "script.py"
    file.write_text(script, encoding="utf-8")
    new = python(tmp_path, str(file), "a b")
    fork = python(tmp_path, "-c", FORKING, str(file))
    status = new.returncode if new.returncode >= 0 else 128 - new.returncode
    assert (fork.stdout, fork.stderr, fork.returncode) == (new.stdout, new.stderr, status)


@pytest.mark.parametrize(
    ("change", "alike"),
    [
        ({}, True),
        ({"PATH": "/usr/sbin:/sbin:/bin"}, True),
        ({"MLFLOW_RUN_ID": "7", "PYSPARK_PIN_THREAD": "true"}, True),
        ({"OMP_NUM_THREADS": "1"}, False),
        ({"HOME": "/elsewhere"}, False),
        ({"PYTHONPATH": "/student"}, False),
    ],
)
def test_only_what_no_start_depends_on_may_differ(change: dict[str, str], alike: bool) -> None:
    """Any other variable, changed, added or gone, asks for a real process."""
    before = {"PATH": "/bin", "HOME": "/root"}
    assert starts_alike({**before, **change}, before) is alike
    assert starts_alike(before, {**before, **change}) is alike


def test_installing_needs_something_preloaded() -> None:
    """The message names what has to come first."""
    with pytest.raises(RuntimeError, match=r"^preload\(\) comes before install\(\)$"):
        install()


class Utils(ModuleType):
    """The parts of MLflow's `requirements_utils` that are replaced, counting what they read."""

    _MODULES_TO_PACKAGES: dict[str, list[str]] | None = None

    def __init__(self) -> None:
        super().__init__("mlflow.utils.requirements_utils")
        self.reads: list[str] = []
        self.importlib_metadata = importlib_metadata

    def _init_modules_to_packages_map(self) -> None:
        if self._MODULES_TO_PACKAGES is None:
            self.reads.append("all")
            self._MODULES_TO_PACKAGES = {"sklearn": ["scikit-learn"]}

    def _iter_requires(self, name: str) -> Iterator[str]:
        self.reads.append(name)
        yield f"{name}-core"

    def _prune_packages(self, packages: set[str]) -> None:
        for name in packages:
            list(self._iter_requires(name))


@pytest.fixture
def utils(monkeypatch: pytest.MonkeyPatch) -> Utils:
    """A stand-in for MLflow's module after `remember`, with nothing read since."""
    stand_in = Utils()
    monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)
    monkeypatch.setattr(sys, "path", list(sys.path))
    installed.remember(["json", "sklearn.svm"])
    assert stand_in.reads == ["all", "scikit-learn"]
    assert stand_in._MODULES_TO_PACKAGES is None  # as in a new process, for whoever looks
    stand_in.reads.clear()
    return stand_in


def test_what_is_installed_is_read_once(utils: Utils, tmp_path: Path) -> None:
    """Also with one more folder on the path, as long as it has no distribution."""
    sys.path.append(str(tmp_path))
    utils._init_modules_to_packages_map()
    assert utils._MODULES_TO_PACKAGES == {"sklearn": ["scikit-learn"]}
    assert [*utils._iter_requires("scikit-learn"), *utils._iter_requires("scikit-learn")] == [
        "scikit-learn-core"
    ] * 2
    assert utils.reads == []


def test_another_path_is_read_as_ever(utils: Utils, tmp_path: Path) -> None:
    """A distribution beside a lab counts, and one that is gone does not."""
    (tmp_path / "mine-1.0.dist-info").mkdir()
    (tmp_path / "mine-1.0.dist-info/METADATA").write_text("Name: mine\nVersion: 1.0\n", "utf-8")
    sys.path.append(str(tmp_path))
    utils._init_modules_to_packages_map()
    assert list(utils._iter_requires("scikit-learn")) == ["scikit-learn-core"]
    del sys.path[:2]
    assert list(utils._iter_requires("scikit-learn")) == ["scikit-learn-core"]
    assert utils.reads == ["all", "scikit-learn", "scikit-learn"]
