"""Changes to a text: apply them, and find them.

A wrong solution is the reference with a few changes (`labs/<lab>/mutants.yaml`). A change says what
is there now, `old`, and what comes instead, `new`. There are two kinds:

- `old` ends with a line break: it is whole lines. Only their indentation relative to each other
  counts, and `new` is indented as they are, so both can be written from the left margin.
- Otherwise `old` is a piece of text, and taken exactly as it is.

`old` must stand in the reference exactly once, and two changes must not overlap. All places refer
to the reference, so the order of changes does not matter.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Edit:
    """One change."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a change cannot be made. `index` is its place in the list of changes."""

    index: int
    message: str


class _Span(NamedTuple):
    """Where `old` stands, as offsets into the text, and how far it is indented there."""

    start: int
    end: int
    indent: str


def apply(text: str, edits: Sequence[Edit]) -> tuple[str, list[Misfit]]:
    """Return `text` with all `edits` that fit, and the reasons why others do not."""
    spans: list[tuple[_Span, int]] = []
    misfits = []
    for index, edit in enumerate(edits):
        found = list(_occurrences(text, edit.old))
        if len(found) == 1 and _replacement(edit, found[0]) != text[found[0].start : found[0].end]:
            spans.append((found[0], index))
        else:
            misfits.append(Misfit(index, _reason(text, edit.old, found)))
    end, parts = 0, []
    for span, index in sorted(spans):
        if span.start < end:
            misfits.append(Misfit(index, "overlaps with another change; make one of the two"))
            continue
        parts += [text[end : span.start], _replacement(edits[index], span)]
        end = span.end
    return "".join([*parts, text[end:]]), sorted(misfits, key=lambda m: m.index)


def _reason(text: str, old: str, found: list[_Span]) -> str:
    first = next((line.strip() for line in old.splitlines() if line.strip()), "")
    if not first:
        return "`old` is empty; name the text to replace"
    if not found:
        return f"the reference has no such text: {first!r}"
    if len(found) == 1:
        return f"changes nothing: {first!r}"
    lines = [str(text.count("\n", 0, span.start) + 1) for span in found]
    where = f"lines {', '.join(lines[:-1])} and {lines[-1]}"
    return (
        f"the reference has this text {len(found)} times ({where}): {first!r}; "
        "add lines around it until there is one"
    )


def _replacement(edit: Edit, span: _Span) -> str:
    if not edit.old.endswith("\n"):
        return edit.new
    new = edit.new if edit.new.endswith("\n") or not edit.new else f"{edit.new}\n"
    return textwrap.indent(new, span.indent)


def _occurrences(text: str, old: str) -> Iterator[_Span]:
    if not old.strip():
        return
    if not old.endswith("\n"):
        start = text.find(old)
        while start >= 0:
            yield _Span(start, start + len(old), "")
            start = text.find(old, start + 1)
        return
    lines = text.splitlines(keepends=True)
    wanted = old.splitlines()
    offset = 0
    for index, line in enumerate(lines):
        indent = _indent(lines[index : index + len(wanted)], wanted)
        if indent is not None:
            end = offset + sum(map(len, lines[index : index + len(wanted)]))
            yield _Span(offset, end, indent)
        offset += len(line)


def _indent(lines: list[str], wanted: list[str]) -> str | None:
    """Return what stands before each of `wanted` in `lines`; None if they are not the same."""
    if len(lines) < len(wanted):
        return None
    indent = None
    for line, want in zip(lines, wanted, strict=True):
        line, want = line.rstrip(), want.rstrip()
        if not line or not want:
            if line or want:
                return None
            continue
        before = line.removesuffix(want)
        if before + want != line or before.strip() or (indent is not None and before != indent):
            return None
        indent = before
    return indent


class _Hunk(NamedTuple):
    """Lines `i1` to `i2` of the old text become lines `j1` to `j2` of the new one."""

    i1: int
    i2: int
    j1: int
    j2: int


def difference(text: str, changed: str) -> list[Edit]:
    """Return the changes, as whole lines, that make `changed` of `text`; both end with a line.

    Each has as many lines around what differs as it takes to stand in `text` once.
    """
    old, new = text.splitlines(keepends=True), changed.splitlines(keepends=True)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    hunks = [_Hunk(*lines) for tag, *lines in matcher.get_opcodes() if tag != "equal"]
    index = 0
    while index < len(hunks):
        if _stands_alone(text, _edit(old, new, hunks[index])):
            index += 1
            continue
        hunks[index] = _grown(hunks[index], old, new)
        index = _join(hunks, index)
    return [_edit(old, new, hunk) for hunk in hunks]


def _stands_alone(text: str, edit: Edit) -> bool:
    if edit.old.endswith("\n\n") or edit.new.endswith("\n\n"):
        return False  # empty lines at the end of a block are easily lost
    return len(list(_occurrences(text, edit.old))) == 1


def _grown(hunk: _Hunk, old: list[str], new: list[str]) -> _Hunk:
    """Return the hunk with one line more: the one above, unless a paragraph begins here."""
    i1, i2, j1, j2 = hunk
    after = [lines[end - 1] for lines, end, n in ((old, i2, i2 - i1), (new, j2, j2 - j1)) if n]
    ends_blank = any(not line.strip() for line in after)
    if i2 < len(old) and (ends_blank or i1 == 0 or not old[i1 - 1].strip()):
        return _Hunk(i1, i2 + 1, j1, j2 + 1)
    if i1 == 0:
        raise ValueError("the texts have nothing in common")
    return _Hunk(i1 - 1, i2, j1 - 1, j2)


def _join(hunks: list[_Hunk], index: int) -> int:
    """Join the hunk at `index`, which has grown, with those it now touches; return its index."""
    while index and hunks[index - 1].i2 >= hunks[index].i1:
        index -= 1
        hunks[index : index + 2] = [_joined(*hunks[index : index + 2])]
    while index + 1 < len(hunks) and hunks[index].i2 >= hunks[index + 1].i1:
        hunks[index : index + 2] = [_joined(*hunks[index : index + 2])]
    return index


def _joined(first: _Hunk, second: _Hunk) -> _Hunk:
    return _Hunk(first.i1, second.i2, first.j1, second.j2)


def _edit(old: list[str], new: list[str], hunk: _Hunk) -> Edit:
    """Return the hunk as a change, from the left margin."""
    before, after = old[hunk.i1 : hunk.i2], new[hunk.j1 : hunk.j2]
    margin = min((len(x) - len(x.lstrip()) for x in before + after if x.strip()), default=0)
    return Edit(*("".join(x[margin:] if x.strip() else "\n" for x in y) for y in (before, after)))
