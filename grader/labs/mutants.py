"""Wrong solutions of a lab: changes to the reference in `mutants.yaml`, or whole files.

Each has a sentence that says what the mistake is and the names of the checks that must fail. In
`mutants.yaml` they are `summary` and `fails`; a whole file, `mutants/<name>.py`, has them in its
docstring, the names after `Fails:`.
"""

from __future__ import annotations

import ast
import re
import textwrap
import tokenize
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.core.suggest import suggest
from grader.course.schemas import Schemas
from grader.course.yamldoc import Document, read_yaml
from grader.errors import CourseError
from grader.labs.edits import Edit, apply


@dataclass(frozen=True, slots=True)
class Mutant:
    """A wrong solution. `where` is its file and line, for people; `text` is its Python source."""

    name: str
    summary: str
    fails: tuple[str, ...]
    text: str
    path: Path
    line: int

    @property
    def where(self) -> str:
        """`labs/<id>/file:line`, for people."""
        return f"{_shown(self.path)}:{self.line}"


def load_mutants(folder: Path, schemas: Schemas, known: set[str]) -> list[Mutant]:
    """Return the mutants of the lab in `folder`, whose checks are `known`, sorted by name.

    Raises:
        CourseError: a mutant has flaws; those of all mutants are told, with file and line.
    """
    doc, mutants = read_mutants(folder, schemas, known)
    flaws = [flaw.render(folder.parent.parent) for flaw in doc.flaws]
    found = {m.name: m for m in mutants}
    for path in sorted((folder / "mutants").glob("*.py")):
        try:
            mutant = _whole_file(path, known)
            if mutant.name in found:
                raise CourseError(f"{mutant.where}: {found[mutant.name].where} has this name, too")
        except CourseError as error:
            flaws.append(str(error))
        else:
            found[mutant.name] = mutant
    if flaws:
        raise CourseError("\n".join(flaws))
    return [found[name] for name in sorted(found)]


def mutants_file(folder: Path) -> Path:
    """Return where the lab in `folder` has its mutants as changes."""
    return folder / "mutants.yaml"


def reference_of(folder: Path) -> str:
    """Return the text of the reference of the lab in `folder`.

    Raises:
        CourseError: there is none, or it is not text.
    """
    path = folder / "solution.py"
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CourseError(f"{_shown(path)}: cannot be read: {error}") from error


def read_mutants(folder: Path, schemas: Schemas, known: set[str]) -> tuple[Document, list[Mutant]]:
    """Read `mutants.yaml` of a lab, if it has one.

    Mutants with flaws, which the document then holds, have the changes that fit.
    """
    path = mutants_file(folder)
    if not path.is_file():
        return Document(path), []
    doc = read_yaml(path)
    if not schemas.check(doc, "mutants") or doc.flaws:
        return doc, []
    reference = reference_of(folder)
    return doc, [_edited(name, reference, known, doc) for name in doc.value]


def _edited(name: str, reference: str, known: set[str], doc: Document) -> Mutant:
    entry: dict[str, Any] = doc.value[name]
    for index, check in enumerate(entry["fails"]):
        if check not in known:
            hint = suggest(check, known)
            doc.flaw((name, "fails", index), f"{name}: there is no check {check}{hint}")
    text, misfits = apply(reference, [Edit(**edit) for edit in entry["replace"]])
    for misfit in misfits:
        doc.flaw((name, "replace", misfit.index, "old"), f"{name}: {misfit.message}")
    line = doc.key_marks[(name,)].line
    if not misfits and (problem := _syntax(text)):
        doc.flaw((name, "replace"), f"{name}: the changes make no valid Python: {problem[1]}")
    summary, fails = " ".join(entry["summary"].split()), tuple(entry["fails"])
    return Mutant(name, summary, fails, text, doc.path, line)


def _whole_file(path: Path, known: set[str]) -> Mutant:
    try:
        text = path.read_text(encoding="utf-8")
    except ValueError as error:
        raise CourseError(f"{_shown(path)}:1: not valid Python: {error}") from error
    summary, fails = parse_docstring(text, _shown(path), known)
    return Mutant(path.stem, summary, fails, text, path, 1)


def parse_docstring(text: str, where: str, known: set[str]) -> tuple[str, tuple[str, ...]]:
    """Return what the docstring of a wrong solution says: the mistake, and the checks it fails.

    Raises:
        CourseError: `text` is no Python, or names no check, or one that is not `known`; it begins
            with `where` and the line.
    """
    if problem := _syntax(text):
        raise CourseError(f"{where}:{problem[0]}: not valid Python: {problem[1]}")
    docstring = ast.get_docstring(ast.parse(text)) or ""
    found = re.search(r"^Fails:(.*)\Z", docstring, re.MULTILINE | re.DOTALL)
    fails = tuple(dict.fromkeys(re.findall(r"\btest_\w+", found[1]))) if found else ()
    if not found or not fails:
        raise CourseError(f"{where}:1: the docstring must end with `Fails:` and names of checks")
    if unknown := sorted(set(fails) - known):
        raise CourseError(f"{where}:1: no such check: {', '.join(unknown)}")
    return " ".join(docstring[: found.start()].split()), fails


def with_docstring(text: str, summary: str, fails: tuple[str, ...]) -> str:
    """Return Python source with a docstring that `parse_docstring` reads, instead of its own."""
    lines = textwrap.wrap(summary, 96, break_long_words=False, break_on_hyphens=False)
    names = textwrap.wrap(f"Fails: {', '.join(fails)}", 96, subsequent_indent="    ")
    docstring = "\n".join([*lines, "", *names]).replace("\\", "\\\\").replace('"""', '\\"""')
    return _with_header(text, f'"""{docstring}\n"""\n')


def with_docstring_of(text: str, other: str) -> str:
    """Return Python source with the docstring of another instead of its own."""
    return _with_header(text, "".join(_docstring_lines(other)))


def _with_header(text: str, header: str) -> str:
    lines = text.splitlines(keepends=True)
    return header + "".join(lines[len(_docstring_lines(text)) :])


def _docstring_lines(text: str) -> list[str]:
    """Return the lines of a source up to the end of its docstring; none if it has none.

    By tokens, so that mistakes further down do not matter.
    """
    lines = text.splitlines(keepends=True)
    with suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(iter(lines).__next__):
            if token.type == tokenize.STRING:
                return lines[: token.end[0]]
            if token.type not in (tokenize.COMMENT, tokenize.NL):
                break
    return []


def _syntax(text: str) -> tuple[int, str] | None:
    """Return the line where `text` is no valid Python, and why; None if it is."""
    try:
        ast.parse(text)
    except SyntaxError as error:
        return error.lineno or 1, error.msg
    except ValueError as error:
        return 1, str(error)
    return None


def _shown(path: Path) -> str:
    """Return a file of a lab from the course's folder: `labs/<id>/mutants.yaml`."""
    folder = path.parent.parent if path.parent.name == "mutants" else path.parent
    return path.relative_to(folder.parent.parent).as_posix()
