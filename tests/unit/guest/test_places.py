"""`grader.guest.places`: `/workspace` wherever a lab's folder really is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from grader.guest.places import NAME, Places


def places(root: Path) -> Places:
    """Folders as the host would name them, the workspace by a link."""
    for name in ("labs/one", "submission", "tmp"):
        (root / name).mkdir(parents=True)
    (root / "labs/.current").symlink_to("one")
    start = {"workspace": f"{root}/labs/.current", "submission": f"{root}/submission"}
    return Places.of({**start, "tmp": f"{root}/tmp"})


@pytest.mark.parametrize(
    "value",
    [
        "{}/a",
        b"open('{}/a')",
        ["{}", {"a": ["{}/b", 1, None]}],
        {"{}/key": "{}"},
        "nothing",
        7,
        None,
    ],
)
def test_the_name_stands_for_the_real_place(tmp_path: Path, value: Any) -> None:
    """In text, bytes and JSON, keys too; whatever else there is stays."""
    at = places(tmp_path)
    assert at.real(filled(value, NAME)) == filled(value, f"{tmp_path}/labs/.current")


def filled(value: Any, place: str) -> Any:
    """`value` with `place` where braces are."""
    if isinstance(value, str):
        return value.replace("{}", place)
    if isinstance(value, bytes):
        return value.replace(b"{}", place.encode())
    if isinstance(value, list):
        return [filled(v, place) for v in value]
    if isinstance(value, dict):
        return {filled(k, place): filled(v, place) for k, v in value.items()}
    return value


@pytest.mark.parametrize("folder", ["labs/.current", "labs/one"])
def test_real_places_are_shown_by_the_name(tmp_path: Path, folder: str) -> None:
    """Whether by the link or by what it leads to."""
    at = places(tmp_path)
    told = {"path": f"{tmp_path}/{folder}/warehouse/t", "other": f"{tmp_path}/submission"}
    assert at.shown(told) == {"path": "/workspace/warehouse/t", "other": f"{tmp_path}/submission"}


def test_where_the_name_is_the_place_nothing_changes() -> None:
    """Behind bubblewrap it is: nothing is copied."""
    at = Places(Path(NAME), Path("/submission"), Path("/tmp"))
    value = ["/workspace/a"]
    assert at.real(value) is value


def test_inputs_lie_in_the_workspace(tmp_path: Path) -> None:
    """Where the fixture writes them."""
    assert places(tmp_path).inputs == tmp_path / "labs/.current/inputs"


def test_temporary_files_go_but_for_those_that_are_kept(tmp_path: Path) -> None:
    """Files, trees, links; what a link leads to stays."""
    at = places(tmp_path)
    (tmp_path / "precious").write_text("x")
    (at.tmp / "kept").mkdir()
    (at.tmp / "kept/log").touch()
    (at.tmp / "file").touch()
    (at.tmp / "tree/deep").mkdir(parents=True)
    (at.tmp / "tree/deep/file").touch()
    (at.tmp / "link").symlink_to(tmp_path / "labs")
    (at.tmp / "dangling").symlink_to("nowhere")
    os.mkfifo(at.tmp / "pipe")
    (at.tmp / "locked/deep").mkdir(parents=True)
    (at.tmp / "locked").chmod(0)
    assert at.clear_tmp({at.tmp / "kept"}) == ""
    assert [p.name for p in at.tmp.iterdir()] == ["kept"]
    assert (at.tmp / "kept/log").exists()
    assert (tmp_path / "labs/one").exists()


def test_a_file_that_does_not_go_keeps_none_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, so that the wall goes with it."""
    at = places(tmp_path)
    for name in "abc":
        (at.tmp / name).touch()
    unlink = Path.unlink

    def refusing(path: Path) -> None:
        if path.name == "b":
            raise PermissionError
        unlink(path)

    monkeypatch.setattr(Path, "unlink", refusing)
    assert at.clear_tmp(set()) == "temporary files cannot be removed"
    assert [p.name for p in at.tmp.iterdir()] == ["b"]


def test_what_the_keeper_needs_and_is_gone_is_told(tmp_path: Path) -> None:
    """A lab can remove what is not its own."""
    at = places(tmp_path)
    assert at.clear_tmp({at.tmp / "kept"}) == "temporary files of the keeper's are gone"


def test_the_home_is_cleared_and_stays(tmp_path: Path) -> None:
    """Settings that one lab leaves in its home are none of the next one's."""
    at = places(tmp_path)
    (at.tmp / "home").mkdir()
    kept = at.temporary()
    (at.tmp / "home/.config").mkdir()
    assert at.clear_tmp(kept) == ""
    assert list((at.tmp / "home").iterdir()) == []
