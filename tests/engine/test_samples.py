"""The sample class: pinned grades, the same whoever runs it, in whatever order, twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
STUDENTS = ("alice", "bob", "carol", "dave")
#: Labs that only two students have handed in.
NOT_HANDED_IN = (
    "batch-deployment",
    "custom-flavors",
    "drift-monitoring",
    "drift-tests",
    "drift-types",
    "experiment-tracking",
    "feature-store-operations",
    "lifecycle-automation",
    "model-registry",
    "real-time-serving",
    "streaming-deployment",
)
#: Points per paper; whatever changes here changes what students were told.
POINTS: dict[str, dict[str, str]] = {
    "alice": {
        "practice-exam-1": "58",
        "practice-exam-2": "58",
        "quiz-1": "10",
        "quiz-2": "10",
        "quiz-3": "9",
        "quiz-4": "9",
        "batch-deployment": "16",
        "custom-flavors": "17",
        "delta-lake-operations": "15",
        "drift-monitoring": "17",
        "drift-tests": "16",
        "drift-types": "15",
        "experiment-tracking": "16",
        "feature-store-operations": "17",
        "lifecycle-automation": "16",
        "model-registry": "17",
        "real-time-serving": "17",
        "streaming-deployment": "16",
    },
    "bob": {
        "practice-exam-1": "35",
        "practice-exam-2": "39",
        "quiz-1": "7",
        "quiz-2": "8",
        "quiz-3": "7",
        "quiz-4": "6",
        "batch-deployment": "8",
        "custom-flavors": "9",
        "delta-lake-operations": "11",
        "drift-monitoring": "8",
        "drift-tests": "8",
        "drift-types": "7",
        "experiment-tracking": "5",
        "feature-store-operations": "8",
        "lifecycle-automation": "8",
        "model-registry": "8",
        "real-time-serving": "9",
        "streaming-deployment": "7",
    },
    "carol": {
        "practice-exam-1": "0",
        "practice-exam-2": "0",
        "quiz-1": "0",
        "quiz-2": "6",
        "quiz-3": "0",
        "quiz-4": "0",
        "delta-lake-operations": "7",
        **dict.fromkeys(NOT_HANDED_IN, "0"),
    },
    "dave": {
        "practice-exam-1": "0",
        "practice-exam-2": "0",
        "quiz-1": "0",
        "quiz-2": "0",
        "quiz-3": "2",
        "quiz-4": "0",
        "delta-lake-operations": "0",
        **dict.fromkeys(NOT_HANDED_IN, "0"),
    },
}
DECISIONS = {"alice": "pass", "bob": "fail", "carol": "fail", "dave": "fail"}
REVERSE = "def pytest_collection_modifyitems(items):\n    items.reverse()\n"


def run(folder: Path, *args: str) -> tuple[int, str]:
    """`pytest ARGS` in the repository, reports into `folder`."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *args]
    command += [f"--report-dir={folder}", "-q"]
    # As when nothing else runs: otherwise labs would not run side by side.
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_XDIST")}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str]:
    """The class graded once, labs side by side: reports, exit status, output."""
    folder = tmp_path_factory.mktemp("first")
    return folder, *run(folder, "--submission=submissions")


def record(folder: Path, student: str) -> dict[str, Any]:
    """A student's grade.json."""
    text = (folder / student / "grade.json").read_text(encoding="utf-8")
    grade: dict[str, Any] = json.loads(text)
    return grade


@pytest.mark.parametrize("student", STUDENTS)
def test_the_sample_grades_are_these(first: tuple[Path, int, str], student: str) -> None:
    """Points per paper and the decision of each sample student."""
    grade = record(first[0], student)
    totals = {**grade["totals"]["by_exam"], **grade["totals"]["by_lab"]}
    assert {k: t["points"] for k, t in totals.items()} == POINTS[student]
    assert grade["decision"] == DECISIONS[student]
    assert grade["sandbox"] in ("full", "bwrap")


def test_the_class_does_not_pass_and_nobody_met_a_fault(first: tuple[Path, int, str]) -> None:
    """Exit status 1: one of the four does not pass. No traceback is printed."""
    _, status, output = first
    assert status == 1
    assert "Traceback" not in output
    assert "grader fault" not in output.lower()


def test_the_unfinished_lab_earned_what_it_reached(first: tuple[Path, int, str]) -> None:
    """Carol's lab raises half-way; what came before it counts, the reason is told."""
    checks = {c["check"]: c for c in record(first[0], "carol")["checks"]}
    assert checks["test_tuesday_is_appended"]["verdict"] == "correct"
    assert checks["test_at_version_reads_that_version"]["verdict"] == "correct"
    late = checks["test_as_of_reads_that_moment"]
    assert late["verdict"] == "student-error"
    assert "the file stopped early" in late["reason"]


def test_malformed_files_are_named_with_their_place(first: tuple[Path, int, str]) -> None:
    """Every rejected input of Dave's is told once, where it stands."""
    told = {p["where"]: p["message"] for p in record(first[0], "dave")["problems"]}
    assert told == {
        "dave/submission.yaml:3:1": "unknown key `nickname`; known here: id, name",
        "dave/answers/quiz-1.yaml:5:8": "not valid YAML: did not find expected ',' or ']'",
        "dave/answers/quiz-2.yaml:1:7": (
            "this sheet is for 'quiz-3', and the file's name says 'quiz-2'"
        ),
        "dave/answers/quiz-3.yaml:3:10": "`q3-01`: must be null, text or a list (got the number 2)",
        "dave/answers/quiz-3.yaml:6:3": "q3-4 is not an item of quiz-3; did you mean 'q3-04'?",
        "dave/answers/quiz-3.yaml:10:3": "`q3-07` stands here and already in line 9; keep one",
        "dave/answers/quiz-4.yaml": "was not handed in",
        "dave/answers/quiz4.yaml": (
            "is no exam of this course and is not graded; did you mean 'quiz-4'?"
        ),
        "dave/answers/practice-exam-1.yaml": "was not handed in",
        "dave/answers/practice-exam-2.yaml": "was not handed in",
        "dave/labs/delta-lake.py": (
            "is no lab of this course and is not graded; did you mean 'delta-lake-operations'?"
        ),
        **{f"dave/labs/{lab}.py": "was not handed in" for lab in NOT_HANDED_IN},
    }


def test_the_class_grades_identically(first: tuple[Path, int, str], tmp_path: Path) -> None:
    """With two workers and in another order at once: byte for byte the same but for durations.

    The lab that ran first is now the last after all others, and nothing runs beside. Bob, whose
    labs take as long as Alice's and are mistaken, is left out.
    """
    students = ("alice", "carol", "dave")
    (tmp_path / "reverse_plugin.py").write_text(REVERSE)
    args = [f"--submission={student}" for student in students]
    args += ["-n", "2", "-p", "reverse_plugin", "-o", f"pythonpath={tmp_path}"]
    assert run(tmp_path / "reports", *args)[0] == 1
    for student in students:
        one, two = record(first[0], student), record(tmp_path / "reports", student)
        assert sorted(one.pop("durations")) == sorted(two.pop("durations"))
        assert json.dumps(one) == json.dumps(two)
        feedback = [f / student / "feedback.md" for f in (first[0], tmp_path / "reports")]
        assert feedback[0].read_bytes() == feedback[1].read_bytes()


@pytest.mark.smoke
def test_the_sources_letters_earn_everything(tmp_path: Path) -> None:
    """A sheet of the source's letters scores 100 % on every paper; flawed items void otherwise."""
    answers = tmp_path / "source" / "answers"
    answers.mkdir(parents=True)
    flawed = 0
    items = 0
    exams = sorted(p.stem for p in (ROOT / "bank" / "exams").glob("*.yaml"))
    for exam in exams:
        keys = yaml.safe_load((ROOT / "bank" / "keys" / f"{exam}.yaml").read_text())
        sheet = {"exam": exam, "answers": {i: k["answer"] for i, k in keys.items()}}
        (answers / f"{exam}.yaml").write_text(json.dumps(sheet))
        flawed += sum(k["status"] == "flawed" for k in keys.values())
        items += len(keys)
    chosen = [f"--exam={exam}" for exam in exams]
    for policy, maximum in (("source", items), ("verified", items - flawed)):
        folder = tmp_path / policy
        run(folder, f"--submission={tmp_path / 'source'}", *chosen, f"--key-policy={policy}")
        totals = record(folder, "source")["totals"]["by_exam"].values()
        assert sum(int(t["points"]) for t in totals) == maximum
        assert all(t["points"] == t["maximum"] for t in totals)
    assert flawed
