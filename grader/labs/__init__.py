"""Labs for their authors and for grading: what a `checks.py` imports, and how checks are run.

A check is a plain pytest function that takes `lab`, is marked with `points`, and asserts:

    from grader.labs import Lab, points

    @points(2, hint="Each write is one commit; look at the table's history.")
    def test_append_is_the_second_commit(lab: Lab) -> None:
        assert lab.delta("rides").operations[:2] == ["CREATE TABLE AS SELECT", "WRITE"]
"""

from grader.labs.lab import Lab
from grader.labs.points import points

__all__ = ["Lab", "points"]
