"""`grader.course.schemas`: JSON Schema's complaints in our own words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from grader.core.suggest import suggest
from grader.course.schemas import SCHEMAS, Schemas
from grader.course.yamldoc import MAX_FLAWS, read_yaml
from grader.errors import CourseError
from tests.builders import write


def complaints(folder: Path, schema: dict[str, Any], text: str) -> list[str]:
    """What the schema has against the document `text`, placed."""
    write(folder / "schema" / "thing.schema.json", json.dumps(schema))
    doc = read_yaml(write(folder / "thing.yaml", text))
    sound = Schemas(folder / "schema").check(doc, "thing")
    assert sound is (not doc.flaws)
    return [f.render(folder) for f in doc.flaws]


def prop(rule: dict[str, Any]) -> dict[str, Any]:
    """A schema of a mapping whose `a` must follow `rule`."""
    return {"type": "object", "properties": {"a": rule}}


@pytest.mark.parametrize(
    ("rule", "value", "message"),
    [
        ({"type": "string"}, "3", "must be text (got the number 3)"),
        ({"type": "string"}, "1.5", "must be text (got the number 1.5)"),
        ({"type": "string"}, "true", "must be text (got true)"),
        ({"type": "string"}, "", "must be text (got nothing)"),
        ({"type": "string"}, "{b: 1}", "must be text (got a mapping)"),
        ({"type": "string"}, "[]", "must be text (got a list of 0)"),
        ({"type": "string"}, "[x]", "must be text (got a list of one)"),
        ({"type": "string"}, "[x, y]", "must be text (got a list of 2)"),
        ({"type": "integer"}, "x", "must be a whole number (got 'x')"),
        ({"type": "number"}, "x", "must be a number (got 'x')"),
        ({"type": "boolean"}, "no", "must be true or false (got 'no')"),
        ({"type": "object"}, "x", "must be a mapping (key: value) (got 'x')"),
        ({"type": "array"}, "x", "must be a list (got 'x')"),
        ({"type": ["string", "null"]}, "3", "must be text or null (got the number 3)"),
        (
            {"enum": ["single", "multiple"]},
            "singel",
            "must be one of single, multiple (got 'singel'); did you mean 'single'?",
        ),
        ({"enum": ["one", "two"]}, "zzz", "must be one of one, two (got 'zzz')"),
        ({"const": "x"}, "y", "must be 'x' (got 'y')"),
        (
            {"pattern": "^[A-Z]$", "description": "A letter."},
            "bb",
            "'bb' does not have the right form: A letter.",
        ),
        (
            {"pattern": "^[A-Z]$"},
            "bb",
            "'bb' does not have the right form: text of the form ^[A-Z]$",
        ),
        (
            {"pattern": "^[A-Z]$"},
            '"B\\n"',
            "'B' does not have the right form: text of the form ^[A-Z]$",
        ),
        ({"minLength": 1}, "''", "must not be empty"),
        ({"minItems": 1}, "[]", "must not be empty"),
        ({"minProperties": 2}, "{b: 1}", "must hold at least 2"),
        ({"maxLength": 2}, "abc", "must hold at most 2"),
        ({"maxItems": 1}, "[x, y]", "must hold at most 1"),
        ({"minimum": 1}, "0", "must be at least 1"),
        ({"exclusiveMinimum": 0}, "0", "must be more than 0"),
        ({"maximum": 5}, "6", "must be at most 5 (got the number 6)"),
        (
            {"anyOf": [{"type": "null"}, {"type": "string"}, {"type": "array"}]},
            "3",
            "must be null, text or a list (got the number 3)",
        ),
        (
            {"oneOf": [{"type": "string"}, {"type": "string"}, {"type": "null"}]},
            "3",
            "must be text or null (got the number 3)",
        ),
        (
            {"anyOf": [{"const": "A"}, {"type": "null"}], "description": "An A or null."},
            "3",
            "the number 3 does not fit here: An A or null.",
        ),
        ({"anyOf": [{"const": "A"}, {"type": "null"}]}, "3", "the number 3 does not fit here"),
    ],
)
def test_a_rule_is_told_in_words(
    tmp_path: Path, rule: dict[str, Any], value: str, message: str
) -> None:
    """Each kind of rule has its sentence: what must be, and what was got."""
    assert complaints(tmp_path, prop(rule), f"x: 1\na: {value}\n") == [
        f"thing.yaml:2:{4 if value else 3}: `a`: {message}"
    ]


def test_a_twin_is_told_at_its_place(tmp_path: Path) -> None:
    """Of two equal entries the second is named, and of several pairs the first that is whole."""
    schema = prop({"uniqueItems": True})
    assert complaints(tmp_path, schema, "a: [x, y, x]") == ["thing.yaml:1:11: `a`: names 'x' twice"]
    assert complaints(tmp_path, schema, "a:\n  - x\n  - y\n  - y\n  - x\n") == [
        "thing.yaml:4:5: `a`: names 'y' twice"
    ]
    assert complaints(tmp_path, schema, "a: [[x], [x]]") == [
        "thing.yaml:1:10: `a`: names a list of one twice"
    ]


def test_of_alternatives_the_nearest_is_told(tmp_path: Path) -> None:
    """A list with one bad entry is told by that entry, at its place."""
    letters = {"type": "array", "items": {"type": "string"}}
    schema = prop({"anyOf": [{"type": "string"}, letters]})
    assert complaints(tmp_path, schema, "a: [x, 3]") == [
        "thing.yaml:1:8: `1`: must be text (got the number 3)"
    ]


def test_a_document_of_the_wrong_kind_is_told_at_its_beginning(tmp_path: Path) -> None:
    """What is wrong with the whole has no subject."""
    assert complaints(tmp_path, {"type": "object"}, "- a\n- b\n") == [
        "thing.yaml:1:1: must be a mapping (key: value) (got a list of 2)"
    ]
    assert complaints(tmp_path, {"type": "object"}, "") == [
        "thing.yaml:1:1: must be a mapping (key: value) (got nothing)"
    ]


def test_missing_keys_are_named_one_by_one(tmp_path: Path) -> None:
    """Each missing key is a line, where the mapping that lacks it begins."""
    inner = {"type": "object", "required": ["id", "title"]}
    schema = {"properties": {"a": {"items": inner}}, "required": ["b"]}
    assert sorted(complaints(tmp_path, schema, "a:\n  - id: 1\n  - {}\n")) == [
        "thing.yaml:1:1: `b` is missing",
        "thing.yaml:2:5: `0`: `title` is missing",
        "thing.yaml:3:5: `1`: `id` is missing",
        "thing.yaml:3:5: `1`: `title` is missing",
    ]


def test_an_unknown_key_is_told_at_the_key_with_a_suggestion(tmp_path: Path) -> None:
    """A near miss of a key that is not there yet is suggested; else what is known is listed."""
    schema = {"properties": {"answers": {}, "exam": {}}, "additionalProperties": False}
    assert complaints(tmp_path, schema, "exam: x\nanswer: 1\n") == [
        "thing.yaml:2:1: unknown key `answer`; did you mean 'answers'?"
    ]
    assert complaints(tmp_path, schema, "answers: 1\nanswer: 1\n") == [
        "thing.yaml:2:1: unknown key `answer`; known here: answers, exam"
    ]
    assert complaints(tmp_path, schema, '"zz\\e[31m": 1\n') == [
        "thing.yaml:1:1: unknown key `zz`; known here: answers, exam"
    ]


def test_a_key_of_the_wrong_form_is_told_at_the_key(tmp_path: Path) -> None:
    """Keys that are ids or letters are checked as such."""
    schema = prop({"propertyNames": {"pattern": "^[A-Z]$"}})
    assert complaints(tmp_path, schema, "a:\n  A: 1\n  b: 2\n") == [
        "thing.yaml:3:3: `a`: `b` is not a valid key here"
    ]
    assert complaints(tmp_path, schema, 'a:\n  A: 1\n  "B\\n": 2\n') == [
        "thing.yaml:3:3: `a`: `B` is not a valid key here"
    ]


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("^[A-Z]$", "B", True),
        ("^[A-Z]$", "B\n", False),
        ("^[A-Z]$", "B\n\n", False),
        ("^[A-Z]", "B\n", True),
        ("[A-Z]$", "abC", True),
        ("[A-Z]$", "abC\n", False),
        ("^a|b$", "b\n", False),
    ],
)
def test_a_pattern_ends_where_the_text_does(pattern: str, text: str, fits: bool) -> None:
    """`$` is the end itself: a line break before it is a character like any other."""
    validator = type(Schemas(SCHEMAS).validator("answers"))({"pattern": pattern})
    assert validator.is_valid(text) is fits
    assert validator.is_valid(7)


def test_a_document_of_errors_has_an_end(tmp_path: Path) -> None:
    """A file with more is not what it says it is; it is told at length, and not for ever."""
    schema = prop({"items": {"type": "string"}})
    entries = "".join(f"  - {i}\n" for i in range(MAX_FLAWS + 5))
    found = complaints(tmp_path, schema, f"a:\n{entries}")
    assert len(found) == MAX_FLAWS + 1
    assert found[-1].endswith("has more flaws than are worth telling; these are the first")


def test_foreign_text_is_quoted_clean_and_short(tmp_path: Path) -> None:
    """A value from outside cannot break a terminal or fill a page."""
    text = 'a: "' + "\\e[31m" + "x" * 500 + '"'
    (told,) = complaints(tmp_path, prop({"enum": ["b"]}), text)
    assert (
        told
        == f"thing.yaml:1:4: `a`: must be one of b (got '{'x' * 60} ... (cut: 505 characters)')"
    )


def test_a_file_that_could_not_be_read_is_not_judged(tmp_path: Path) -> None:
    """After a syntax error there is nothing to hold against a schema; one flaw is enough."""
    doc = read_yaml(write(tmp_path / "x.yaml", "a: [1"))
    assert Schemas(SCHEMAS).check(doc, "answers") is False
    assert len(doc.flaws) == 1


@pytest.mark.parametrize("content", [None, "{not json"])
def test_a_schema_that_cannot_be_used_is_the_courses_fault(
    tmp_path: Path, content: str | None
) -> None:
    """A missing or broken schema names its file."""
    path = tmp_path / "thing.schema.json"
    if content is not None:
        write(path, content)
    with pytest.raises(CourseError) as caught:
        Schemas(tmp_path).validator("thing")
    assert str(caught.value).startswith(f"{path}: the schema cannot be used: ")


def test_a_schema_is_compiled_once(tmp_path: Path) -> None:
    """The second use of a schema reads no file."""
    path = write(tmp_path / "thing.schema.json", "{}")
    schemas = Schemas(tmp_path)
    first = schemas.validator("thing")
    path.unlink()
    assert schemas.validator("thing") is first


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.schema.json")), ids=lambda p: p.stem)
def test_the_projects_schemas_are_sound(path: Path) -> None:
    """Each of them is valid JSON Schema with an id that names its file."""
    name = path.name.removesuffix(".schema.json")
    schema = Schemas(SCHEMAS).validator(name).schema
    assert isinstance(schema, dict)
    assert f":schema:{name}:" in schema["$id"]


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("quiz-l", "; did you mean 'quiz-1'?"),
        ("zzz", ""),
        ("", ""),
        ("quiz-1", "; did you mean 'quiz-1'?"),
    ],
)
def test_only_something_near_is_suggested(word: str, hint: str) -> None:
    """A guess that is no better than chance is not made."""
    assert suggest(word, ["quiz-1", "exam"]) == hint
