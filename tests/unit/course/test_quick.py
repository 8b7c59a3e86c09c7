"""The quick yes of a schema: never where jsonschema says no, and where it matters not withheld."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.course.quick import compile_schema
from grader.course.schemas import SCHEMAS
from grader.course.validator import compile_validator
from grader.course.yamldoc import read_yaml
from tests.builders import ROOT
from tests.properties.profile import quick

#: Files of this project by the schema that they fit.
FILES = {
    "domains": "bank/domains.yaml",
    "question": "bank/questions/*/q1-0*.yaml",
    "exam": "bank/exams/*.yaml",
    "key": "bank/keys/quiz-*.yaml",
    "lab": "labs/*/lab.yaml",
    "answers": "submissions/alice/answers/*.yaml",
    "submission": "submissions/alice/submission.yaml",
}
ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    1,
    -1,
    1.0,
    2.5,
    "",
    "x",
    "A",
    "A\n",
    "q1-01",
    "sound",
    "flawed",
    [],
    ["A"],
)
ODDER: tuple[Any, ...] = (
    ["A", "A"],
    [1, True],
    {},
    {"x": "y"},
    {"answer": "A"},
    "y" * 5000,
    float("nan"),
)


def schema(name: str) -> Any:
    """A schema of the project."""
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to every part of a value, at most three members of each."""
    yield at
    if isinstance(value, dict | list):
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for key, member in list(members)[:3]:
            yield from places(member, (*at, key))


def changed(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    """A copy with another part, or a copy without it where `new` is the class `object`."""
    if not at:
        return new
    made = copy.deepcopy(value)
    inner = made
    for key in at[:-1]:
        inner = inner[key]
    if new is object:
        del inner[at[-1]]
    else:
        inner[at[-1]] = new
    return made


@pytest.mark.parametrize("name", FILES)
def test_what_the_course_consists_of_fits_at_once(name: str) -> None:
    """The project's own files get the quick yes; nothing has to be explained."""
    fits = compile_schema(schema(name))
    paths = sorted(ROOT.glob(FILES[name]))
    assert paths
    assert [p for p in paths if not fits(read_yaml(p).value)] == []


@pytest.mark.parametrize("name", FILES)
def test_a_quick_yes_is_never_wrong(name: str) -> None:
    """Whatever part of a file is replaced, added or taken out, jsonschema agrees with a yes."""
    fits, full = compile_schema(schema(name)), compile_validator(schema(name))
    value = read_yaml(sorted(ROOT.glob(FILES[name]))[0]).value
    tried = said = 0
    for place in places(value):
        extra = (*place, "stranger")
        spots = [(place, new) for new in (*ODD, *ODDER, *([object] if place else []))]
        part = value
        for key in place:
            part = part[key]
        if isinstance(part, dict):
            spots += [(extra, new) for new in ODD]
        for at, new in spots:
            made = changed(value, at, new)
            tried += 1
            if fits(made):
                said += 1
                assert full.is_valid(made), f"{name}: {new!r} at {at}"
    assert 0 < said < tried


KEYWORDS: dict[str, list[Any]] = {
    "type": ["string", ["null", "integer"], "number", "array", "object", "boolean"],
    "enum": [["a", 1], [True], ["1"]],
    "const": ["a", 1, None],
    "pattern": ["^a$", "b"],
    "minLength": [1],
    "maxLength": [2],
    "minItems": [1],
    "maxItems": [1],
    "minProperties": [1],
    "maxProperties": [1],
    "minimum": [0],
    "exclusiveMinimum": [0],
    "maximum": [2.5],
    "required": [["a"]],
    "uniqueItems": [True, False],
    "items": [{"type": "string"}, {"maximum": 1}],
    "propertyNames": [{"pattern": "^a$"}],
    "properties": [{"a": {"type": "string"}}, {"b": {"const": "a"}}],
    "additionalProperties": [True, False, {"type": "null"}],
    "anyOf": [[{"type": "string"}, {"required": ["b"]}]],
    "oneOf": [[{"type": "string"}, {"type": "array"}], [{"type": "number"}, {"type": "integer"}]],
    "if": [{"properties": {"a": {"enum": ["a"]}}, "required": ["a"]}, {"type": "string"}],
    "then": [{"required": ["b"]}],
    "else": [{"required": ["b"]}],
    "not": [{"type": "string"}],
}
schemas = st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in KEYWORDS.items()})
simple = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 3), st.floats(), st.text("ab1\n", max_size=3)
)
values = st.recursive(
    simple, lambda s: st.lists(s, max_size=3) | st.dictionaries(st.sampled_from("abc"), s)
)


@quick(100)
@given(schemas, values)
def test_any_schema_and_value(made: dict[str, Any], value: Any) -> None:
    """A yes is jsonschema's too, whatever the keywords and however they meet."""
    if compile_schema(made)(value):
        assert compile_validator(made).is_valid(value)


@pytest.mark.parametrize("broken", [None, 3, {"type": "strange"}, {"$ref": "#/nowhere"}, {"x": 1}])
def test_of_a_strange_schema_nothing_is_said(broken: Any) -> None:
    """What is not understood gets no yes, and no exception."""
    assert compile_schema(broken)("x") is False


def test_a_sound_course_is_read_without_jsonschema(tmp_path: Path) -> None:
    """Loading it takes longer than reading the whole bank."""
    code = (
        "import sys; from pathlib import Path; from grader.course.course import Course\n"
        f"assert not Course(Path({str(ROOT)!r})).bank().flaws\n"
        "sys.exit('jsonschema' in sys.modules)"
    )
    assert run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0
