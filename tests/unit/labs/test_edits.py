"""`grader.labs.edits`: changes to a text, made and found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.labs.edits import Edit, apply, difference

TEXT = """\
def rows(path):
    frame = read(path)
    return frame.rows


def columns(path):
    frame = read(path)

    if frame:
        return frame.columns
"""


@pytest.mark.parametrize(
    ("old", "new", "there", "then"),
    [
        pytest.param("frame.rows", "3", "return frame.rows", "return 3", id="a piece"),
        pytest.param(
            "return frame.rows\n",
            "return 3\n",
            "    return frame.rows",
            "    return 3",
            id="a line",
        ),
        pytest.param(
            "return frame.rows\n",
            "return 3",
            "    return frame.rows",
            "    return 3",
            id="no break",
        ),
        pytest.param(
            "if frame:\n    return frame.columns\n",
            "return frame.columns\n",
            "    if frame:\n        return frame.columns",
            "    return frame.columns",
            id="lines with a smaller margin",
        ),
        pytest.param(
            "return frame.columns\n",
            "if deep:\n    return 1\n",
            "        return frame.columns",
            "        if deep:\n            return 1",
            id="indented by itself",
        ),
        pytest.param(
            "frame = read(path)\n\nif frame:\n",
            "if x:\n",
            "    frame = read(path)\n\n    if frame:",
            "    if x:",
            id="an empty line within",
        ),
    ],
)
def test_a_change_is_made_where_the_text_stands(old: str, new: str, there: str, then: str) -> None:
    """Whole lines are found at any margin, and what replaces them is put at it."""
    assert apply(TEXT, [Edit(old, new)]) == (TEXT.replace(there, then), [])


def test_nothing_instead_removes() -> None:
    """Empty text in place of lines leaves no empty line."""
    assert apply("a\nb\nc\n", [Edit("b\n", "")]) == ("a\nc\n", [])


def test_the_order_of_changes_does_not_matter() -> None:
    """All of them speak of the text as it was."""
    edits = [Edit("a\n", "b\n"), Edit("c\n", "a\n")]
    assert apply("a\nc\n", edits) == apply("a\nc\n", edits[::-1]) == ("b\na\n", [])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("frame.cells", "x", "the reference has no such text: 'frame.cells'"),
        ("    frame = read(path)\n    return 1\n", "", "no such text: 'frame = read(path)'"),
        ("frame = read(path)\n", "", "2 times (lines 2 and 7): 'frame = read(path)'; add lines"),
        ("frame", "x", "has this text 5 times (lines 2, 3, 7, 9 and 10): 'frame'"),
        ("return frame.rows\n", "return frame.rows", "changes nothing: 'return frame.rows'"),
        ("\n", "x", "`old` is empty"),
    ],
)
def test_a_change_that_does_not_fit_is_told(old: str, new: str, message: str) -> None:
    """It must fit in one place; others are made all the same."""
    text, misfits = apply(TEXT, [Edit(old, new), Edit("def rows", "def lines")])
    assert [m.index for m in misfits] == [0]
    assert message in misfits[0].message
    assert text == TEXT.replace("def rows", "def lines")


def test_changes_that_overlap_are_told() -> None:
    """The one that begins later is left out."""
    text, misfits = apply("a\nb\nc\n", [Edit("b\nc\n", ""), Edit("a\nb\n", "")])
    assert text == "c\n"
    assert [(m.index, m.message) for m in misfits] == [
        (0, "overlaps with another change; make one of the two")
    ]


def test_a_difference_has_as_much_context_as_it_needs() -> None:
    """A line that stands twice takes those around it along, and no more."""
    changed = TEXT.replace("    frame = read(path)\n\n", "    frame = write(path)\n\n")
    assert difference(TEXT, changed) == [
        Edit(
            "def columns(path):\n    frame = read(path)\n",
            "def columns(path):\n    frame = write(path)\n",
        )
    ]


def test_a_difference_begins_at_the_left_margin() -> None:
    """So that it reads well as a block of YAML."""
    changed = TEXT.replace("return frame.columns", "return []")
    assert difference(TEXT, changed) == [Edit("return frame.columns\n", "return []\n")]


def test_texts_that_are_equal_do_not_differ() -> None:
    """No changes, rather than one that changes nothing."""
    assert difference(TEXT, TEXT) == []


LINES = st.lists(st.sampled_from(["a", "  b", "", "    c", "d", "  a"]), min_size=1, max_size=12)


@given(LINES, LINES)
def test_a_difference_makes_the_other_text(old: list[str], new: list[str]) -> None:
    """Whatever the texts are, if there is a line that can stand for its place."""
    before, after = ("".join(f"{line}\n" for line in [*x, "end"]) for x in (old, new))
    assert apply(before, difference(before, after)) == (after, [])
