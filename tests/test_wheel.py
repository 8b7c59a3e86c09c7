"""The wheel in an environment of its own: it holds all that grading needs, wherever it is used."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.builders import ROOT

pytestmark = [pytest.mark.deep, pytest.mark.engine]
#: Nothing is fetched: what builds is installed, and so is what the wheel asks for.
_OFFLINE = ("--quiet", "--no-index", "--no-deps")


def run(folder: Path, *command: str | Path, status: int = 0) -> str:
    """Run a command in `folder`, without this checkout on Python's path, and return its output."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


def built(source: Path, folder: Path) -> Path:
    """Build a wheel from `source`, a checkout or an sdist, into `folder`."""
    pip = (sys.executable, "-m", "pip", "wheel", *_OFFLINE, "--no-build-isolation")
    run(folder, *pip, "--wheel-dir", folder, source)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    return built(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def home(wheel: Path) -> Iterator[Path]:
    """An environment with the wheel, and with links to all that is installed in this one.

    It lies within this one, since links need the same disk, and real paths since the wall shows
    an environment to a lab, and nothing else.
    """
    with tempfile.TemporaryDirectory(dir=sys.prefix, prefix="wheel-") as name:
        home = Path(name)
        home.chmod(0o755)  # labs run as other users
        venv.create(home)
        python = home / "bin" / "python"
        run(home, sys.executable, "-m", "pip", "--python", python, "install", *_OFFLINE, wheel)
        mine = Path(sysconfig.get_path("purelib"))
        theirs = home / mine.relative_to(sys.prefix)
        for path in mine.iterdir():
            if path.is_dir() and not path.name.startswith("lakehouse_grader"):
                shutil.copytree(path, theirs / path.name, symlinks=True, copy_function=os.link)
            elif path.suffix in (".py", ".so"):
                os.link(path, theirs / path.name)
        yield home


def test_the_wheel_is_what_is_imported(home: Path, tmp_path: Path) -> None:
    """Neither the checkout nor its editable installation, which would prove nothing."""
    where = "import grader, grader.course.schemas as it; print(grader.__file__, it.SCHEMAS)"
    told = run(tmp_path, home / "bin" / "python", "-c", where).split()
    assert [Path(path).is_relative_to(home) for path in told] == [True, True]


def test_the_wheel_grades_a_checkout_from_another_folder(home: Path, tmp_path: Path) -> None:
    """A quiz and a lab behind the wall, with full points, and reports where it was started."""
    pytest_ = (home / "bin" / "python", "-m", "pytest", "-p", "no:cacheprovider")
    chosen = ("--submission=alice/", "--exam=quiz-1", "--lab=drift-tests")
    run(tmp_path, *pytest_, f"--rootdir={ROOT}", *chosen)
    record = json.loads((tmp_path / "reports" / "alice" / "grade.json").read_text("utf-8"))
    results = [*record["items"], *record["checks"]]
    found = {(one.get("exam", one.get("lab")), one["verdict"]) for one in results}
    assert {one for one in found if one[1] != "not-run"} == {
        ("quiz-1", "correct"),
        ("drift-tests", "correct"),
    }


def test_the_wheel_checks_a_bank(home: Path, tmp_path: Path) -> None:
    """With the schemas of everything that authors write."""
    told = run(tmp_path, home / "bin" / "grader", "lint", "--root", ROOT)
    assert told.splitlines()[-1].startswith("0 errors")


def test_an_sdist_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """What is not Python code included, and each schema that an editor finds in `schema/`."""
    build = "import sys; from flit_core import buildapi; print(buildapi.build_sdist(sys.argv[1]))"
    name = run(ROOT, sys.executable, "-c", build, tmp_path).strip()
    names = [set(ZipFile(w).namelist()) for w in (wheel, built(tmp_path / name, tmp_path))]
    assert names[0] == names[1]
    data = {n for n in names[0] if n.startswith("grader/") and not n.endswith(".py")}
    schemas = {f"grader/schema/{path.name}" for path in (ROOT / "schema").iterdir()}
    assert data == {"grader/py.typed", "grader/provision/jars.lock", *schemas}
