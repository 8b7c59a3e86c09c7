"""`grader.core.grade`: the record of a submission and its JSON form."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from grader.core.grade import Problem, to_json
from grader.core.model import Bank
from grader.core.tally import Total
from grader.core.verdict import Result, Verdict
from tests.builders import bank, exam, grade, lab_spec, question, result, schemas

COURSE = bank(
    [question("q1-01"), question("q1-02", topic="files"), question("q2-01", kind="multiple")],
    [exam("quiz-1", ["q1-01", "q1-02"]), exam("quiz-2", ["q2-01"])],
)
LABS = [lab_spec("tiny", {"test_one": "1", "test_two": "3/2"})]


def check(name: str, verdict: Verdict, points: str | None, maximum: str) -> Result:
    """A check of the lab `tiny`."""
    return result(
        verdict, points, maximum, name=name, paper="tiny", domain="serving", topic="endpoints"
    )


EVERYTHING = (
    check("test_two", Verdict.CORRECT, "3/2", "3/2"),
    check("test_one", Verdict.WRONG, "0", "1"),
    result(Verdict.PARTIAL, "1/3", name="q2-01", paper="quiz-2", given=("A", "C")),
    result(Verdict.CORRECT, "1", name="q1-02", topic="files", given="B"),
    result(Verdict.UNANSWERED, "0", name="q1-01"),
)


def test_entries_come_in_the_order_of_the_course() -> None:
    """However a run was ordered, a grade lists items and checks as the course does."""
    got = grade(COURSE, *EVERYTHING, labs=LABS)
    assert [r.name for r in got.results] == ["q1-01", "q1-02", "q2-01", "test_one", "test_two"]
    assert to_json(got) == to_json(grade(COURSE, *reversed(EVERYTHING), labs=LABS))


def test_totals_are_counted_per_exam_lab_domain_and_topic() -> None:
    """Each grouping adds up the same results, exactly."""
    got = to_json(grade(COURSE, *EVERYTHING, labs=LABS))["totals"]
    assert got == {
        "overall": {"points": "17/6", "maximum": "11/2"},
        "by_exam": {
            "quiz-1": {"points": "1", "maximum": "2"},
            "quiz-2": {"points": "1/3", "maximum": "1"},
        },
        "by_lab": {"tiny": {"points": "3/2", "maximum": "5/2"}},
        "by_domain": {
            "storage": {"points": "4/3", "maximum": "3"},
            "serving": {"points": "3/2", "maximum": "5/2"},
        },
        "by_topic": {
            "tables": {"points": "1/3", "maximum": "2"},
            "files": {"points": "1", "maximum": "1"},
            "endpoints": {"points": "3/2", "maximum": "5/2"},
        },
    }


def test_what_did_not_run_stays_in_the_denominator() -> None:
    """A run of one item is a part: the rest is listed as not run, worth what it is worth."""
    got = grade(COURSE, EVERYTHING[3], labs=LABS)
    assert got.overall == Total(Fraction(1), Fraction(11, 2))
    assert (got.not_run, got.decision) == (4, "partial")
    missing = next(r for r in got.checks if r.name == "test_two")
    assert (missing.verdict, missing.points, missing.maximum) == (
        Verdict.NOT_RUN,
        None,
        Fraction(3, 2),
    )


def test_void_items_shrink_every_denominator() -> None:
    """A void item leaves its exam, its topic and the whole with less to earn."""
    void = result(Verdict.VOID, 0, 0, name="q1-01")
    got = grade(COURSE, void, *EVERYTHING[:4], labs=LABS, key_policy="verified")
    assert got.by_exam["quiz-1"] == Total(Fraction(1), Fraction(1))
    assert got.by_topic["tables"] == Total(Fraction(1, 3), Fraction(1))
    assert got.overall.maximum == Fraction(9, 2)


@pytest.mark.parametrize("verdict", [Verdict.NOT_RUN, Verdict.GRADER_FAULT])
def test_a_band_is_reached_only_by_a_whole_exam(verdict: Verdict) -> None:
    """An exam with an item that has no score is in no band, and the other exam is."""
    hole = result(verdict, None, name="q1-01")
    got = grade(COURSE, hole, *EVERYTHING[:4], labs=LABS)
    assert list(got.bands) == ["quiz-2"]


def test_a_paper_of_void_items_has_no_band() -> None:
    """Where there was nothing to earn nothing was reached; a whole of nothing decides nothing."""
    voids = [result(Verdict.VOID, 0, 0, name=n) for n in ("q1-01", "q1-02")]
    got = grade(COURSE, *voids, EVERYTHING[2], key_policy="verified", pass_mark="0")
    assert list(got.bands) == ["quiz-2"]
    assert got.decision == "pass"
    alone = bank([question("q1-01")], [exam("quiz-1", ["q1-01"], pass_mark="0")])
    got = grade(alone, voids[0], key_policy="verified", pass_mark="0")
    assert (list(got.bands), got.decision) == ([], "partial")
    assert got.overall.maximum == 0


def test_an_exam_passes_by_its_own_mark() -> None:
    """The pass mark of a paper is the paper's, whatever the run's is."""
    easy = bank([question("q1-01")], [exam("quiz-1", ["q1-01"], pass_mark="0")])
    got = grade(easy, result(Verdict.WRONG, 0), pass_mark="1")
    assert (got.bands["quiz-1"].passed, got.bands["quiz-1"].label) == (True, "Base")
    assert got.decision == "fail"


def test_a_fault_has_no_points_in_the_record() -> None:
    """`points` is null for a fault and for what did not run, never "0"."""
    fault = result(Verdict.GRADER_FAULT, None, name="q1-01", reason="no Java")
    got = to_json(grade(COURSE, fault))
    assert [i["points"] for i in got["items"]] == [None, None, None]
    assert (got["decision"], got["not_run"]) == ("grader-fault", 2)


def test_the_record_fits_its_schema_and_survives_json() -> None:
    """grade.json is what schema/grade.schema.json says, and only that."""
    problems = [Problem("alice/answers/quiz-1.yaml:3:1", "unknown key")]
    times = {"quiz-1": 0.12345, "tiny": 12.0}
    got = to_json(grade(COURSE, *EVERYTHING, labs=LABS, problems=problems, durations=times))
    assert json.loads(json.dumps(got)) == got
    assert [e.message for e in schemas().validator("grade").iter_errors(got)] == []
    assert got["durations"] == {"quiz-1": 0.123, "tiny": 12.0}
    assert got["problems"] == [{"where": "alice/answers/quiz-1.yaml:3:1", "message": "unknown key"}]


def test_an_answer_is_recorded_as_letters() -> None:
    """One letter is a text, several are a list, none is null."""
    got = to_json(grade(COURSE, *EVERYTHING))
    assert [i["given"] for i in got["items"]] == [None, "B", ["A", "C"]]


def test_only_durations_differ_between_runs() -> None:
    """Two runs with other clocks give the same record but for `durations`."""
    one = to_json(grade(COURSE, *EVERYTHING, labs=LABS, durations={"quiz-1": 1.0}))
    two = to_json(grade(COURSE, *EVERYTHING, labs=LABS, durations={"quiz-1": 2.0}))
    assert one.pop("durations") != two.pop("durations")
    assert one == two


def test_an_empty_course_decides_nothing() -> None:
    """No items and no checks: a part, with nothing to earn."""
    empty: Bank = bank()
    got = grade(empty)
    assert (got.decision, got.overall) == ("partial", Total(Fraction(0), Fraction(0)))
