"""When reports are written, and what a run keeps of a student whose reports are."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import RIGHT, Course

#: Tells, as an item begins, whose reports there are; at the end, which of our records live on.
WATCH = """
import gc
from pathlib import Path

def pytest_runtest_logstart(nodeid):
    there = sorted(p.parent.name for p in Path("reports").glob("*/grade.json"))
    with Path("seen.txt").open("a") as out:
        print(nodeid, *there, file=out)

def pytest_unconfigure():
    gc.collect()
    kinds = (type(o) for o in gc.get_objects())
    ours = [k.__name__ for k in kinds if str(k.__module__).startswith("grader.")]
    Path("kept.txt").write_text(" ".join(ours))
"""


@pytest.fixture
def watched(course: Course) -> Course:
    """Three students without labs, one after the other, in a run that is looked at."""
    for name in ("ann", "ben", "cid"):
        course.student(name, {**RIGHT, "quiz-b": {"b-01": "A"}}, lab=None)
    course.write("conftest.py", WATCH)
    return course


EXAMS = ("--submission=submissions", "--exam=quiz-a", "--exam=quiz-b")


def test_reports_are_written_after_a_students_last_item(watched: Course) -> None:
    """Ann's are there when Ben's first item begins, and not before."""
    watched.run(*EXAMS)
    lines = (watched.root / "seen.txt").read_text().splitlines()
    seen = {line.split()[0]: line.split()[1:] for line in lines}
    assert seen["ann/quiz-b::b-02"] == []
    assert seen["ben/quiz-a::a-01"] == seen["ben/quiz-b::b-02"] == ["ann"]
    assert seen["cid/quiz-a::a-01"] == ["ann", "ben"]


def test_nothing_is_kept_of_a_student_who_is_done(watched: Course) -> None:
    """At the end no result and no grade lives on; as many sheets as there are take no more."""
    watched.apart(*EXAMS)
    kept = (watched.root / "kept.txt").read_text().split()
    assert "GradedItem" in kept  # pytest keeps items, so the look was not in vain
    assert {"Result", "Grade", "Total", "Sheet"}.isdisjoint(kept)


def test_a_run_cut_short_writes_whom_it_was_at(watched: Course) -> None:
    """The first student's grade is whole, the second's a part, and the third has none."""
    result = watched.run(*EXAMS, "--maxfail=3")
    assert result.ret == 1
    assert [watched.grade(n)["not_run"] for n in ("ann", "ben")] == [2, 3]
    assert not (watched.root / "reports" / "cid").exists()


def test_the_order_of_a_run_is_not_that_of_its_summary(watched: Course) -> None:
    """Students come in the order of the command line, whoever was done first."""
    watched.write("conftest.py", "def pytest_collection_modifyitems(items):\n    items.reverse()\n")
    result = watched.run(*EXAMS)
    found = [line.split()[3] for line in result.outlines if "grade of" in line]
    assert found == ["ann", "ben", "cid"]


def test_durations_still_show_where_time_went(watched: Course) -> None:
    """An item is decided in its setup, and `--durations` lists it."""
    result = watched.run(*EXAMS, "--durations=0", "-vv")
    result.stdout.fnmatch_lines(["*s setup *ann/quiz-a::a-01*"])


def test_a_report_that_cannot_be_written_costs_no_other(watched: Course) -> None:
    """It is a fault that is told, and the rest of the class is graded."""
    watched.write("reports/ben", "in the way")
    result = watched.run(*EXAMS)
    assert result.ret == 3
    result.stdout.fnmatch_lines(["*grader fault: ben: *the report cannot be written: *"])
    assert [watched.grade(n)["not_run"] for n in ("ann", "cid")] == [2, 2]
