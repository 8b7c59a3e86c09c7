"""Check documents against `grader/schema/*.schema.json` and say what is wrong in our own words."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.core.clean import clean_line
from grader.core.suggest import suggest
from grader.course.quick import Fits, compile_schema
from grader.course.yamldoc import Document, Place
from grader.errors import CourseError

if TYPE_CHECKING:  # see `Schemas.validator`
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

#: The grader's own schemas. They travel with the package, since this code knows what they say:
#: a course has none of its own.
SCHEMAS = Path(str(files("grader"))) / "schema"


class Schemas:
    """The schemas in `folder`, each compiled once and on demand."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, Any] = {}
        self._compiled: dict[str, Draft202012Validator] = {}
        self._quick: dict[str, Fits] = {}

    def validator(self, name: str) -> Draft202012Validator:
        """The compiled schema `name`.

        Raises:
            CourseError: there is no such schema, or it is not valid JSON.
        """
        if name not in self._compiled:
            # jsonschema is a tenth of a second to load, and seldom needed: see `errors`.
            from grader.course.validator import compile_validator

            self._compiled[name] = compile_validator(self._schema(name))
        return self._compiled[name]

    def errors(self, name: str, value: Any) -> Iterable[ValidationError]:
        """What the schema `name` has against `value`.

        Raises:
            CourseError: see `validator`.
        """
        if name not in self._quick:
            self._quick[name] = compile_schema(self._schema(name))
        return () if self._quick[name](value) else self.validator(name).iter_errors(value)

    def judge(self, name: str) -> Judge:
        """`errors` of one schema."""
        return Judge(self, name)

    def _schema(self, name: str) -> Any:
        if name not in self._read:
            path = self._folder / f"{name}.schema.json"
            try:
                self._read[name] = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise CourseError(f"{path}: the schema cannot be used: {error}") from error
        return self._read[name]

    def check(self, doc: Document, name: str) -> bool:
        """Add to `doc.flaws` whatever the schema `name` has against it; True if nothing."""
        if doc.flaws and doc.value is None:
            return False
        before = len(doc.flaws)
        leaves = [leaf for e in self.errors(name, doc.value) for leaf in _leaves(e)]
        # jsonschema's order is not the file's, nor always the same.
        for leaf in sorted(leaves, key=lambda e: (doc.mark(tuple(e.absolute_path)), e.message)):
            if not doc.full:
                _report(doc, leaf)
        return len(doc.flaws) == before


@dataclass(frozen=True, slots=True)
class Judge:
    """One schema, for those who know a validator by its one method."""

    schemas: Schemas
    name: str

    def iter_errors(self, instance: Any) -> Iterable[ValidationError]:
        """What the schema has against `instance`."""
        return self.schemas.errors(self.name, instance)


def _leaves(error: ValidationError) -> Iterable[ValidationError]:
    """The errors worth telling: of alternatives, only what the value comes closest to."""
    if error.validator in ("anyOf", "oneOf") and error.context:
        deeper = [e for e in error.context if len(e.relative_path) > 0]
        yield from (_leaves(deeper[0]) if deeper else [error])
    else:
        yield error


def _report(doc: Document, error: Any) -> None:
    # A ValidationError; its attributes may be unset as far as its types know, and never are here.
    place: Place = tuple(error.absolute_path)
    subject = f"`{clean_line(str(place[-1]), 60)}`: " if place else ""
    value = error.instance
    rule: Any = error.validator_value
    match error.validator:
        case "required":
            for name in (n for n in rule if n not in value):
                message = f"{subject}`{name}` is missing"
                if message not in {f.message for f in doc.flaws if f.mark == doc.mark(place)}:
                    doc.flaw(place, message)
        case "additionalProperties":
            known = list(error.schema.get("properties", {}))
            for name in (n for n in value if n not in known and not doc.full):
                hint = suggest(name, [k for k in known if k not in value]) or (
                    f"; known here: {', '.join(known)}"
                )
                shown = clean_line(name, 60)
                doc.flaw((*place, name), f"{subject}unknown key `{shown}`{hint}", at_key=True)
        case _ if "propertyNames" in error.absolute_schema_path:
            shown = clean_line(str(value), 60)
            doc.flaw((*place, value), f"{subject}`{shown}` is not a valid key here", at_key=True)
        case "uniqueItems":
            twin = next(i for i, v in enumerate(value) if v in value[:i])
            doc.flaw((*place, twin), f"{subject}names {_shown(value[twin])} twice")
        case _:
            doc.flaw(place, subject + _sentence(error, value, rule))


def _sentence(error: Any, value: Any, rule: Any) -> str:
    got = _shown(value)
    match error.validator:
        case "type":
            names: list[str] = rule if isinstance(rule, list) else [rule]
            return f"must be {' or '.join(_TYPES.get(n, n) for n in names)} (got {got})"
        case "enum":
            options = ", ".join(str(v) for v in rule)
            return f"must be one of {options} (got {got}){suggest(str(value), map(str, rule))}"
        case "const":
            return f"must be {rule!r} (got {got})"
        case "pattern":
            what = error.schema.get("description", f"text of the form {rule}")
            return f"{got} does not have the right form: {what}"
        case "minLength" | "minItems" | "minProperties":
            return "must not be empty" if rule == 1 else f"must hold at least {rule}"
        case "maxLength" | "maxItems" | "maxProperties":
            return f"must hold at most {rule}"
        case "minimum" | "exclusiveMinimum":
            return f"must be {'at least' if error.validator == 'minimum' else 'more than'} {rule}"
        case "maximum":
            return f"must be at most {rule} (got {got})"
        case "anyOf" | "oneOf":
            kinds = [branch.get("type") for branch in rule]
            if all(isinstance(kind, str) for kind in kinds):
                named = list(dict.fromkeys(_TYPES.get(kind, kind) for kind in kinds))
                return f"must be {', '.join(named[:-1])} or {named[-1]} (got {got})"
            what = error.schema.get("description", "")
            return f"{got} does not fit here{': ' + what if what else ''}"
        case _:
            return clean_line(error.message)


_TYPES = {
    "object": "a mapping (key: value)",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}" if len(value) != 1 else "a list of one"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    return repr(clean_line(str(value), 60))
