"""jsonschema as this project uses it: loaded only when something has to be explained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError

from grader.course.quick import at_the_end


def compile_validator(schema: Any) -> Draft202012Validator:
    """What finds the errors of a value under `schema`.

    Raises:
        jsonschema.SchemaError: it is no JSON Schema.
    """
    Draft202012Validator.check_schema(schema)
    compiled: Draft202012Validator = _Validator(schema)
    return compiled


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """`pattern` under our reading of its `$`."""
    if isinstance(instance, str) and not re.search(at_the_end(pattern), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_Validator: Any = validators.extend(  # type: ignore[no-untyped-call] # jsonschema types it not
    Draft202012Validator, {"pattern": _pattern}
)
