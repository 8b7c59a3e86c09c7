"""Answer sheets as bytes: sound ones, nearly sound ones, and bombs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from tests.properties.texts import hostile

#: The papers of the course in `promises`, and what each item takes.
PAPERS = {"quiz-1": {"q1-01": "single", "q1-02": "multiple"}, "quiz-2": {"q2-01": "single"}}
LETTERS = "ABC"

letters = st.sampled_from([*LETTERS, *LETTERS.lower(), " b ", "D", "AB", "", "\u0391", "\u212b"])
#: What a sheet may say without being malformed: text, a list of texts, nothing.
givens: st.SearchStrategy[Any] = st.one_of(st.none(), letters, st.lists(letters, max_size=4))


def sound(paper: str) -> st.SearchStrategy[dict[str, Any]]:
    """Well-formed answers to `paper`, right or wrong, some left out."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(PAPERS[paper], givens))


def _block(paper: str, answers: dict[str, Any]) -> str:
    lines = [f"  {k}: {json.dumps(v)}" for k, v in answers.items()]
    return "\n".join([f"exam: {paper}", "answers:" if lines else "answers: {}", *lines]) + "\n"


def _list(paper: str, answers: dict[str, Any]) -> str:
    text = f"# mine\n---\nexam: '{paper}'\nanswers:\n"
    for id_, given in answers.items():
        text += f"  {id_}:\n"
        if isinstance(given, list) and given:
            text += "".join(f"    - {json.dumps(x)}\n" for x in given)
        else:
            text += f"    {json.dumps(given)}\n"
    return text + ("...\n" if answers else "  {}\n")


def _flow(paper: str, answers: dict[str, Any]) -> str:
    return json.dumps({"answers": answers, "exam": paper}, ensure_ascii=False)


@st.composite
def spelt(draw: st.DrawFn, paper: str) -> tuple[dict[str, Any], bytes]:
    """Answers, and a sheet that says just these in one of the ways YAML has for it."""
    answers = draw(sound(paper))
    text = draw(st.sampled_from((_block, _list, _flow)))(paper, answers)
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return answers, text.encode(draw(st.sampled_from(("utf-8", "utf-8-sig"))))


#: Values in YAML's own words, most of which are no answer.
VALUES = (
    "A",
    "b",
    "[A, C]",
    "[A, [C]]",
    "{A: C}",
    "1",
    "1" * 400,
    "-0",
    "1e999",
    ".nan",
    ".inf",
    "0x1F",
    "1_000",
    "true",
    "no",
    "~",
    "null",
    "''",
    '"\\u202eA"',
    '"\\0"',
    '"\\uD800"',
    '"\\x1b[31mA"',
    '"A\\n::error::x"',
    "2026-01-01",
    "&x A",
    "*x",
    "!!python/object/apply:os.system [id]",
    "!!binary QQ==",
    "!!set {A}",
    "!x A",
    "|\n    A",
    ">-\n    A",
    "- A",
    "A # comment",
    "A: B",
    "? A",
    "[",
    "{",
    '"',
    "@",
    "`A`",
    "%",
    "\tA",
    "<<",
    "=",
)
KEYS = ("q1-01", "q1-02", "q2-01", "q1-1", "Q1-01", "<<", "?", "1", "~", '""', "true", "[A]")
HEADS = (
    "exam: quiz-1\n",
    "exam: quiz-2\n",
    "exam: Quiz 1\n",
    "exam: [quiz-1]\n",
    "exam: 1\n",
    "exam:\n",
    "exam: quiz-1\nexam: quiz-1\n",
    "exam: quiz-1\nextra: {a: 1}\n",
    "%YAML 1.2\n---\nexam: quiz-1\n",
    "%TAG ! tag:x,2026:\n---\nexam: quiz-1\n",
    "---\nexam: quiz-1\n---\n",
    "\ufeffexam: quiz-1\n",
    "id: x\nexam: quiz-1\n",
    "- ",
    "",
)


@st.composite
def nearly(draw: st.DrawFn) -> bytes:
    """A sheet with things wrong in it here and there, in some encoding."""
    words = st.one_of(st.sampled_from(VALUES), hostile)
    keys = st.one_of(st.sampled_from(KEYS), hostile)
    lines = [f"  {draw(keys)}: {draw(words)}\n" for _ in range(draw(st.integers(0, 6)))]
    text = draw(st.sampled_from(HEADS)) + "answers:\n" + "".join(lines)
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 8))
        text = text[:at] + draw(hostile) + text[at + cut :]
    text = text.replace("\n", draw(st.sampled_from(("\n", "\n", "\r\n", "\r"))))
    encoding = draw(st.sampled_from(("utf-8",) * 5 + ("utf-8-sig", "utf-16", "utf-32", "cp1252")))
    raw = bytearray(text.encode(encoding, "replace"))
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 3)))):
        if raw:
            raw[draw(st.integers(0, len(raw) - 1))] = draw(st.integers(0, 255))
    return bytes(raw)


def _numbered(unit: str, size: int) -> str:
    return "".join(unit.format(i) for i in range(size // len(unit)))


@st.composite
def bombs(draw: st.DrawFn, sizes: Sequence[int]) -> bytes:
    """Much of one thing; `sizes` are bytes, roughly."""
    size = draw(st.sampled_from(sizes))
    head = draw(st.sampled_from(("", "exam: quiz-1\nanswers:\n  q1-01: ", "{answers: {q1-01: ")))
    unit = draw(
        st.one_of(
            st.sampled_from(
                ("[", "{", "{a: ", "- ", "? ", "[? ", "[[],", "x", "x ", "\n", "\t", "'", '"')
            ),
            st.sampled_from(
                (", ", ": ", "!", "%", "&a ", "*a ", "#\n", "---\n", "|\n", "1", "\x00")
            ),
            st.sampled_from(VALUES).map(lambda v: v + ", "),
            hostile.filter(bool),
        )
    )
    if draw(st.integers(0, 3)) == 0:
        units = (
            "  q{0:x}: 1\n",
            "  q{0:x}: A\n",
            "a{0:x}: &a{0:x} [1]\n",
            "{0:x}: ,",
            "  q1-01: A\n",
        )
        unit = _numbered(draw(st.sampled_from(units)), size)
        head = draw(st.sampled_from(("exam: quiz-1\nanswers:\n", "{", "")))
    times = max(1, size // max(1, len(unit.encode())))
    return (head + unit * times).encode()


#: Sheets for `quiz-1`, whatever they are. Bombs cost a second, so the sizes are the caller's.
def sheets(sizes: Sequence[int]) -> st.SearchStrategy[bytes]:
    """Anything at all in the place of an answer sheet."""
    return st.one_of(
        nearly(),
        nearly(),
        nearly(),
        spelt("quiz-1").map(lambda pair: pair[1]),
        bombs(sizes),
        st.binary(max_size=200),
        hostile.map(str.encode),
    )
