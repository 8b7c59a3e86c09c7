"""`grader.course.yamldoc`: the YAML that people mean, with the place of everything."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from grader.course.yamldoc import MAX_BYTES, Document, Flaw, Mark, read_yaml, shown
from tests.builders import write


def read(folder: Path, text: str | bytes) -> Document:
    """Write `text` as `sheet.yaml` and read it."""
    return read_yaml(write(folder / "sheet.yaml", text))


def told(folder: Path, text: str | bytes) -> list[str]:
    """What is wrong with `text`, as a person reads it."""
    return [f.render(folder) for f in read(folder, text).flaws]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1,\n  2", "sheet.yaml:3:1: not valid YAML: did not find expected ',' or ']'"),
        (
            "a: b: c",
            "sheet.yaml:1:5: not valid YAML: mapping values are not allowed in this context",
        ),
        (
            "a: 1\n b: 2",
            "sheet.yaml:2:3: not valid YAML: mapping values are not allowed in this context",
        ),
        (
            "a:\n\tb: 1",
            "sheet.yaml:2:1: not valid YAML: found character that cannot start any token",
        ),
        ("a: 'open\n", "sheet.yaml:2:1: not valid YAML: found unexpected end of stream"),
        ("a: @x", "sheet.yaml:1:4: not valid YAML: found character that cannot start any token"),
        ("ä: 😀\nb: [1", "sheet.yaml:3:1: not valid YAML: did not find expected ',' or ']'"),
    ],
)
def test_what_is_not_yaml_is_placed(tmp_path: Path, text: str, message: str) -> None:
    """A syntax error names file, line and column, and leaves no value."""
    doc = read(tmp_path, text)
    assert doc.value is None
    assert [f.render(tmp_path) for f in doc.flaws] == [message]


ANCHORS = "anchors (&) and aliases (*) are not used here; write the value out"
TAGS = "tags (!) are not used here; remove the tag"
BOMB = "a: &a [x, x]\n" + "".join(
    f"{y}: &{y} [*{x}, *{x}]\n" for x, y in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x 1\nb: *x\n", f"sheet.yaml:1:4: {ANCHORS}"),
        ("a: 1\nb: *x\n", f"sheet.yaml:2:4: {ANCHORS}"),
        ("&x a: 1\n", f"sheet.yaml:1:1: {ANCHORS}"),
        ("a:\n  - &x [1]\n", f"sheet.yaml:2:5: {ANCHORS}"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", f"sheet.yaml:1:4: {ANCHORS}"),
        ("&a [*a]\n", f"sheet.yaml:1:1: {ANCHORS}"),
        (BOMB, f"sheet.yaml:1:4: {ANCHORS}"),
        ("a: !!str 1\n", f"sheet.yaml:1:4: {TAGS}"),
        ("a: !mine 1\n", f"sheet.yaml:1:4: {TAGS}"),
        ("a: !!python/object/apply:os.system [id]\n", f"sheet.yaml:1:4: {TAGS}"),
        ("!!map {a: 1}\n", f"sheet.yaml:1:1: {TAGS}"),
        ("a: !!binary aGk=\n", f"sheet.yaml:1:4: {TAGS}"),
    ],
)
def test_anchors_aliases_and_tags_are_refused_with_their_place(
    tmp_path: Path, text: str, message: str
) -> None:
    """The first of them ends the reading: an alias bomb never goes off, a tag makes nothing."""
    doc = read(tmp_path, text)
    assert doc.value is None
    assert [f.render(tmp_path) for f in doc.flaws] == [message]


@pytest.mark.parametrize(
    "text", ["a: 1\n---\nb: 2\n", "---\na: 1\n---\n", "a: 1\n...\n---\nb: 2\n"]
)
def test_several_documents_in_a_file_are_refused(tmp_path: Path, text: str) -> None:
    """A second document would be ignored by some and read by others; it is refused."""
    assert told(tmp_path, text) == [
        "sheet.yaml:1:1: holds several YAML documents; keep the first and drop the `---` lines"
    ]


@pytest.mark.parametrize("text", ["---\na: 1\n", "a: 1\n...\n", "%YAML 1.2\n---\na: 1\n"])
def test_the_marks_of_one_document_are_allowed(tmp_path: Path, text: str) -> None:
    """One document may say where it begins and ends."""
    doc = read(tmp_path, text)
    assert (doc.value, doc.flaws) == ({"a": 1}, [])


@pytest.mark.parametrize(
    ("text", "value", "messages"),
    [
        (
            "a: 1\nb: 2\na: 3\n",
            {"a": 1, "b": 2},
            ["sheet.yaml:3:1: `a` stands here and already in line 1; keep one"],
        ),
        (
            "x:\n  a: 1\n  'a': 2\n  a: 3\n",
            {"x": {"a": 1}},
            [
                "sheet.yaml:3:3: `a` stands here and already in line 2; keep one",
                "sheet.yaml:4:3: `a` stands here and already in line 2; keep one",
            ],
        ),
        (
            "{1: a, '1': b}\n",
            {"1": "a"},
            ["sheet.yaml:1:8: `1` stands here and already in line 1; keep one"],
        ),
        (
            '"a\\e[31m": 1\n"a\\e[31m": 2\n',
            {"a\x1b[31m": 1},
            ["sheet.yaml:2:1: `a` stands here and already in line 1; keep one"],
        ),
    ],
)
def test_a_repeated_key_is_named_with_both_lines(
    tmp_path: Path, text: str, value: Any, messages: list[str]
) -> None:
    """The first of two equal keys counts, and the second is a flaw at its own place."""
    doc = read(tmp_path, text)
    assert doc.value == value
    assert [f.render(tmp_path) for f in doc.flaws] == messages


@pytest.mark.parametrize(
    ("text", "value", "places"),
    [
        ("a: 1\n<<: {b: 2}\n", {"a": 1}, ["2:1"]),
        ("<<: [{b: 2}, {c: 3}]\na: 1\n", {"a": 1}, ["1:1"]),
        ("x:\n  <<: {b: 2}\n  <<: {c: 3}\n", {"x": {}}, ["2:3", "3:3"]),
        ("{<<: 1}\n", {}, ["1:2"]),
    ],
)
def test_merge_keys_are_refused_with_their_place(
    tmp_path: Path, text: str, value: Any, places: list[str]
) -> None:
    """They add nothing, also where they merge what needs no alias; the rest is read."""
    doc = read(tmp_path, text)
    assert doc.value == value
    assert [f.render(tmp_path) for f in doc.flaws] == [
        f"sheet.yaml:{p}: merge keys (<<) are not used here; write it out" for p in places
    ]


@pytest.mark.parametrize("text", ["'<<': 1\n", '"<<": 1\n'])
def test_a_key_in_quotes_merges_nothing(tmp_path: Path, text: str) -> None:
    """Quoted, the two signs are a key like any other."""
    doc = read(tmp_path, text)
    assert (doc.value, doc.flaws) == ({"<<": 1}, [])


@pytest.mark.parametrize("text", ["? [a, b]\n: 1\n", "? {a: b}\n: 1\n", "{[a]: 1}\n"])
def test_a_key_must_be_plain_text(tmp_path: Path, text: str) -> None:
    """A list or a mapping is no key."""
    doc = read(tmp_path, text)
    assert doc.value == {}
    assert [f.message for f in doc.flaws] == ["a key must be plain text"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(x, x) for x in ("no", "yes", "on", "off", "No", "YES", "y", "n", "True", "FALSE")],
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("Null", "Null"),
        ("0", 0),
        ("-3", -3),
        ("42", 42),
        ("1.5", 1.5),
        ("-0.25", -0.25),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("+1", "+1"),
        ("1e3", "1e3"),
        (".5", ".5"),
        ("5.", "5."),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1:30", "1:30"),
        ("1234567890123456789", "1234567890123456789"),
        ("2026-01-01", "2026-01-01"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("''", ""),
        ("|\n  3\n", "3\n"),
        (">-\n  null\n", "null"),
        ("=", "="),
    ],
)
def test_a_plain_value_is_what_a_person_means(tmp_path: Path, text: str, value: object) -> None:
    """Only true and false are booleans and only JSON's spellings are numbers."""
    doc = read(tmp_path, f"a: {text}")
    assert doc.flaws == []
    assert doc.value == {"a": value}
    assert type(doc.value["a"]) is type(value)


def test_no_value_is_ever_infinite_or_huge(tmp_path: Path) -> None:
    """Eighteen digits before and after the point are the most that is read as a number."""
    doc = read(tmp_path, f"a: {'9' * 18}.{'9' * 18}\nb: {'9' * 19}.0\nc: {'9' * 18}")
    assert math.isfinite(doc.value["a"])
    assert doc.value["b"] == "9" * 19 + ".0"
    assert doc.value["c"] == 10**18 - 1


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "\ufeff"])
def test_an_empty_file_has_no_value_and_no_flaw(tmp_path: Path, text: str) -> None:
    """Emptiness is for the reader's caller to judge; its place is the first line."""
    doc = read(tmp_path, text)
    assert (doc.value, doc.flaws) == (None, [])
    assert doc.mark(()) == Mark(1, 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_utf_8_is_read_with_and_without_a_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    """An editor's byte order mark is no part of the first key."""
    doc = read(tmp_path, "ä: ö 😀".encode(encoding))
    assert (doc.value, doc.flaws) == ({"ä": "ö 😀"}, [])


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"a: 1\nb: \xff\n", 2),
        ("a: 1\nb: 2\nc: ä".encode("latin-1"), 3),
        ("a: 1".encode("utf-16"), 1),
        (b"a: \xc0\xaf", 1),
        (b"a: \xed\xa0\x80", 1),
    ],
)
def test_what_is_not_utf_8_is_refused_with_its_line(tmp_path: Path, raw: bytes, line: int) -> None:
    """Latin-1, UTF-16, overlong forms and encoded surrogates are not guessed at."""
    assert told(tmp_path, raw) == [
        f"sheet.yaml:{line}:1: is not UTF-8 text; save the file as UTF-8"
    ]


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b"])
def test_control_characters_are_refused(tmp_path: Path, character: str) -> None:
    """YAML allows none of them unescaped; each is placed, and the message holds none either."""
    forbidden = "holds a character that YAML forbids: control characters are not allowed"
    for text, place in (
        (f"{character}", "1:1"),
        (f"a: x{character}y", "1:5"),
        (f"a: 1\nb:\n  - x\n  - {character}\n", "4:5"),
        (f"# one\n\n{character}: 1", "3:1"),
    ):
        doc = read(tmp_path, text)
        assert doc.value is None
        assert [f.render(tmp_path) for f in doc.flaws] == [f"sheet.yaml:{place}: {forbidden}"]


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    """One byte too many, and nothing of the file is parsed."""
    limit = b"# " + b"x" * (MAX_BYTES - 3) + b"\n"
    assert told(tmp_path, limit) == []
    assert told(tmp_path, limit + b"\n") == [
        "sheet.yaml:1:1: is larger than 1024 KiB; a file of this kind is a few KiB"
    ]


def test_a_reader_may_ask_for_less(tmp_path: Path) -> None:
    """A caller's limit is the one that holds and the one that is told."""
    path = write(tmp_path / "sheet.yaml", b"#" * 2047 + b"\n")
    assert read_yaml(path, 2048).flaws == []
    write(path, b"#" * 2048 + b"\n")
    assert [f.message for f in read_yaml(path, 2048).flaws] == [
        "is larger than 2 KiB; a file of this kind is a few KiB"
    ]


def test_an_endless_file_is_not_read_to_its_end() -> None:
    """Of a device only as much is read as the limit allows."""
    doc = read_yaml(Path("/dev/zero"))
    assert [f.message for f in doc.flaws] == [
        "is larger than 1024 KiB; a file of this kind is a few KiB"
    ]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_depth_is_limited(tmp_path: Path, opening: str) -> None:
    """A hundred thousand opened brackets are refused at the twenty-first."""
    doc = read(tmp_path, opening * 100_000)
    assert doc.value is None
    assert [f.message for f in doc.flaws] == ["is nested more than 20 levels deep"]
    assert doc.flaws[0].mark == Mark(1, 20 * len(opening) + 1)


def test_twenty_levels_are_allowed(tmp_path: Path) -> None:
    """The limit itself is fine, and siblings do not add up to depth."""
    assert told(tmp_path, "[" * 20 + "]" * 20) == []
    assert told(tmp_path, "- [[1]]\n" * 100) == []
    assert told(tmp_path, "[" * 21 + "]" * 21) == [
        "sheet.yaml:1:21: is nested more than 20 levels deep"
    ]


def test_a_missing_file_is_a_flaw(tmp_path: Path) -> None:
    """What cannot be opened is told like any other flaw."""
    doc = read_yaml(tmp_path / "none.yaml")
    assert [f.render(tmp_path) for f in doc.flaws] == [
        "none.yaml:1:1: cannot be read: No such file or directory"
    ]
    folder = read_yaml(tmp_path)
    assert [f.message for f in folder.flaws] == ["cannot be read: Is a directory"]


def test_everything_has_its_place(tmp_path: Path) -> None:
    """Marks are those of values, or of the key of what begins below it; keys have their own."""
    doc = read(tmp_path, "a: 1\nb:\n  - x\n  - c: 'y'\n")
    places: list[tuple[tuple[str | int, ...], Mark]] = [
        ((), Mark(1, 1)),
        (("a",), Mark(1, 4)),
        (("b", 0), Mark(3, 5)),
        (("b", 1, "c"), Mark(4, 8)),
        (("b", 1, "missing"), Mark(4, 5)),
        (("b",), Mark(2, 1)),
        (("b", 7, "c"), Mark(2, 1)),
        (("z", "z"), Mark(1, 1)),
    ]
    for place, mark in places:
        assert doc.mark(place) == mark
    assert doc.key_marks[("b", 1, "c")] == Mark(4, 5)


def test_a_block_is_placed_at_its_name(tmp_path: Path) -> None:
    """What begins on the line below its key is looked for at the key; what begins beside it, there,
    and what has no key, at its first entry."""
    doc = read(tmp_path, "block:\n  - x\nflow: [x]\nnested:\n  inner:\n    a: 1\nlist:\n  - b: 1\n")
    assert [doc.mark((name,)) for name in ("block", "flow", "nested", "list")] == [
        Mark(1, 1),
        Mark(3, 7),
        Mark(4, 1),
        Mark(7, 1),
    ]
    assert doc.mark(("nested", "inner")) == Mark(5, 3)
    assert doc.mark(("list", 0)) == Mark(8, 5)


def test_a_flaw_may_point_at_a_key_or_at_its_value(tmp_path: Path) -> None:
    """`at_key` chooses the key where there is one."""
    doc = read(tmp_path, "a: 1\n")
    doc.flaw(("a",), "value")
    doc.flaw(("a",), "key", at_key=True)
    doc.flaw(("b",), "nowhere", at_key=True)
    assert [f.render(tmp_path) for f in doc.flaws] == [
        "sheet.yaml:1:4: value",
        "sheet.yaml:1:1: key",
        "sheet.yaml:1:1: nowhere",
    ]


def test_a_path_is_shown_below_its_root_and_cleaned(tmp_path: Path) -> None:
    """Relative where it can be, whole where it cannot, and never with control characters."""
    path = tmp_path / "bank" / "x\x1b[31m.yaml"
    assert shown(path, tmp_path) == "bank/x.yaml"
    assert shown(path, None) == f"{tmp_path}/bank/x.yaml"
    assert shown(Path("/elsewhere/x.yaml"), tmp_path) == "/elsewhere/x.yaml"
    assert Flaw(path, Mark(3, 4), "message").render(tmp_path) == "bank/x.yaml:3:4: message"
