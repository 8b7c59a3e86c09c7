"""`grader.labs.shapes.misfit`: a sentence or nothing, whatever a student's code answered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.clean import clean_line
from grader.labs.shapes import misfit
from tests.properties.profile import quick
from tests.properties.replies import values
from tests.properties.texts import unsafe

pytestmark = pytest.mark.timeout(120)

#: Shapes as checks write them.
_shapes: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from((int, float, str, bool, None, Any, object, list, dict)),
    lambda inner: st.one_of(
        inner.map(list.__class_getitem__),
        inner.map(lambda s: dict.__class_getitem__((str, s))),
        st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1] if _joins(pair) else pair[0]),
    ),
    max_leaves=5,
)


def _joins(pair: tuple[Any, Any]) -> bool:
    """Whether `|` takes both: `None` alone and `object` it does, two of None not."""
    return pair != (None, None)


@quick(150)
@given(values, _shapes)
def test_a_value_fits_or_is_told_why_not(value: Any, shape: Any) -> None:
    """Never an exception, and a message that is short once it is cleaned."""
    told = misfit(value, shape)
    assert isinstance(told, str)
    assert not unsafe(clean_line(told))


@quick(100)
@given(values)
def test_a_value_has_its_own_shape(value: Any) -> None:
    """The type that a value evidently has fits it."""
    assert misfit(value, type(value)) == ""
    assert misfit([value, value], list[type(value)]) == ""  # type: ignore[misc] # built at run time
    assert misfit({"a": value}, dict[str, Any]) == ""
