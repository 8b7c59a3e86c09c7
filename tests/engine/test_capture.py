"""`grader.guest.capture`: the requirements that MLflow itself would have logged, and its words.

One file of many models is run by plain Python and in a fork of a process that preloaded; both
outside the sandbox.
"""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
DRIVER = """
import os, runpy, subprocess, sys

mode, lab = sys.argv[1:]
if mode == "forked":
    from grader.guest import capture

    capture.preload(["mlflow.sklearn", "sklearn.ensemble", "sklearn.linear_model", "scipy.stats",
                     "pandas", "no_such_module"])
    child = os.fork()
    if child:
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    capture.install()

real = os.path.abspath("real.txt")

class Popen(subprocess.Popen):  # says when a real process infers
    def __init__(self, cmd, *args, **kwargs):
        if "_capture_modules" in str(cmd):
            with open(real, "a") as file:
                file.write(os.environ["MLFLOW_MODEL"] + "\\n")
        super().__init__(cmd, *args, **kwargs)

subprocess.Popen = Popen
sys.path.append(os.path.dirname(lab))
sys.argv = [lab]
runpy.run_path(lab, run_name="__main__")
sys.stdout.flush()
"""
HELPER = """
import xml.dom.minidom
from sklearn.cluster import KMeans

def shift(x):
    import scipy.signal
    return x + 1
"""
INNER = """
import joblib

def twice(x):
    return 2 * x
"""
FROM_CODE = """
import mlflow, scipy.sparse

class Coded(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input

mlflow.models.set_model(Coded())
"""
LAB = """
import logging, os, sys, threading
import mlflow, mlflow.sklearn
import pandas as pd
from mlflow.models import infer_signature
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0] * 5, "b": [1.0, 0.0, 1.0, 0.0] * 5})
y = [0.0, 1.0, 0.0, 1.0] * 5
logistic = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
logging.getLogger("mlflow.utils").setLevel(logging.DEBUG)
here = os.path.dirname(__file__)

class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [1.0] * len(model_input)

class Lazy(Model):
    def predict(self, context, model_input, params=None):
        import scipy.optimize
        return super().predict(context, model_input)

class Local(Model):
    def load_context(self, context):
        import beside
        self.shift = beside.shift
    def predict(self, context, model_input, params=None):
        return self.shift(model_input)

class Unloadable(Model):
    def load_context(self, context):
        print("loading")
        raise ValueError("not today") from KeyError("why")

class Exits(Model):
    def load_context(self, context):
        sys.exit("no more")

class Unhappy(Model):
    def predict(self, context, model_input, params=None):
        raise RuntimeError("I cannot")

class Needs(Model):
    def load_context(self, context):
        if os.path.basename(os.getcwd()) != "moved":
            raise ValueError(os.getcwd())

class Coded(Model):
    def load_context(self, context):
        from package_of_mine.inner import twice

class Slow(Model):
    def load_context(self, context):
        import time
        time.sleep(60)

class Hinted(mlflow.pyfunc.PythonModel):
    def predict(self, model_input: list[str], params=None) -> list[str]:
        return [s.upper() for s in model_input]

def log(name, flavor=mlflow.pyfunc, **kwargs):
    os.environ["MLFLOW_MODEL"] = name
    print("==", name, file=sys.stderr, flush=True)
    with mlflow.start_run(run_name=name):
        flavor.log_model(name=name, **kwargs)
    print("== end", file=sys.stderr, flush=True)

sk = {"flavor": mlflow.sklearn, "serialization_format": "cloudpickle"}
log("forest", sk_model=RandomForestClassifier(n_estimators=3).fit(X, y), **sk)
log("pipeline", sk_model=logistic, input_example=X[:2], signature=infer_signature(X, X.a), **sk)
log("bare", sk_model=Ridge().fit(X, y), flavor=mlflow.sklearn)
log("python", python_model=Model())
log("lazy", python_model=Lazy(), input_example=X[:2])
log("local", python_model=Local(), input_example=X[:2])
log("unloadable", python_model=Unloadable())
log("exits", python_model=Exits())
log("unhappy", python_model=Unhappy(), input_example=X[:2])
log("hinted", python_model=Hinted(), input_example=["a"])
log("paths", python_model=Coded(), code_paths=[here + "/package_of_mine"])
log("inferred", python_model=here + "/from_code.py", infer_code_paths=True)
log("from_code", python_model=here + "/from_code.py")
os.mkdir("moved")
os.chdir("moved")
log("moved", python_model=Needs())
os.chdir("..")
os.environ["MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT"] = "4"
log("slow", python_model=Slow())
del os.environ["MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT"]
os.environ["OMP_NUM_THREADS"] = "1"
log("threads", python_model=Model())
del os.environ["OMP_NUM_THREADS"]
sys.path.insert(0, here + "/shadow")
log("shadowed", sk_model=logistic, input_example=X[:2], **sk)
sys.path.remove(here + "/shadow")

os.environ["MLFLOW_MODEL"] = "auto"
mlflow.sklearn.autolog(log_input_examples=True)
print("== auto", file=sys.stderr, flush=True)
for _ in range(2):
    with mlflow.start_run(run_name="auto"):
        LogisticRegression().fit(X, y)
print("== end", file=sys.stderr, flush=True)
"""
MODELS = tuple(re.findall(r'^log\("(\w+)"', LAB, re.MULTILINE))
#: Each differs between two runs of the same.
PASSING = (
    (r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d", "<time>"),
    (r"/tmp/(\w+/)?tmp\w+", "<temporary>"),
    (r"\bm-[0-9a-f]{32}|\b[0-9a-f]{32}\b", "<id>"),
    (r"pid=\d+|0x[0-9a-f]+", "<number>"),
)


class Ran(NamedTuple):
    """What a run of the lab left behind."""

    files: dict[str, list[str]]
    words: dict[str, str]
    real: list[str]


def run(folder: Path) -> subprocess.Popen[str]:
    """Start the lab in `folder`, by plain Python or as a fork, as the folder's name says."""
    folder.mkdir()
    for name, text in {
        "driver.py": DRIVER,
        "labs/lab.py": LAB,
        "labs/beside.py": HELPER,
        "labs/from_code.py": FROM_CODE,
        "labs/package_of_mine/__init__.py": "",
        "labs/package_of_mine/inner.py": INNER,
        "labs/shadow/joblib/__init__.py": "import wave\nraise ImportError('not the joblib')\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "GIT_PYTHON_REFRESH": "quiet",
    }
    return subprocess.Popen(
        [sys.executable, "driver.py", folder.name, str(folder / "labs/lab.py")],
        cwd=folder,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Ran]:
    """The lab run by plain Python, and as a fork of a process that preloaded."""
    root = tmp_path_factory.mktemp("capture")
    folders = [root / "plain", root / "forked"]
    processes = [run(folder) for folder in folders]
    words = [process.communicate(timeout=600)[1] for process in processes]
    assert [p.returncode for p in processes] == [0, 0], "\n\n".join(words)
    plain, forked = (ran(*pair) for pair in zip(folders, words, strict=True))
    return plain, forked


def ran(folder: Path, stderr: str) -> Ran:
    """What the run in `folder` left, without what differs between two runs of the same."""
    files: dict[str, list[str]] = {}
    for mlmodel in sorted((folder / "mlruns").glob("*/models/*/artifacts/MLmodel")):
        (run_id,) = re.findall(r"^run_id: (\w+)", mlmodel.read_text("utf-8"), re.MULTILINE)
        with closing(sqlite3.connect(folder / "mlflow.db")) as db:
            ((name,),) = db.execute("SELECT name FROM runs WHERE run_uuid = ?", (run_id,))
        for file in ("requirements.txt", "conda.yaml", "python_env.yaml"):
            files.setdefault(name, []).append((mlmodel.parent / file).read_text("utf-8"))
    for pattern, place in PASSING:
        stderr = re.sub(pattern, place, stderr)
    stderr = stderr.replace(str(folder), "<folder>")
    words = dict(re.findall(r"^== (\w+)\n(.*?)^== end", stderr, re.MULTILINE | re.DOTALL))
    real = folder / "real.txt"
    return Ran(files, words, real.read_text("utf-8").split() if real.exists() else [])


@pytest.mark.parametrize("name", [*MODELS, "auto"])
def test_a_model_is_logged_as_ever(both: tuple[Ran, Ran], name: str) -> None:
    """Requirements and environments byte for byte, and every word that MLflow prints."""
    plain, forked = both
    assert forked.files[name] == plain.files[name]
    assert forked.words[name] == plain.words[name]


def test_what_the_models_are_for(both: tuple[Ran, Ran]) -> None:
    """The cases are what they should be: inferred or failed, with the words that belong to it."""
    files, words, _ = both[1]
    packages = {
        name: set(re.findall(r"^([\w-]+)==", texts[0], re.M)) for name, texts in files.items()
    }
    assert {"mlflow", "scikit-learn", "scipy", "pandas"} <= packages["pipeline"]
    assert "scipy" in packages["lazy"] - packages["python"]
    assert "scikit-learn" in packages["local"] - packages["python"]
    assert "ValueError: not today" in words["unloadable"]
    assert "stdout: loading" in words["unloadable"]
    assert "no more" in words["exits"]
    assert "RuntimeError: I cannot" in words["unhappy"]
    assert "exit status: -9" in words["slow"]
    assert "not the joblib" in words["shadowed"]
    assert "unexpected error" not in words["moved"]
    assert len(files["auto"]) == 6


def test_only_a_process_that_starts_otherwise_is_a_real_one(both: tuple[Ran, Ran]) -> None:
    """The helper infers for every model, unless environment or path have become others."""
    plain, forked = both
    assert list(dict.fromkeys(plain.real)) == [*MODELS, "auto"]
    assert forked.real == ["threads", "shadowed"]
