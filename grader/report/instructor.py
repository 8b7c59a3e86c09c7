"""The instructor's own report of a run: what students must not know, and who passed.

`reports/instructor.json` holds the seeds of the hidden data, which `--seed` takes, so that a mark
can be defended by grading again on the very data; it is not for students.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

NAME = "instructor.json"


def render(
    version: str,
    sandbox: str,
    seeds: Mapping[str, str],
    students: Sequence[tuple[str, str, str]],
) -> Iterator[str]:
    """Lines of JSON. `seeds` are those of labs, `students` id, decision and path of the grade."""
    record = {
        "grader": {"version": version},
        "sandbox": sandbox,
        "seeds": dict(seeds),
        "students": [
            {"id": id_, "decision": decision, "grade": path} for id_, decision, path in students
        ],
    }
    yield from json.dumps(record, indent=2, ensure_ascii=False).splitlines()
