"""`grader.sandbox.wire`: what is accepted from inside the wall."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from grader.sandbox.wire import MAX_DEPTH, MAX_REPLY, Malformed, decode, encode


def nested(levels: int) -> bytes:
    """A reply whose deepest list is `levels` deep, the reply itself counted."""
    return b'{"id":"7","value":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -1, 1.5, "", "ümläut 😀\n", [], {}, [1, [2, {"a": None}]], 10**399, 1e308],
)
def test_a_strict_document_comes_through(value: object) -> None:
    """Whatever JSON can say arrives as it was."""
    line = json.dumps({"id": "7", "ok": True, "value": value}).encode()
    assert decode(line, "7") == {"id": "7", "ok": True, "value": value}


def test_a_request_is_one_line() -> None:
    """No newline of a text breaks a request in two, and it reads back as it was."""
    message = {"id": "7", "op": "call", "args": ["a\nb\u2028", {"x": 1.5}]}
    line = encode(message)
    assert (line.count(b"\n"), line[-1:]) == (1, b"\n")
    assert json.loads(line) == message


@pytest.mark.parametrize(("number", "name"), [(math.nan, "nan"), (-math.inf, "-inf")])
def test_a_request_has_no_numbers_that_json_lacks(number: float, name: str) -> None:
    """NaN, which a check may pass on from a student's answer, is sent as it would come back."""
    line = encode({"id": "7", "args": [{"a": (1.5, number)}]})
    assert json.loads(line)["args"] == [{"a": [1.5, {"$float": name}]}]


def test_a_request_has_nothing_but_data() -> None:
    """What JSON cannot say is an error of whoever asks."""
    with pytest.raises(TypeError):
        encode({"id": "7", "args": [object()]})


@pytest.mark.parametrize(
    ("name", "check"),
    [("nan", math.isnan), ("inf", lambda x: x == math.inf), ("-inf", lambda x: x == -math.inf)],
)
def test_numbers_that_json_lacks_have_a_form_of_their_own(name: str, check: Any) -> None:
    """`{"$float": "nan"}` is the number, wherever it stands."""
    line = json.dumps({"id": "7", "value": [{"a": {"$float": name}}]}).encode()
    assert check(decode(line, "7")["value"][0]["a"])


NOT_JSON = "the answer is not valid JSON"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"", f"{NOT_JSON} (JSONDecodeError)"),
        (b"   ", f"{NOT_JSON} (JSONDecodeError)"),
        (b"{'id': '7'}", f"{NOT_JSON} (JSONDecodeError)"),
        (b'{"id":"7"', f"{NOT_JSON} (JSONDecodeError)"),
        (b'{"id":"7"} {"id":"7"}', f"{NOT_JSON} (JSONDecodeError)"),
        (b'{"id":"7",}', f"{NOT_JSON} (JSONDecodeError)"),
        (b'{"id":"7","v":"a\nb"}', f"{NOT_JSON} (JSONDecodeError)"),
        (b'\xef\xbb\xbf{"id":"7"}', f"{NOT_JSON} (JSONDecodeError)"),
        (b'{"id":"7","v":01}', f"{NOT_JSON} (JSONDecodeError)"),
        (b'{"id":"7","v":.5}', f"{NOT_JSON} (JSONDecodeError)"),
        (b'{"id":"7","v":0x1}', f"{NOT_JSON} (JSONDecodeError)"),
        (b'{"id":"7","v":"\xff"}', f"{NOT_JSON} (UnicodeDecodeError)"),
        (b'{"id":"7","v":"\xed\xa0\x80"}', f"{NOT_JSON} (UnicodeDecodeError)"),
        ('{"id":"7"}'.encode("utf-16"), f"{NOT_JSON} (UnicodeDecodeError)"),
        (b'{"id":"7","id":"7"}', f"{NOT_JSON} (ValueError)"),
        (b'{"id":"8","id":"7"}', f"{NOT_JSON} (ValueError)"),
        (b'{"id":"7","v":{"a":1,"a":1}}', f"{NOT_JSON} (ValueError)"),
        (b'{"id":"7","v":{"a":1,"\\u0061":1}}', f"{NOT_JSON} (ValueError)"),
        (b'{"id":"7","v":NaN}', f"{NOT_JSON} (ValueError)"),
        (b'{"id":"7","v":[Infinity]}', f"{NOT_JSON} (ValueError)"),
        (b'{"id":"7","v":-Infinity}', f"{NOT_JSON} (ValueError)"),
        (b'{"id":"7","v":1e999}', f"{NOT_JSON} (ValueError)"),
        (b'{"id":"7","v":-1e999}', f"{NOT_JSON} (ValueError)"),
        (b'{"id":"7","v":1.0e309}', f"{NOT_JSON} (ValueError)"),
        (b'{"id":"7","v":' + b"9" * 401 + b"}", f"{NOT_JSON} (ValueError)"),
        (b'{"id":"7","v":-' + b"9" * 1_000_000 + b"}", f"{NOT_JSON} (ValueError)"),
        (b'{"id":"7","v":{"$float":"1"}}', f"{NOT_JSON} (ValueError)"),
        (b'{"id":"7","v":{"$float":"NaN"}}', f"{NOT_JSON} (ValueError)"),
        (b'{"id":"7","v":{"$float":["nan"]}}', f"{NOT_JSON} (ValueError)"),
        (nested(100_000), f"{NOT_JSON} (RecursionError)"),
    ],
)
def test_what_is_not_strict_json_is_refused(line: bytes, message: str) -> None:
    """Repeated keys, NaN, numbers beyond a double, endless digits, and no JSON at all."""
    with pytest.raises(Malformed) as caught:
        decode(line, "7")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "line",
    [
        b'{"id":"8"}',
        b'{"id":7}',
        b'{"id":null}',
        b'{"id":["7"]}',
        b'{"ID":"7"}',
        b"{}",
        b"[]",
        b'["7"]',
        b'"7"',
        b"7",
        b"null",
        b'{"$float":"nan"}',
    ],
)
def test_a_reply_must_carry_the_requests_id(line: bytes) -> None:
    """A reply to another request, or to none, answers nothing: ids cannot be guessed."""
    with pytest.raises(Malformed, match=r"^the answer belongs to no request$"):
        decode(line, "7")


def test_depth_is_limited() -> None:
    """The last level that is allowed is accepted, and the next is not."""
    assert decode(nested(MAX_DEPTH), "7")["id"] == "7"
    with pytest.raises(Malformed, match=r"^the answer is nested more than 32 levels deep$"):
        decode(nested(MAX_DEPTH + 1), "7")


def test_depth_is_counted_through_mappings() -> None:
    """Mappings in mappings are as deep as lists in lists."""
    deep = b'{"id":"7","v":' + b'{"a":' * 40 + b"1" + b"}" * 40 + b"}"
    with pytest.raises(Malformed, match=r"^the answer is nested more than 32 levels deep$"):
        decode(deep, "7")


def test_many_siblings_are_not_depth() -> None:
    """A long table is as shallow as a short one."""
    line = json.dumps({"id": "7", "value": [{"a": [1]}] * 10_000}).encode()
    assert len(decode(line, "7")["value"]) == 10_000


def test_size_is_limited() -> None:
    """A reply of exactly the limit is read, and one byte more is not looked at."""
    frame = len(b'{"id":"7","v":""}')
    line = b'{"id":"7","v":"' + b"x" * (MAX_REPLY - frame) + b'"}'
    assert len(line) == MAX_REPLY
    assert decode(line, "7")["id"] == "7"
    with pytest.raises(Malformed, match=r"^the answer is larger than 8 MiB$"):
        decode(b"\xff" * (MAX_REPLY + 1), "7")
