"""What a pytest user expects of `pytest --submission=...`."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import xmlschema

from tests.plugin.conftest import RIGHT, SOLUTION, Course


def test_a_perfect_submission_passes(course: Course) -> None:
    """Every item and check is a test with a readable id; exit status 0; a report is written."""
    course.student("ann")
    result = course.apart("--submission=ann/", "-v")
    assert result.ret == 0
    result.assert_outcomes(passed=7)
    result.stdout.fnmatch_lines(
        [
            "ann/quiz-a::a-01 PASSED*",
            "ann/quiz-b::b-02 PASSED*",
            "ann/tiny::test_adds PASSED*",
            "*PASS: 8 of 8 points (100.0 %)*",
        ]
    )
    grade = course.grade("ann")
    assert grade["decision"] == "pass"
    assert grade["totals"]["overall"] == {"points": "8", "maximum": "8"}
    assert grade["sandbox"] in ("full", "bwrap")


def test_a_failing_submission_says_what_was_wrong(course: Course) -> None:
    """A short text with the answer, the points and the hint; no traceback; exit status 1."""
    wrong = {"quiz-a": {"a-01": "C", "a-02": "C", "a-03": ["A", "B"]}, "quiz-b": {"b-01": None}}
    course.student("ben", wrong, lab="def add(a, b):\n    return a - b\n")
    result = course.run("--submission=ben")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*_ ben/quiz-a::a-01 _*",
            "wrong: answered C; 0 of 1 point",
            "hint: Review Tables; see Manual: tables",
            "unanswered: not answered; 0 of 1 point",
            "wrong: does not do what the task asks; 0 of 1 point",
            "unanswered: the file defines no 'order' (or stopped before it); 0 of 2 points",
            "*FAIL: 1 of 8 points (12.5 %); 70.0 % passes",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*Error*")
    verdicts = {i["id"]: (i["verdict"], i["points"]) for i in course.grade("ben")["items"]}
    assert verdicts["a-02"] == ("correct", "1")  # disputed: C is accepted too
    assert verdicts["a-03"] == ("wrong", "0")  # one hit, one false alarm: nothing left
    assert verdicts["b-01"] == ("unanswered", "0")
    assert verdicts["b-02"] == ("unanswered", "0")


def test_partial_credit_is_exact(course: Course) -> None:
    """Half of a multiple-select item is the fraction 1/2."""
    course.student("eve", {**RIGHT, "quiz-a": {**RIGHT["quiz-a"], "a-03": ["A"]}})
    assert course.run("--submission=eve").ret == 0
    grade = course.grade("eve")
    entry = next(i for i in grade["items"] if i["id"] == "a-03")
    assert (entry["verdict"], entry["points"], entry["given"]) == ("partial", "1/2", ["A"])
    assert grade["totals"]["overall"]["points"] == "15/2"


def test_pytest_alone_grades_nothing(course: Course) -> None:
    """Without --submission no submission is collected, read or reported on."""
    course.student("ann")
    course.write("submissions/ann/test_trap.py", "def test_trap():\n    assert False\n")
    course.write("tests/test_own.py", "def test_own():\n    pass\n")
    result = course.run("tests")
    result.assert_outcomes(passed=1)
    assert not (course.root / "reports").exists()


def test_given_alone_it_collects_no_tests(course: Course) -> None:
    """--submission leaves the project's tests out; with paths, both run."""
    course.student("ann")
    course.write("tests/test_own.py", "def test_own():\n    pass\n")
    course.run("--submission=ann").assert_outcomes(passed=7)
    course.run("--submission=ann", "tests").assert_outcomes(passed=8)


def test_a_variant_of_a_lab_is_no_test_module(course: Course) -> None:
    """Whatever its file is called: pytest does not import it."""
    course.write("labs/tiny/solution.py", "")
    course.write("labs/tiny/stub.py", "")
    for name in ("test_by_hand", "counts_no_test"):
        text = '"""Wrong.\n\nFails: test_adds\n"""\nraise SystemExit("trapped")\n'
        course.write(f"labs/tiny/mutants/{name}.py", text)
    result = course.run("labs", "--collect-only", "-q")
    assert result.ret == 0
    shown = result.stdout.str()
    assert "lab.yaml::mutants/test_by_hand" in shown
    assert "trapped" not in shown + result.stderr.str()


def test_nothing_of_a_submission_is_collected_or_imported(course: Course) -> None:
    """A student's conftest, tests, ini files and shadowing modules change nothing."""
    folder = course.student("mal")
    trap = "raise SystemExit('trapped')\n"
    for name in ("conftest.py", "test_x.py", "labs/conftest.py", "sitecustomize.py", "yaml.py"):
        (folder / name).write_text(trap)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --exitfirst --collect-only\n")
    result = course.apart("--submission=mal")
    result.assert_outcomes(passed=7)
    assert result.ret == 0
    assert "trapped" not in result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize(
    ("args", "ids"),
    [
        (["-k", "a-01 or sorts"], ["ann/quiz-a::a-01", "ann/tiny::test_sorts"]),
        (["-k", "quiz-b"], ["ann/quiz-b::b-01", "ann/quiz-b::b-02"]),
        (["-k", "endpoints and not tiny"], ["ann/quiz-a::a-03", "ann/quiz-b::b-02"]),
        (["-m", "exam(id='quiz-b')"], ["ann/quiz-b::b-01", "ann/quiz-b::b-02"]),
        (["-m", "lab"], ["ann/tiny::test_adds", "ann/tiny::test_sorts"]),
        (["-m", "topic(id='files')"], ["ann/quiz-a::a-02"]),
        (["--exam=quiz-b"], ["ann/quiz-b::b-01", "ann/quiz-b::b-02"]),
        (["--lab=tiny"], ["ann/tiny::test_adds", "ann/tiny::test_sorts"]),
        (["--domain=storage", "--exam=quiz-a"], ["ann/quiz-a::a-01", "ann/quiz-a::a-02"]),
        (["ann/quiz-a::a-02"], ["ann/quiz-a::a-02"]),
        (
            ["ann/tiny::test_adds", "ann/quiz-b"],
            ["ann/quiz-b::b-01", "ann/quiz-b::b-02", "ann/tiny::test_adds"],
        ),
    ],
)
def test_a_run_can_be_narrowed(course: Course, args: list[str], ids: list[str]) -> None:
    """-k, -m, options and node ids select, and --co lists them without grading."""
    course.student("ann")
    result = course.run("--submission=ann", "--co", "-q", *args)
    assert [line for line in result.outlines if "::" in line] == ids
    assert not (course.root / "reports").exists()


def test_a_narrowed_run_is_partial_and_never_a_pass(course: Course) -> None:
    """What did not run is named, keeps its maximum and has no score."""
    course.student("ann")
    result = course.run("--submission=ann", "--exam=quiz-a")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*PARTIAL: 3 of 7 items and checks were graded: 3 of 3 points; a part decides nothing"]
    )
    result.stdout.no_fnmatch_line("*PASS:*")
    grade = course.grade("ann")
    assert (grade["decision"], grade["not_run"]) == ("partial", 4)
    assert grade["totals"]["overall"] == {"points": "3", "maximum": "8"}
    assert list(grade["bands"]) == ["quiz-a"]
    assert {i["points"] for i in grade["items"] if i["verdict"] == "not-run"} == {None}


def test_exitfirst_stops_and_is_partial(course: Course) -> None:
    """-x ends the run at the first lost point; the rest did not run."""
    course.student("ben", {**RIGHT, "quiz-a": {**RIGHT["quiz-a"], "a-02": "D"}})
    result = course.run("--submission=ben", "-x")
    assert result.ret == 1
    assert course.grade("ben")["not_run"] == 5


def test_last_failed_runs_what_failed(course: Course) -> None:
    """--lf selects the failed item of the run before."""
    course.student("ben", {**RIGHT, "quiz-a": {**RIGHT["quiz-a"], "a-02": "D"}})
    course.cached("--submission=ben")
    result = course.cached("--submission=ben", "--lf", "-v")
    result.assert_outcomes(failed=1, deselected=6)


def test_submissions_may_be_many(course: Course) -> None:
    """The option repeats, takes paths, names and folders of submissions."""
    course.student("ann")
    course.student("ben", {"quiz-a": {}}, lab=None)
    course.run("--submission=ann", "--submission=submissions/ben").assert_outcomes(
        passed=7, failed=7
    )
    result = course.run("--submission=submissions")
    assert result.ret == 1  # one of them does not pass
    assert course.grade("ann")["decision"] == "pass"
    assert course.grade("ben")["decision"] == "fail"


def test_other_tests_fail_the_run_too(course: Course) -> None:
    """A pass of the submission does not hide a failing test given beside it."""
    course.student("ann")
    course.write("tests/test_own.py", "def test_own():\n    assert False\n")
    assert course.run("--submission=ann", "tests").ret == 1


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--submission=anm"], "*no submission 'anm'*did you mean 'ann'?*"),
        (["--submission=ann", "--exam=quiz-c"], "*--exam: no exam 'quiz-c'; did you mean 'quiz-*"),
        (["--submission=ann", "--lab=zzz"], "*--lab: no lab 'zzz'; there are tiny*"),
        (["--submission=ann", "--domain=server"], "*--domain: no domain 'server'; did you*"),
        (["--submission=ann", "--pass-mark=70"], "*--pass-mark must be a share such as 70%*"),
        (["--submission=bank"], "*is not a submission: it holds none of answers/*"),
        (["--submission=ann", "ann/quiz-a::zz"], "*not found: ann/quiz-a::zz*"),
    ],
)
def test_wrong_usage_is_told(course: Course, args: list[str], message: str) -> None:
    """Exit status 4 and one sentence."""
    course.student("ann")
    result = course.run(*args)
    assert result.ret == 4
    (result.stderr if result.stderr.str().strip() else result.stdout).fnmatch_lines([message])


def test_the_pass_mark_can_be_set(course: Course) -> None:
    """--pass-mark takes per cent, decimals and fractions, and decides."""
    course.student("ben", {**RIGHT, "quiz-b": {"b-01": "A", "b-02": "A"}})
    assert course.run("--submission=ben", "--pass-mark=3/4").ret == 0
    assert course.run("--submission=ben", "--pass-mark=75%").ret == 0
    assert course.run("--submission=ben", "--pass-mark=0.76").ret == 1


def test_the_verified_policy_voids_flawed_items(course: Course) -> None:
    """A void item is skipped, has nothing to earn, and the denominator shrinks visibly."""
    course.student("ben", {**RIGHT, "quiz-b": {"b-01": "A", "b-02": "C"}})
    result = course.run("--submission=ben", "--key-policy=verified", "-rs")
    result.assert_outcomes(passed=6, skipped=1)
    result.stdout.fnmatch_lines(["*PASS: 7 of 7 points (100.0 %), 1 items void;*"])
    grade = course.grade("ben")
    assert grade["totals"]["by_exam"]["quiz-b"] == {"points": "1", "maximum": "1"}


@pytest.mark.parametrize("level", ["score", "hints", "full"])
def test_no_key_is_shown_below_full(
    course: Course, capfd: pytest.CaptureFixture[str], level: str
) -> None:
    """Nothing that the run prints or writes holds a key, an explanation or an expected value."""
    wrong = {"quiz-a": {"a-01": "A", "a-02": "B", "a-03": ["D"]}, "quiz-b": {"b-01": "A"}}
    course.student("ben", wrong, lab="def add(a, b):\n    return 0\n")
    for policy in ("source", "verified"):
        args = ("--submission=ben", f"--feedback={level}", f"--key-policy={policy}")
        result = course.run(*args, "-rA", "--junitxml=reports/junit.xml")
        everything = "".join(capfd.readouterr())  # of every process, and what `result` holds
        everything += "".join(p.read_text() for p in (course.root / "reports").rglob("*.*"))
        assert ("SECRET" in everything) is (level == "full")
        assert ("hint" in result.stdout.str().replace("hints", "")) is (level != "score")


def cases(path: Path) -> list[tuple[str, list[tuple[str, str]]]]:
    """The cases of a JUnit file, each with its properties."""
    return sorted(
        (
            str(c.get("name")),
            sorted((str(p.get("name")), str(p.get("value"))) for p in c.iter("property")),
        )
        for c in ET.parse(path).iter("testcase")
    )


@pytest.fixture
def two(course: Course) -> Course:
    """Two students, each of whom has lost points. `-vv` reverses the order of items."""
    course.student("ann", {**RIGHT, "quiz-a": {"a-01": "A", "a-03": ["A"]}})
    course.student("ben", lab=SOLUTION.replace("sorted(values)", "values"))
    course.write(
        "conftest.py",
        "def pytest_collection_modifyitems(config, items):\n"
        "    if config.getoption('verbose') == 2:\n"
        "        items.reverse()\n",
    )
    return course


def graded(course: Course, folder: str, *args: str) -> list[Any]:
    """The grades of the two, and what they are told, as a run into `folder` leaves them."""
    course.run("--submission=submissions", f"--report-dir={folder}", *args)
    told = [(course.root / folder / n / "feedback.md").read_bytes() for n in ("ann", "ben")]
    return [course.grade("ann", folder), course.grade("ben", folder), *told]


def test_xdist_gives_the_same_grade(two: Course, xsd: xmlschema.XMLSchema) -> None:
    """-n 2, the default order and a reversed order agree byte for byte.

    So do the JUnit files, which hold the same cases with the same properties, whoever ran them.
    """
    alone = graded(two, "one", "--junitxml=one.xml")
    assert graded(two, "two", "--junitxml=two.xml", "-n", "2") == alone
    assert graded(two, "three", "-vv") == alone
    for junit in ("one.xml", "two.xml"):
        xsd.validate(str(two.root / junit))
    assert cases(two.root / "one.xml") == cases(two.root / "two.xml")


@pytest.mark.deep  # workers by another scheduler of xdist's, which nobody but it tells apart
def test_xdist_may_share_out_by_stealing(two: Course) -> None:
    """With another scheduler nothing is graded otherwise."""
    assert graded(two, "two", "-n", "2", "--dist=worksteal") == graded(two, "one")


def test_a_strict_umask_is_no_fault(course: Course) -> None:
    """A grader that runs with umask 077 still lets its guests read what they are given."""
    course.student("ann")
    before = os.umask(0o077)
    try:
        assert course.run("--submission=ann").ret == 0
    finally:
        os.umask(before)


def test_it_runs_without_xdist_and_without_a_cache(course: Course) -> None:
    """Plugins that a user switches off are not missed."""
    course.student("ann")
    assert course.apart("--submission=ann", "-p", "no:xdist", "-p", "no:timeout").ret == 0
