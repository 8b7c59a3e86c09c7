"""Say quickly that a value fits its schema, where there is nothing to explain.

jsonschema explains, and takes a hundred times longer than a yes needs. What is compiled here says
yes, or that it does not know; then jsonschema judges. So it may be too strict and is never too
lax. It knows the keywords below; of a schema that uses another one it knows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations
from typing import Any

#: Whether a value certainly fits.
Fits = Callable[[Any], bool]

# Exact types: a bool is no number here, and whether 1.0 is an integer is for jsonschema to judge.
_TYPES: dict[str, frozenset[type]] = {
    "object": frozenset([dict]),
    "array": frozenset([list]),
    "string": frozenset([str]),
    "integer": frozenset([int]),
    "number": frozenset([int, float]),
    "boolean": frozenset([bool]),
    "null": frozenset([type(None)]),
}
#: Keywords that ask for nothing by themselves.
_SILENT = {"$schema", "$id", "$defs", "title", "description"}


#: What comes of a schema whose parts are not of the types that they should be.
_MALFORMED = (TypeError, ValueError, AttributeError)


class _UnknownError(Exception):
    """The schema uses something that is not known here."""


def compile_schema(schema: Any) -> Fits:
    """What says yes to values that fit `schema`; to none where the schema is not understood."""
    try:
        return _compile(schema, schema)
    except (_UnknownError, RecursionError, re.error, LookupError, *_MALFORMED):
        return lambda _: False


def at_the_end(pattern: str) -> str:
    """`pattern` with a `$` that means the end, not the end or a line break before it."""
    return re.sub(r"\$$", r"\\Z", pattern)


def _compile(schema: Any, root: Any) -> Fits:
    tests: list[Fits] = []
    for keyword, rule in schema.items():
        if keyword in _SILENT or keyword in ("properties", "additionalProperties", "then"):
            continue
        if keyword == "$ref":
            tests.append(_compile(_referred(rule, root), root))
        elif keyword == "anyOf" or (keyword == "oneOf" and _disjoint(rule)):
            tests.append(_any([_compile(branch, root) for branch in rule]))
        elif keyword == "if":
            tests.append(_any([_surely_not(rule), _compile(schema["then"], root)]))
        elif keyword == "items":
            tests.append(_each(list, _compile(rule, root)))
        elif keyword == "propertyNames":
            tests.append(_each(dict, _compile(rule, root)))
        elif keyword in _PLAIN:
            tests.append(_PLAIN[keyword](rule))
        else:
            raise _UnknownError(keyword)
    if "properties" in schema or "additionalProperties" in schema:
        known = {k: _compile(s, root) for k, s in schema.get("properties", {}).items()}
        rest = schema.get("additionalProperties", True)
        tests.append(_members(known, rest if rest in (True, False) else _compile(rest, root)))
    if len(tests) == 1:
        return tests[0]

    def fits(value: Any) -> bool:
        for test in tests:  # noqa: SIM110 # a generator for all() would cost twice as much
            if not test(value):
                return False
        return True

    return fits


def _referred(rule: str, root: Any) -> Any:
    start, _, name = rule.rpartition("/")
    if start != "#/$defs":
        raise _UnknownError(rule)
    return root["$defs"][name]


def _disjoint(branches: list[Any]) -> bool:
    """Whether no value can fit two of them, since their types differ."""
    types = [_TYPES[branch["type"]] for branch in branches]
    return not any(a & b for a, b in combinations(types, 2))


def _any(branches: list[Fits]) -> Fits:
    def fits(value: Any) -> bool:
        for branch in branches:  # noqa: SIM110 # as above
            if branch(value):
                return True
        return False

    return fits


def _surely_not(condition: Any) -> Fits:
    """Whether a value certainly does not fit the one form of condition that is known."""
    ((name, rule),) = condition["properties"].items()
    if condition != {"properties": {name: {"enum": rule["enum"]}}, "required": [name]}:
        raise _UnknownError("if")
    options = rule["enum"]
    return lambda value: (
        type(value) is dict
        and (name not in value or (type(value[name]) is str and value[name] not in options))
    )


def _each(kind: Any, test: Fits) -> Fits:
    def fits(value: Any) -> bool:
        if type(value) is not kind:
            return False
        for member in value:  # noqa: SIM110 # as above
            if not test(member):
                return False
        return True

    return fits


def _members(known: dict[str, Fits], rest: bool | Fits) -> Fits:
    def fits(value: Any) -> bool:
        if type(value) is not dict:
            return False
        for name, member in value.items():
            test = known.get(name, rest)
            if test is not True and (test is False or not test(member)):
                return False
        return True

    return fits


def _type(rule: str | list[str]) -> Fits:
    names = [rule] if isinstance(rule, str) else rule
    types = frozenset().union(*(_TYPES[name] for name in names))
    return lambda value: type(value) in types


def _enum(rule: list[Any]) -> Fits:
    # Texts only: 1, 1.0 and true are equal to Python and not to JSON Schema.
    texts = frozenset(option for option in rule if type(option) is str)
    return lambda value: type(value) is str and value in texts


def _pattern(rule: str) -> Fits:
    search = re.compile(at_the_end(rule)).search
    return lambda value: type(value) is str and search(value) is not None


def _length(kind: Any, least: int, most: float) -> Fits:
    return lambda value: type(value) is kind and least <= len(value) <= most


def _number(test: Fits) -> Fits:
    return lambda value: type(value) in _TYPES["number"] and test(value)


def _required(rule: list[str]) -> Fits:
    names = frozenset(rule)
    return lambda value: type(value) is dict and names <= value.keys()


def _unique(rule: bool) -> Fits:
    if rule is not True:
        raise _UnknownError("uniqueItems")
    return lambda value: (
        type(value) is list
        and all(type(v) is str for v in value)
        and len(frozenset(value)) == len(value)
    )


#: Keywords without a schema in them.
_PLAIN: dict[str, Callable[[Any], Fits]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda rule: _enum([rule]),
    "pattern": _pattern,
    "minLength": lambda rule: _length(str, rule, float("inf")),
    "maxLength": lambda rule: _length(str, 0, rule),
    "minItems": lambda rule: _length(list, rule, float("inf")),
    "maxItems": lambda rule: _length(list, 0, rule),
    "minProperties": lambda rule: _length(dict, rule, float("inf")),
    "maxProperties": lambda rule: _length(dict, 0, rule),
    "minimum": lambda rule: _number(lambda value: bool(value >= rule)),
    "exclusiveMinimum": lambda rule: _number(lambda value: bool(value > rule)),
    "maximum": lambda rule: _number(lambda value: bool(value <= rule)),
    "required": _required,
    "uniqueItems": _unique,
}
