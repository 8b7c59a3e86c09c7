"""`grader.sandbox.wire` against whatever a process with student code in it may write."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from grader.sandbox.wire import decode, encode
from tests.properties import promises
from tests.properties.profile import quick
from tests.properties.replies import REQUEST, messages, replies

pytestmark = pytest.mark.timeout(120)


@pytest.mark.smoke
@quick(300)
@given(replies())
def test_any_line_is_refused_or_sound(line: bytes) -> None:
    """`Malformed` with a short clean message, or a reply within every limit; nothing else."""
    promises.reply(line)


@quick(100)
@given(messages)
def test_what_is_sent_is_what_arrives(message: dict[str, Any]) -> None:
    """One line each way, and every value comes back equal and of its own type."""
    line = encode(message)
    assert line.count(b"\n") == 1
    assert repr(decode(line, REQUEST)) == repr(message)
