"""One item for people: stem, options, and its key if asked for."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator

from grader.core.marking import spell
from grader.core.model import Key, Question

#: Turns a piece of code into what a terminal shows, or leaves it as it is.
Highlight = Callable[[str], str]
_CODE = re.compile(r"`([^`\n]+)`")
_WIDTH = 78
#: Stands for a space inside code while lines are wrapped.
_GLUE = "\u00a0"


def render(question: Question, key: Key | None, highlight: Highlight) -> Iterator[str]:
    """Lines of one item. `highlight` is applied to code between backticks."""
    several = "; several answers" if question.kind == "multiple" else ""
    yield f"{question.id}  {question.domain} / {question.topic}{several}"
    yield ""
    yield from _block(question.stem, "", highlight)
    yield ""
    for letter, text in question.options.items():
        right = key is not None and any(letter in a for a in key.accepted)
        mark = "*" if right else " "
        yield from _block(text, f"  {mark} {letter}) ", highlight)
    if key is not None:
        yield ""
        accepted = " or ".join(spell(a) for a in key.accepted)
        yield f"key: {spell(key.answer)}, accepted: {accepted}, {key.status}"
        if key.reason:
            yield from _block(key.reason, "reason: ", highlight)
        yield ""
        yield from _block(key.explanation, "", highlight)
    yield ""
    yield from (f"see: {reference}" for reference in question.references)


def _block(text: str, lead: str, highlight: Highlight) -> Iterator[str]:
    """`text` wrapped under `lead`, line breaks of the author's kept, code highlighted last."""
    first = True
    for line in _CODE.sub(_unbreakable, text.strip("\n")).split("\n"):
        indent = " " * len(lead)
        wrapped = textwrap.wrap(
            line,
            _WIDTH,
            initial_indent=lead if first else indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
        first = False
        yield from (_CODE.sub(lambda m: highlight(m[1].replace(_GLUE, " ")), w) for w in wrapped)


def _unbreakable(code: re.Match[str]) -> str:
    return code[0].replace(" ", _GLUE)
