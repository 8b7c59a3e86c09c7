"""Lines as they may come over the wall: sound replies, damaged ones, and bombs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from grader.sandbox.wire import MAX_DEPTH, MAX_REPLY
from tests.properties.texts import surrogates

#: The id that replies are asked for with.
REQUEST = "7"

#: Text as JSON brings it: two halves of a pair that meet are one character.
_texts = surrogates.map(
    lambda s: s.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
)
_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**399) + 1, 10**399),
    st.floats(allow_nan=False, allow_infinity=False),
    _texts,
)
#: What JSON can say, but for the form that numbers without a JSON spelling have of their own.
values: st.SearchStrategy[Any] = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(_texts.filter(lambda k: k != "$float"), inner, max_size=4),
    ),
    max_leaves=12,
)
messages = st.fixed_dictionaries({"id": st.just(REQUEST), "ok": st.booleans(), "value": values})

#: Texts that stock `json` takes, or chokes on, where a value stands.
_VALUES = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1e999",
    "1" * 401,
    "1" * 5000,
    "-" + "9" * 399,
    "0." + "1" * 5000,
    "1e-999",
    "01",
    "+1",
    ".5",
    "'x'",
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\t"',
    '{"$float": "nan"}',
    '{"$float": "x"}',
    '{"$float": ["nan"]}',
    '{"$float": {"$float": "inf"}}',
    '{"$float": 1e999}',
    '{"$float": "nan", "x": 1}',
    '{"a": 1, "a": 1}',
    '{"a": 1, "\\u0061": 2}',
    '{"__class__": "x"}',
    "[1,]",
    "[1 2]",
    "{}}",
    "undefined",
    "",
)
_IDS = ('"7"', "7", "7.0", '"8"', "null", '["7"]', '{"id": "7"}', '"7\\u0000"', '"\\u0037"', "true")


@st.composite
def _spelt(draw: st.DrawFn) -> bytes:
    """A reply written out by hand: odd ids, odd values, repeated and extra fields."""
    one = st.one_of(st.sampled_from(_VALUES), values.map(json.dumps))
    fields = [f'"id": {draw(st.sampled_from(_IDS))}', f'"value": {draw(one)}']
    if draw(st.booleans()):
        extra = draw(st.sampled_from(("id", "value", "ok", "error", "$float", "\\u0069d")))
        fields.append(f'"{extra}": {draw(st.one_of(one, st.sampled_from(_IDS)))}')
    text = "{" + ", ".join(draw(st.permutations(fields))) + "}"
    ends = ("", "\n", "\r\n", " \n", "\n\n", "\x00", "x", "{}", '\n{"id": "7"}\n', "\ufeff")
    return (text + draw(st.sampled_from(ends))).encode("utf-8", "surrogatepass")


@st.composite
def _damaged(draw: st.DrawFn) -> bytes:
    """A sound reply with bytes changed, cut out or repeated."""
    raw = bytearray(
        json.dumps(draw(messages), ensure_ascii=draw(st.booleans())).encode(
            "utf-8", "surrogatepass"
        )
    )
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(raw) - 1)))
        match draw(st.sampled_from(("flip", "cut", "tail", "repeat", "insert"))):
            case "flip" if raw:
                raw[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del raw[at : at + draw(st.integers(1, 9))]
            case "tail":
                del raw[at:]
            case "repeat":
                raw[at:at] = raw[at : at + draw(st.integers(1, 30))]
            case _:
                raw[at:at] = draw(st.binary(max_size=4))
    return bytes(raw)


@st.composite
def _bombs(draw: st.DrawFn, sizes: Sequence[int]) -> bytes:
    size = draw(st.sampled_from(sizes))
    head = draw(st.sampled_from((b"", b'{"id":"7","value":')))
    kind = draw(st.sampled_from(("deep", "wide", "number", "text", "keys", "edge")))
    if kind == "deep":
        unit = draw(st.sampled_from((b"[", b'{"a":', b"[[],", b"[{},")))
        return head + unit * (size // len(unit))
    if kind == "wide":
        unit = draw(st.sampled_from((b"[],", b"{},", b"1,", b'"",', b"1e9,", b"null,", b"NaN,")))
        return head + b"[" + unit * (size // len(unit)) + b"1]}"
    if kind == "number":
        return head + draw(st.sampled_from((b"1", b"0.1", b"1e", b"-9"))) + b"1" * size + b"}"
    if kind == "text":
        unit = draw(
            st.sampled_from((b"x", b"\\u0041", b"\\ud83d\\ude00", b"\\", b"\xf0\x9f\x98\x80"))
        )
        return head + b'"' + unit * (size // len(unit)) + b'"}'
    if kind == "keys":
        return head + b"{" + b"".join(b'"%x":0,' % i for i in range(size // 10)) + b'"x":0}}'
    levels = draw(st.integers(MAX_DEPTH - 3, MAX_DEPTH + 3))
    return b'{"id":"7","value":' + b"[" * levels + b"]" * levels + b"}"


def replies(sizes: Sequence[int] = (100, 5000, 200_000)) -> st.SearchStrategy[bytes]:
    """Anything at all in the place of a reply; bombs of `sizes` bytes."""
    return st.one_of(
        messages.map(lambda m: json.dumps(m).encode() + b"\n"),
        _spelt(),
        _damaged(),
        _damaged(),
        _bombs(sizes),
        st.binary(max_size=100),
    )


#: Beyond what a reply may weigh, for longer runs.
HUGE = (100, 200_000, MAX_REPLY - 100, MAX_REPLY + 1)
