"""`grader.labs.schedule`: which lab goes to which station."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.labs.schedule import NEW_JVM, expected, wants_java, worth_a_jvm
from tests.builders import lab_spec


def test_a_lab_takes_what_its_author_has_measured() -> None:
    """Else what labs of its kind do: more with Spark than without, and most with everything."""
    kinds = [(), ("mlflow",), ("spark",), ("spark", "mlflow", "kafka")]
    assumed = [expected(replace(lab_spec(), runtime=r)) for r in kinds]
    assert assumed == sorted(assumed)
    assert 0 < assumed[0] < assumed[1] < assumed[2]
    assert expected(replace(lab_spec(), runtime=("spark",), seconds=0.5)) == 0.5


def test_only_spark_wants_java() -> None:
    """A Kafka broker is no part of Spark's JVM."""
    assert wants_java(replace(lab_spec(), runtime=("mlflow", "spark")))
    assert not wants_java(replace(lab_spec(), runtime=("mlflow", "workspace")))


@pytest.mark.parametrize(
    ("left", "costs", "chosen"),
    [
        (30.0, [8.0, 12.0, 10.0], 2),  # both sides are done after 20
        (40.0, [8.0, 12.0, 20.0], 1),  # a longer one would be done after 30
        (NEW_JVM + 8.0, [8.0], None),  # as soon as there
        (NEW_JVM + 9.0, [8.0], 0),
        (5.0, [2.0, 3.0], None),
        (0.0, [], None),
    ],
)
def test_a_jvm_is_worth_what_ends_all_sooner(
    left: float, costs: list[float], chosen: int | None
) -> None:
    """The lab with which both sides are done first, if that is sooner than without."""
    assert worth_a_jvm(left, costs) == chosen
