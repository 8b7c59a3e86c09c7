"""`display` with tables."""

from __future__ import annotations

import pandas as pd
import pytest

from grader.guest.display import ROWS, display


class SparkFrame:
    """Looks like a DataFrame of Spark's, as far as `display` looks."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame

    def limit(self, count: int) -> SparkFrame:
        """The first rows."""
        return SparkFrame(self.frame.head(count))

    def toPandas(self) -> pd.DataFrame:  # noqa: N802 - the name is Spark's
        """A pandas table."""
        return self.frame


@pytest.mark.parametrize("spark", [False, True])
def test_a_table_is_displayed_by_its_first_rows(
    spark: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Spark table is never collected whole, a pandas table never printed whole."""
    table = pd.DataFrame({"number": range(10_000)})
    display(SparkFrame(table) if spark else table)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["number"]
    assert [line.split() for line in lines[1:]] == [[str(i), str(i)] for i in range(ROWS)]
