"""Hostile text, and what no report may hold: written apart from `grader.core.clean` on purpose."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

#: Characters that steer a terminal, an editor or a reader's eye.
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
#: Pieces that have broken a parser, a terminal, a report or a CI log.
PIECES = (
    "\x00",
    "\x07",
    "\x1b[31m",
    "\x1b]0;title\x07",
    "\x1b]8;;http://e\x1b\\",
    "\x1bc",
    "\x7f",
    "\x85",
    "\x9b2J",
    "\u2028",
    "\u2029",
    "\ufeff",
    "\ufffe",
    "\uffff",
    "\ufdd0",
    "\u200b",
    "\U000e0041",
    "\U0010ffff",
    "e\u0301" * 40,
    "\u0130",
    "\u017f",
    "\r",
    "\r\n",
    "\n",
    "\n::set-output name=x::y",
    "\n  ::error::x",
    "##[command]x",
    "##vso[task.setvariable]x",
    "section_start:1:x",
    "]]>",
    "<!--",
    "<script>alert(1)</script>",
    "&amp;",
    "`",
    "|",
    "[x](http://e)",
    "{0}",
    "%s",
    "\\",
    "'",
    '"',
    *BIDI,
)

#: One character, hostile more often than not.
characters = st.one_of(
    st.sampled_from(sorted({c for p in PIECES for c in p})),
    st.characters(),
    st.characters(codec="ascii"),
)
#: Text that UTF-8 can hold.
hostile = st.lists(
    st.one_of(st.sampled_from(PIECES), st.text(st.characters(codec="utf-8"), max_size=6)),
    max_size=5,
).map("".join)
#: Text with lone surrogates among the rest, as JSON escapes and file names may bring them.
surrogates = st.lists(
    st.one_of(hostile, st.sampled_from(("\ud800", "\udfff", "\udc80"))), max_size=5
).map("".join)


def unsafe(text: str) -> set[str]:
    """The characters of `text` that no report, log or terminal may get to see."""
    return {
        c
        for c in text
        if (unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t")
        or c in BIDI
        or c in "\ufffe\uffff"
    }


def commands(text: str) -> list[str]:
    """The lines of `text` that a CI service would obey."""
    return [
        line
        for line in text.split("\n")
        if line.lstrip().startswith(("::", "section_start:", "section_end:"))
        or "##[" in line
        or "##vso[" in line
    ]


def strings(value: Any) -> Iterator[str]:
    """Every text within a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for k, v in value.items():
            yield from strings(k)
            yield from strings(v)
    elif isinstance(value, list):
        for v in value:
            yield from strings(v)
