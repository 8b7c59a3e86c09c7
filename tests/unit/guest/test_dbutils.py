"""`grader.guest.dbutils` and `grader.guest.display`: Databricks' names, without Databricks."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from grader.guest.dbutils import DBUtils, FileInfo, NotebookExit
from grader.guest.display import display


@pytest.fixture
def dbutils(tmp_path: Path) -> DBUtils:
    """A `dbutils` whose files live in `tmp_path / "dbfs"`."""
    return DBUtils(tmp_path / "dbfs")


@pytest.mark.parametrize(
    "path",
    ["dbfs:/data/a.txt", "/dbfs/data/a.txt", "/data/a.txt", "data/a.txt", "file:/data/a.txt"],
)
def test_every_way_to_write_a_path_means_the_same_place(
    dbutils: DBUtils, tmp_path: Path, path: str
) -> None:
    """What is put under one spelling is found under every other."""
    assert dbutils.fs.put(path, "ä")
    assert (tmp_path / "dbfs/data/a.txt").read_text(encoding="utf-8") == "ä"
    for other in ("dbfs:/data/a.txt", "/dbfs/data/a.txt", "/data/a.txt"):
        assert dbutils.fs.head(other) == "ä"


@pytest.mark.parametrize("path", ["/dbfs_backup/a.txt", "dbfs:/dbfs_backup/a.txt", "/dbfsx"])
def test_a_name_that_begins_like_dbfs_is_a_name(
    dbutils: DBUtils, tmp_path: Path, path: str
) -> None:
    """Only `/dbfs/` itself is the root."""
    assert dbutils.fs.put(path, "x")
    assert (tmp_path / "dbfs" / path.removeprefix("dbfs:").lstrip("/")).read_text() == "x"
    assert [f.name for f in dbutils.fs.ls("/")] == [path.split("/")[1] + "/" * (path[-1] != "x")]


def test_paths_below_tmp_are_themselves(dbutils: DBUtils) -> None:
    """`/tmp/` is not below DBFS, with a scheme or without."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="grader-test-") as folder:
        dbutils.fs.put(f"file:{folder}/plain.txt", "x")
        assert (Path(folder) / "plain.txt").read_text() == "x"
        assert dbutils.fs.head(f"{folder}/plain.txt") == "x"


def test_a_folder_is_listed_in_order(dbutils: DBUtils) -> None:
    """Names, sizes and folders, with the path as it was asked for."""
    dbutils.fs.put("/data/b.txt", "12345")
    dbutils.fs.mkdirs("/data/sub")
    dbutils.fs.put("/data/a.txt", "")
    got = dbutils.fs.ls("dbfs:/data/")
    assert [(f.path, f.name, f.size, f.isDir()) for f in got] == [
        ("dbfs:/data/a.txt", "a.txt", 0, False),
        ("dbfs:/data/b.txt", "b.txt", 5, False),
        ("dbfs:/data/sub/", "sub/", 0, True),
    ]
    assert all(f.modificationTime > 1_600_000_000_000 for f in got)
    assert [f.path for f in dbutils.fs.ls("/")] == ["/data/"]


def test_a_file_is_listed_as_itself(dbutils: DBUtils) -> None:
    """`ls` of a file is that file."""
    dbutils.fs.put("/a.txt", "x")
    (info,) = dbutils.fs.ls("dbfs:/a.txt")
    assert (info.path, info.name, info.size) == ("dbfs:/a.txt", "a.txt", 1)
    assert isinstance(info, FileInfo)


def test_a_missing_folder_is_told(dbutils: DBUtils) -> None:
    """With the path as the student wrote it."""
    with pytest.raises(FileNotFoundError, match=r"^No such file or directory: dbfs:/none$"):
        dbutils.fs.ls("dbfs:/none")


def test_a_file_is_overwritten_only_when_asked(dbutils: DBUtils) -> None:
    """As on Databricks, `overwrite` is False unless given."""
    dbutils.fs.put("/a.txt", "one")
    with pytest.raises(FileExistsError, match=r"^/a\.txt exists; pass overwrite=True$"):
        dbutils.fs.put("/a.txt", "two")
    assert dbutils.fs.put("/a.txt", "two", overwrite=True)
    assert dbutils.fs.head("/a.txt") == "two"


def test_head_is_the_beginning(dbutils: DBUtils) -> None:
    """At most so many bytes, whatever they cut in two."""
    dbutils.fs.put("/a.txt", "abcä")
    assert dbutils.fs.head("/a.txt", 2) == "ab"
    assert dbutils.fs.head("/a.txt", 4) == "abc\ufffd"


def test_removing_needs_recurse_for_a_full_folder(dbutils: DBUtils) -> None:
    """Files and empty folders go at once; what is not there is not an error."""
    dbutils.fs.put("/data/a.txt", "x")
    with pytest.raises(OSError, match=r"^/data is not empty; pass recurse=True$"):
        dbutils.fs.rm("/data")
    assert dbutils.fs.rm("/data/a.txt") is True
    assert dbutils.fs.rm("/data/a.txt") is False
    assert dbutils.fs.rm("/data") is True
    dbutils.fs.put("/data/a.txt", "x")
    assert dbutils.fs.rm("/data", recurse=True) is True
    assert dbutils.fs.ls("/") == []


def test_copying_needs_recurse_for_a_folder(dbutils: DBUtils) -> None:
    """Files are copied to a file or into a folder, folders with all that is in them."""
    dbutils.fs.put("/data/sub/a.txt", "x")
    dbutils.fs.cp("/data/sub/a.txt", "/new/place/b.txt")
    assert dbutils.fs.head("/new/place/b.txt") == "x"
    with pytest.raises(OSError, match=r"^/data is a folder; pass recurse=True$"):
        dbutils.fs.cp("/data", "/copy")
    assert dbutils.fs.cp("/data", "/copy", recurse=True)
    assert dbutils.fs.head("/copy/sub/a.txt") == "x"
    assert dbutils.fs.head("/data/sub/a.txt") == "x"


def test_moving_leaves_nothing_behind(dbutils: DBUtils) -> None:
    """A file, and a folder with `recurse`."""
    dbutils.fs.put("/data/a.txt", "x")
    assert dbutils.fs.mv("/data/a.txt", "/data/b.txt")
    assert [f.name for f in dbutils.fs.ls("/data")] == ["b.txt"]
    with pytest.raises(OSError, match="pass recurse=True"):
        dbutils.fs.mv("/data", "/moved")
    assert dbutils.fs.mv("/data", "/moved", recurse=True)
    assert [f.name for f in dbutils.fs.ls("/")] == ["moved/"]


def test_a_widget_has_its_default(dbutils: DBUtils) -> None:
    """Declared again it keeps its value; removed it is gone."""
    widgets = dbutils.widgets
    widgets.text("date", "2026-01-01", "Date")
    widgets.text("date", "other")
    widgets.dropdown("mode", "a", ["a", "b"])
    widgets.combobox("box", "a", ["a"])
    assert widgets.get("date") == "2026-01-01"
    assert widgets.getAll() == {"date": "2026-01-01", "mode": "a", "box": "a"}
    widgets.remove("date")
    widgets.remove("never there")
    assert list(widgets.getAll()) == ["mode", "box"]
    widgets.removeAll()
    assert widgets.getAll() == {}


def test_a_widget_must_be_declared(dbutils: DBUtils) -> None:
    """An unknown name is told."""
    with pytest.raises(ValueError, match=r"^no widget is named 'x'; declare it first$"):
        dbutils.widgets.get("x")


def test_a_dropdowns_default_is_a_choice(dbutils: DBUtils) -> None:
    """A default that cannot be chosen is a mistake."""
    with pytest.raises(ValueError, match=r"^'c' is not one of the choices of 'mode'$"):
        dbutils.widgets.dropdown("mode", "c", ["a", "b"])


@pytest.mark.parametrize(("value", "told"), [("done", "done"), (3, "3"), ("", "")])
def test_a_notebook_may_exit(dbutils: DBUtils, value: object, told: str) -> None:
    """The file ends there; it is no failure, and carries its value."""
    with pytest.raises(NotebookExit) as caught:
        dbutils.notebook.exit(value)
    assert (str(caught.value), isinstance(caught.value, SystemExit)) == (told, True)


@pytest.mark.parametrize(("value", "shown"), [(3, "3\n"), ("text", "text\n"), (None, "None\n")])
def test_anything_else_is_printed(
    value: object, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Extra arguments, as notebooks pass them, do no harm."""
    display(value, "extra", option=True)
    assert capsys.readouterr().out == shown
