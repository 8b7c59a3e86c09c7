"""Answer sheets: always a grade or a clear message, never a traceback, never a hang."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties import promises
from tests.properties.profile import quick
from tests.properties.sheets import VALUES, bombs, sheets, spelt

pytestmark = pytest.mark.timeout(120)


@quick(120)
@given(sheets((100, 3000)))
def test_any_bytes_are_graded(raw: bytes) -> None:
    """Whatever a sheet holds, there is a grade with clean reports; the other paper is untouched."""
    promises.sheet(raw)


@quick(6)
@given(bombs((100_000, 130_000, 140_000, 1 << 20)))
def test_bombs_are_graded_in_time(raw: bytes) -> None:
    """A sheet as large as it may be, or larger, takes seconds at the very most."""
    promises.sheet(raw)


@pytest.mark.smoke
@quick(30)
@given(spelt("quiz-1"))
def test_a_sound_sheet_is_marked_however_it_is_spelt(pair: tuple[dict[str, Any], bytes]) -> None:
    """Blocks, flow, quotes, line ends and a byte order mark make no difference to the marks."""
    answers, raw = pair
    grade = promises.sheet(raw)
    plain = promises.sheet(promises.plainly(answers))
    assert promises.essence(grade, "quiz-1") == promises.essence(plain, "quiz-1")
    assert not grade.problems


_LINES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("q1-01", "q1-02", "q2-01", "x"), st.sampled_from(VALUES[:20]))
)


@quick(30)
@given(_LINES.flatmap(lambda lines: st.tuples(st.just(lines), st.permutations(sorted(lines)))))
def test_the_order_of_the_lines_is_nothing(drawn: tuple[dict[str, str], list[str]]) -> None:
    """Marks and reasons of a shuffled sheet are those of the sheet."""
    lines, order = drawn

    def grade(keys: list[str]) -> list[Any]:
        text = "exam: quiz-1\nanswers:\n" + "".join(f"  {k}: {lines[k]}\n" for k in keys)
        return promises.essence(promises.sheet(text.encode()), "quiz-1")

    assert grade(order) == grade(sorted(lines))


@pytest.mark.parametrize(("key", "told"), [('""', "''"), ('"\\u200b"', "'\\u200b'")])
def test_a_key_that_cannot_be_seen_is_spelt_out(key: str, told: str) -> None:
    """A message about nothing at all would help nobody."""
    grade = promises.sheet(f"exam: quiz-1\nanswers: {{{key}: A}}\n".encode())
    assert f"{told} is not an item of quiz-1" in [p.message for p in grade.problems]
