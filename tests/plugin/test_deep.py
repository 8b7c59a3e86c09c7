"""`--deep`: what is marked `deep` runs when it is asked for, and stays out otherwise."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import SOLUTION, Course

TESTS = """
import pytest

def test_quick():
    pass

@pytest.mark.deep
@pytest.mark.parametrize("n", [1, 2])
def test_slow(n):
    pass

class TestGroup:
    @pytest.mark.deep
    def test_method(self):
        pass
"""
MUTANTS = "\n".join(
    f"{name}: {{summary: Wrong., fails: [{check}], replace: [{{old: {old}, new: {new}}}]}}"
    for name, check, old, new in [
        ("adds_one", "test_adds", "a + b", "a + b + 1"),
        ("adds_two", "test_adds", "a + b", "a + b + 2"),
        ("no_order", "test_sorts", "sorted(values)", "values"),
        ("backwards", "test_sorts", "sorted(values)", "'sorted(values)[::-1]'"),
    ]
)
STUB = "def add(a, b):\n    raise NotImplementedError\n\n\norder = add\n"


@pytest.fixture
def tests(course: Course) -> Course:
    """Return a course with tests of its own, quick and deep."""
    course.write("tests/test_own.py", TESTS)
    return course


@pytest.mark.parametrize(
    ("args", "passed", "left_out"),
    [
        (["tests"], 1, 3),
        (["tests", "--deep"], 4, 0),
        (["tests", "-m", "deep"], 3, 1),
        (["tests", "-m", "not deep"], 1, 3),
        (["tests/test_own.py"], 1, 3),
        (["tests/test_own.py::test_slow"], 2, 0),
        (["tests/test_own.py::test_slow[2]"], 1, 0),
        (["tests/test_own.py::TestGroup"], 1, 0),
        (["tests/test_own.py::TestGroup::test_method"], 1, 0),
        (["tests/test_own.py::test_quick", "tests/test_own.py::test_slow[1]"], 2, 0),
    ],
)
def test_deep_tests_run_when_they_are_meant(
    tests: Course, args: list[str], passed: int, left_out: int
) -> None:
    """By the option, by `-m`, or by their own id; pytest's last line counts those left out."""
    result = tests.run(*args)
    result.assert_outcomes(passed=passed, deselected=left_out)


@pytest.fixture
def lab(course: Course) -> Course:
    """Return a course whose lab has two alternatives and four mutants."""
    for name, text in {
        "solution.py": SOLUTION,
        "stub.py": STUB,
        "alternatives/one.py": SOLUTION,
        "alternatives/two.py": SOLUTION,
        "mutants.yaml": MUTANTS,
    }.items():
        course.write(f"labs/tiny/{name}", text)
    return course


def names(course: Course, *args: str) -> list[str]:
    """Return the proofs of the lab that a run would make."""
    lines = course.run("labs", "--collect-only", "-q", *args).stdout.lines
    return [line.partition("::")[2] for line in lines if "lab.yaml::" in line]


QUICK = ["complete", "solution", "stub", "mutants/adds_one", "mutants/backwards"]


def test_a_quick_proof_has_a_few_variants(lab: Course) -> None:
    """Reference, stub, and mutants that fail each check between them."""
    assert names(lab) == QUICK
    everything = names(lab, "--deep")
    assert len(everything) == 10
    assert set(QUICK) < set(everything)
    assert sorted([*QUICK, *names(lab, "-m", "deep")]) == sorted(everything)


def test_a_proof_says_where_its_mutant_is_written(lab: Course) -> None:
    """File and line of the YAML, then what is not as it must be."""
    lab.write("labs/tiny/mutants.yaml", MUTANTS.replace("a + b + 1", "b + a"))
    result = lab.run("labs/tiny/lab.yaml::mutants/adds_one")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "labs/tiny/mutants.yaml:1: mutants/adds_one",
            "test_adds: must fail, and passed",
            "*1 failed*",
        ]
    )


def test_a_mutant_that_does_not_fit_is_an_error_of_collection(lab: Course) -> None:
    """With file, line, mutant and text; nothing of the lab is proved until it is mended."""
    lab.write("labs/tiny/mutants.yaml", MUTANTS.replace("old: sorted(values)", "old: sort(values)"))
    result = lab.run("labs")
    assert result.ret == 2
    result.stdout.fnmatch_lines(
        ["labs/tiny/mutants.yaml:3:*: no_order: the reference has no such text: 'sort(values)'"]
    )
