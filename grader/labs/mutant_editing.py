"""Show and change a wrong solution as the Python file that it stands for.

In an editor it is the reference with the mutant's changes, under a docstring that holds its summary
and the checks it fails. What comes back is compared with the reference and stored as changes.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from grader.core.suggest import suggest
from grader.course.schemas import Schemas
from grader.course.yamldoc import Document
from grader.course.yamldump import dump_yaml
from grader.errors import CourseError
from grader.labs.edits import difference
from grader.labs.load import LoadedLab
from grader.labs.mutants import (
    Mutant,
    load_mutants,
    mutants_file,
    parse_docstring,
    read_mutants,
    reference_of,
    with_docstring,
    with_docstring_of,
)

_HEADER = "# yaml-language-server: $schema=../../schema/mutants.schema.json\n"
#: A new mutant's docstring until its author has written one.
_SUMMARY = "Say in a sentence what is wrong."


def unified_diff(lab: LoadedLab, name: str, schemas: Schemas) -> Iterator[str]:
    """Yield the lines of what a mutant changes, led by its summary and the checks it fails.

    Raises:
        CourseError: there is no such mutant, or the lab's mutants have flaws.
    """
    mutants = {m.name: m for m in load_mutants(lab.folder, schemas, _checks(lab))}
    if name not in mutants:
        raise CourseError(f"{lab.spec.id} has no mutant {name!r}{suggest(name, mutants)}")
    mutant = mutants[name]
    yield mutant.summary
    yield f"Fails: {', '.join(mutant.fails)}"
    yield ""
    reference = reference_of(lab.folder)
    changed = with_docstring_of(mutant.text, reference)
    yield from difflib.unified_diff(
        reference.splitlines(),
        changed.splitlines(),
        f"labs/{lab.spec.id}/solution.py",
        mutant.where,
        lineterm="",
    )


@dataclass(frozen=True, slots=True)
class Draft:
    """A mutant as a Python file to edit.

    `warnings` say what of the stored mutant no longer fits the reference and is left out of `text`.
    """

    text: str
    warnings: list[str]


def draft(lab: LoadedLab, name: str, schemas: Schemas) -> Draft:
    """Return the mutant `name` of a lab for an editor; the reference itself if there is none yet.

    Raises:
        CourseError: `mutants.yaml` cannot be read, the mutant is a file of its own, or `name`
            cannot be a mutant's.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise CourseError(
            "a mutant's name has small letters, digits and underscores, and begins with a letter "
            f"(got {name!r})"
        )
    if (whole := lab.folder / "mutants" / f"{name}.py").is_file():
        raise CourseError(f"{name} is a file of its own; edit {whole}")
    doc, mutants = _readable(lab, schemas)
    found = next((m for m in mutants if m.name == name), None)
    if found is None:
        return Draft(with_docstring(reference_of(lab.folder), _SUMMARY, ()), [])
    warnings = [
        f.render(lab.folder.parent.parent) for f in doc.flaws if f.message.startswith(f"{name}: ")
    ]
    return Draft(with_docstring(found.text, found.summary, found.fails), warnings)


def store(lab: LoadedLab, name: str, text: str, schemas: Schemas) -> bool:
    """Store an edited draft in `mutants.yaml`; return False if nothing of the file changes.

    Comments inside the mutant's own entry are lost, the rest of the file stays as it is.

    Raises:
        CourseError: the draft is no Python, its docstring does not say what it must, or it does
            not differ from the reference.
    """
    doc, _ = _readable(lab, schemas)
    summary, fails = parse_docstring(text, f"the edited {name}", _checks(lab))
    if not summary or summary == _SUMMARY:
        raise CourseError(f"the edited {name}:1: the docstring must say what is wrong")
    reference = reference_of(lab.folder)
    body = with_docstring_of(text.rstrip("\n") + "\n", reference)
    edits = difference(reference, body)
    if not edits:
        raise CourseError(f"the edited {name}: is the reference; change what must be wrong")
    entry = {
        "summary": summary,
        "fails": list(fails),
        "replace": [{"old": edit.old, "new": edit.new} for edit in edits],
    }
    path = mutants_file(lab.folder)
    before = path.read_text(encoding="utf-8") if path.is_file() else _HEADER
    after = _with_entry(before, doc, name, dump_yaml({name: entry}))
    if after == before:
        return False
    path.write_text(after, encoding="utf-8")
    return True


def _with_entry(text: str, doc: Document, name: str, entry: str) -> str:
    """Return the text of `mutants.yaml` with one entry replaced, or added in its place by name."""
    lines = text.splitlines(keepends=True)
    starts = {str(key): doc.key_marks[(key,)].line - 1 for key in doc.value or {}}
    if name in starts:
        start = starts[name]
        end = min((n for n in starts.values() if n > start), default=len(lines))
        while end > start and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
            end -= 1
        return "".join([*lines[:start], entry, *lines[end:]])
    later = [n for key, n in starts.items() if key > name]
    if later:
        return "".join([*lines[: min(later)], entry, "\n", *lines[min(later) :]])
    gap = "\n" if starts else ""
    return "".join([*lines, gap, entry])


def _readable(lab: LoadedLab, schemas: Schemas) -> tuple[Document, list[Mutant]]:
    doc, mutants = read_mutants(lab.folder, schemas, _checks(lab))
    if doc.flaws and not mutants:  # not even its form is right
        raise CourseError("\n".join(f.render(lab.folder.parent.parent) for f in doc.flaws))
    return doc, mutants


def _checks(lab: LoadedLab) -> set[str]:
    return {check.name for check in lab.spec.checks}
