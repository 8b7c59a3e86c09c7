"""`grader.core.clean`: nothing unsafe comes out, nothing new comes out the second time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.clean import clean, clean_line
from tests.properties.profile import quick
from tests.properties.texts import characters, commands, surrogates, unsafe

pytestmark = pytest.mark.timeout(120)

#: Long and short, of pieces or of single characters.
_texts = st.one_of(surrogates, st.text(characters, max_size=40), surrogates.map(lambda s: s * 50))
#: What `clean` may add to say that it cut.
_SAID = len(" ... (cut: 1000000 characters)")


@pytest.mark.smoke
@quick(200)
@given(_texts, st.integers(1, 400))
def test_what_comes_out_is_clean(text: str, limit: int) -> None:
    """No control, bidirectional or unpaired character, no command of a CI service, no length."""
    for found in (clean(text, limit), clean_line(text, limit)):
        assert not unsafe(found)
        assert not commands(found)
        assert len(found) <= limit + _SAID
        found.encode("utf-8")
    assert "\n" not in clean_line(text, limit)


@quick(200)
@given(_texts)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    """What is clean already is not touched."""
    for once in (clean(text, 10_000), clean_line(text, 10_000)):
        assert clean(once, 20_000) == once
    once = clean_line(text, 10_000)
    assert clean_line(once, 20_000) == once


@quick(100)
@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters=":#")))
def test_plain_text_passes(text: str) -> None:
    """Letters, digits, signs and spaces of any script are left alone."""
    assert clean(text) == text
