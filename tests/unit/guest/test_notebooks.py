"""Notebooks that others run, secrets, task values: what `dbutils` has beside files and widgets."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from grader.guest.dbutils import DBUtils, NotebookExit
from grader.guest.notebooks import NotebookError, Shelf
from grader.guest.places import Places
from grader.guest.secrets_scopes import PLACE
from grader.guest.services.jobs.worker import Order, work
from grader.guest.task_values import TaskValues


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A lab's folders."""
    for name in ("workspace", "submission", "tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / "submission/labs").mkdir()
    return Places(tmp_path / "workspace", tmp_path / "submission", tmp_path / "tmp")


@pytest.fixture
def dbutils(places: Places) -> DBUtils:
    """That of a student's file, whose names include an engine."""
    shelf = Shelf(places, places.submission / "labs")
    return DBUtils(places.workspace / "dbfs", shelf, {"spark": "the session", "mine": 1})


def test_a_notebook_gets_arguments_and_gives_its_exit(places: Places, dbutils: DBUtils) -> None:
    """As texts; at its end without an exit it gives nothing."""
    (places.workspace / "child.py").write_text(
        'dbutils.notebook.exit(dbutils.widgets.get("n") + __name__)', encoding="utf-8"
    )
    (places.workspace / "quiet.py").write_text("x = 1", encoding="utf-8")
    dbutils.widgets.text("n", "mine")
    assert dbutils.notebook.run("/child", 60, {"n": 5}) == "5__main__"
    assert dbutils.widgets.get("n") == "mine"
    assert dbutils.notebook.run("quiet") == ""


def test_a_notebook_has_engines_and_no_other_names(places: Places, dbutils: DBUtils) -> None:
    """`spark` and `display` are handed on, variables are not; what it defines stays its own."""
    text = "dbutils.notebook.exit(str(('mine' in globals(), spark)))"
    (places.workspace / "a.py").write_text(text, encoding="utf-8")
    assert dbutils.notebook.run("a") == "(False, 'the session')"


@pytest.mark.parametrize(
    "path",
    ["/sub/n", "sub/n", "/sub/n.py", "/workspace/sub/n", "/Workspace/sub/n", "dbfs:/sub/n"],
)
def test_every_way_to_name_a_notebook(places: Places, dbutils: DBUtils, path: str) -> None:
    """With a suffix or without, from the root of the workspace."""
    (places.workspace / "sub").mkdir()
    (places.workspace / "sub/n.py").write_text("dbutils.notebook.exit('n')", encoding="utf-8")
    assert dbutils.notebook.run(path) == "n"


def test_a_notebook_may_lie_beside_the_students_file(places: Places, dbutils: DBUtils) -> None:
    """In the folder of the lab's files, or named from the root of what was handed in."""
    path = places.submission / "labs/beside.py"
    path.write_text("dbutils.notebook.exit('b')", encoding="utf-8")
    assert dbutils.notebook.run("beside") == "b"
    assert dbutils.notebook.run("labs/beside") == "b"


def test_cells_of_an_ipynb_are_run_in_order(places: Places, dbutils: DBUtils) -> None:
    """Text and lines for IPython alone are left out; another language is refused."""
    new: Callable[..., Any] = nbformat.v4.new_code_cell
    cells = [
        nbformat.v4.new_markdown_cell("# title"),  # type: ignore[no-untyped-call]  # nbformat's own
        new("%pip install nothing\nx = 1"),
        new("%md\ntext"),
        new("dbutils.notebook.exit(str(x + 1))"),
    ]
    book = nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]  # likewise
    nbformat.write(book, places.workspace / "book.ipynb")  # type: ignore[no-untyped-call]  # likewise
    assert dbutils.notebook.run("/book") == "2"
    book.cells.append(new("%sql\nSELECT 1"))
    nbformat.write(book, places.workspace / "book.ipynb")  # type: ignore[no-untyped-call]  # likewise
    with pytest.raises(NotebookError, match="begins with %sql; only Python runs"):
        dbutils.notebook.run("/book")


def test_failures_of_a_notebook_are_told(places: Places, dbutils: DBUtils) -> None:
    """One that is not there, one that raises, one that takes too long."""
    with pytest.raises(NotebookError, match="there is no notebook '/none'"):
        dbutils.notebook.run("/none")
    (places.workspace / "bad.py").write_text("1 / 0", encoding="utf-8")
    with pytest.raises(NotebookError, match=r"'bad' failed: ZeroDivisionError"):
        dbutils.notebook.run("bad")
    (places.workspace / "slow.py").write_text("import time; time.sleep(60)", encoding="utf-8")
    with pytest.raises(NotebookError, match=r"took more than 0\.05 seconds"):
        dbutils.notebook.run("slow", 0.05)  # type: ignore[arg-type]  # students write whole seconds


def test_notebooks_run_beside_each_other(places: Places, dbutils: DBUtils) -> None:
    """From threads of the student's, too, where no limit of time can be kept."""
    (places.workspace / "n.py").write_text("dbutils.notebook.exit('t')", encoding="utf-8")
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(dbutils.notebook.run("n", 10)))
    thread.start()
    thread.join()
    assert found == ["t"]


def test_secrets_come_from_the_fixtures_file(places: Places, dbutils: DBUtils) -> None:
    """Scopes and keys are listed in order; what is not there is told."""
    assert dbutils.secrets.listScopes() == []
    scopes = {"b": {"y": "2", "x": "1"}, "a": {}}
    (places.workspace / PLACE).write_text(json.dumps(scopes), encoding="utf-8")
    assert [s.name for s in dbutils.secrets.listScopes()] == ["a", "b"]
    assert [m.key for m in dbutils.secrets.list("b")] == ["x", "y"]
    assert dbutils.secrets.get(scope="b", key="y") == "2"
    assert dbutils.secrets.getBytes("b", "x") == b"1"
    with pytest.raises(ValueError, match="does not exist with scope: b and key: z"):
        dbutils.secrets.get("b", "z")
    with pytest.raises(ValueError, match="scope does not exist: c"):
        dbutils.secrets.list("c")


def test_task_values_pass_from_task_to_task(dbutils: DBUtils) -> None:
    """Outside of a job there is only what to debug with."""
    values = TaskValues({"first": {"k": 1}})
    values.set("mine", [1])
    assert values.made == {"mine": [1]}
    assert values.get("first", "k") == 1
    assert values.get(taskKey="first", key="other", default="d") == "d"
    with pytest.raises(ValueError, match="'second' has set no value 'k'"):
        values.get("second", "k")
    assert dbutils.jobs.taskValues.get("first", "k", debugValue=3) == 3
    with pytest.raises(TypeError, match="needs a debugValue"):
        dbutils.jobs.taskValues.get("first", "k")


def test_a_plain_dbutils_runs_nothing(tmp_path: Path) -> None:
    """Without a place to look there are no notebooks and no secrets, but an exit."""
    bare = DBUtils(tmp_path / "dbfs")
    with pytest.raises(NotebookError, match="cannot be run here"):
        bare.notebook.run("x")
    assert bare.secrets.listScopes() == []
    with pytest.raises(NotebookExit):
        bare.notebook.exit("x")


@pytest.mark.parametrize(
    ("text", "result", "exit", "error"),
    [
        ("import sys\nassert sys.argv[1:] == ['a']", "SUCCESS", None, ""),
        ("import sys\nsys.exit(0)", "SUCCESS", None, ""),
        ("import sys\nsys.exit(3)", "FAILED", None, "SystemExit: 3"),
        ("dbutils.notebook.exit(dbutils.widgets.get('w'))", "SUCCESS", "v", ""),
        ("dbutils.widgets.get('none')", "FAILED", None, "ValueError: no widget"),
        ("1 +", "FAILED", None, "SyntaxError"),
    ],
)
def test_a_task_reports_how_it_ended(
    places: Places,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    result: str,
    exit: str | None,  # noqa: A002 - the report's own word
    error: str,
) -> None:
    """By result, exit value and error; the trace begins in the task's own file."""
    import sys

    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    (places.workspace / "task.py").write_text(text, encoding="utf-8")
    order = Order("/task", True, {"w": "v"}, ["a"], {}, {}, "")
    report = work(order, Shelf(places, places.submission))
    assert (report.result, report.exit) == (result, exit)
    assert report.error.startswith(error)
    assert "jobs/worker.py" not in report.trace and "notebooks.py" not in report.trace
