"""The promises notice what is broken, and the long run keeps what broke them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NoReturn

import pytest

from grader.core import clean as cleaning
from grader.course import submission
from grader.sandbox import wire
from tests.properties import fuzz, promises, replies, sheets
from tests.properties.trees import Entry, Plan

pytestmark = pytest.mark.timeout(300)

NEVER = re.compile(r"(?!)")


@pytest.mark.parametrize(
    ("what", "module", "name", "instead"),
    [
        ("sheets", submission, "_is_given", lambda value: True),
        ("trees", cleaning, "_UNSAFE", NEVER),
        ("neighbours", submission, "MAX_SHEET", 20),
        ("wire", wire, "_depth", lambda value: 0),
        ("wire", wire, "_constant", float),
        ("arguments", cleaning, "_COMMAND", NEVER),
    ],
)
def test_what_is_broken_is_found_and_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str, module: Any, name: str, instead: Any
) -> None:
    """With a guard taken out, a short run finds an example; alone it breaks the promise again."""
    arguments = ["--what", what, "--seconds", "150", "--keep", str(tmp_path)]
    with monkeypatch.context() as broken:
        broken.setattr(module, name, instead)
        broken.setattr(fuzz, "ENOUGH", 1)
        broken.setattr(fuzz, "SHRINKING", 0)
        broken.setitem(fuzz.STRATEGIES, "sheets", sheets.sheets((100, 1000)))
        broken.setitem(fuzz.STRATEGIES, "wire", replies.replies((100, 1000)))
        assert fuzz.main(arguments) == 1
        (kept,) = tmp_path.iterdir()
        assert fuzz.main(["--replay", str(kept)]) == 1
    assert fuzz.main(["--replay", str(kept)]) == 0


def test_the_same_seed_tries_the_same_examples(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """So that a run can be had again elsewhere."""
    monkeypatch.setattr(fuzz, "ROUND", 50)
    monkeypatch.setitem(fuzz.STRATEGIES, "wire", replies.replies((100, 1000)))
    tried: list[list[Any]] = []
    for seed in (5, 5, 6):
        tried.append([])
        monkeypatch.setattr(fuzz, "PROMISES", {"wire": tried[-1].append})
        round_ = ["--what", "wire", "--rounds", "1", "--seconds", "250"]
        assert fuzz.main([*round_, "--seed", str(seed), "--keep", str(tmp_path)]) == 0
    first, again, other = tried
    assert len(first) == len(other) == 50
    assert first == again != other


@pytest.mark.parametrize(
    ("what", "example"),
    [
        ("sheets", b"\x00\xff"),
        ("arguments", "a\udcff"),
        ("trees", Plan("a\n", (Entry(("answers", "\u202e"), "fifo", b"\xfe"),))),
    ],
)
def test_a_kept_example_is_the_example(what: str, example: Any) -> None:
    """Whatever it holds."""
    assert fuzz.unpack(fuzz.pack(what, example)) == (what, example)


def test_a_hang_is_a_broken_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    """An example that does not end is stopped and fails."""
    monkeypatch.setattr(fuzz, "HUNG", 1)

    def forever(_: object) -> NoReturn:
        while True:
            pass

    with pytest.raises(TimeoutError, match="not done after 1 s"):
        fuzz.guarded(forever, b"")


def test_every_promise_can_be_tried() -> None:
    """A promise without examples, or examples without a promise, would be tried by nobody."""
    assert set(fuzz.STRATEGIES) == set(promises.PROMISES)
