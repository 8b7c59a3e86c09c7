"""`grader.labs.checking`: from what a check does to a verdict; a fake session, no sandbox."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from grader.core.feedback import check_result
from grader.core.model import Feedback
from grader.core.verdict import Result, Verdict
from grader.errors import CourseError, SandboxFault, StudentError
from grader.labs import Lab
from grader.labs.checking import decided, run_check
from grader.labs.lab import WrongShape
from grader.labs.load import LoadedLab
from grader.labs.session import LabSession, seed_of
from tests.builders import lab_spec, write


def lab_of(check: Callable[[Lab], None], points: str = "3/2") -> LoadedLab:
    """A lab with this one check."""
    return LoadedLab(
        lab_spec("tiny", {"test_one": points}), Path("labs/tiny"), {"test_one": check}, None
    )


def session(
    answer: Any = None, *, stopped: str = "", printed: str = "", data: dict[str, Any] | None = None
) -> LabSession:
    """A session whose every request is answered with `answer`, raised if it is an exception."""

    def ask(role: str, op: str, **fields: Any) -> Any:
        if isinstance(answer, BaseException):
            raise answer
        return answer(role, op, fields) if callable(answer) else answer

    fake = SimpleNamespace(ask=ask, stopped=stopped, printed=printed, data=data or {}, answers={})
    return cast(LabSession, fake)


def run(check: Callable[[Lab], None], on: LabSession) -> Result:
    """The result of `check` on a session."""
    lab = lab_of(check)
    return run_check(lab, lab.spec.checks[0], on)


def reads_a_number(lab: Lab) -> None:
    """A check that wants 42."""
    if lab.value("x", returns=float) != 42:
        raise AssertionError("x must be 42")  # `assert` would be rewritten here, as no check is


def test_a_check_that_passes_earns_all_its_points() -> None:
    """Every field of the entry comes from the lab's definition."""
    got = run(reads_a_number, session(42))
    spec = lab_of(reads_a_number).spec
    assert got == Result(
        paper="tiny",
        name="test_one",
        domain="serving",
        topic="endpoints",
        verdict=Verdict.CORRECT,
        points=spec.points,
        maximum=spec.points,
        reason="",
        hint="hint of test_one",
    )


@pytest.mark.parametrize(
    ("answer", "stopped", "verdict", "reason"),
    [
        (41, "", Verdict.WRONG, "x must be 42"),
        ("42", "", Verdict.WRONG, "x must be a number (got '42')"),
        (None, "", Verdict.WRONG, "x must be a number (got None)"),
        (float("nan"), "", Verdict.WRONG, "x must be 42"),
        (
            StudentError("x raised KeyError: 'a'"),
            "",
            Verdict.STUDENT_ERROR,
            "x raised KeyError: 'a'",
        ),
        (
            StudentError("time: more than 60 s", "timeout"),
            "",
            Verdict.STUDENT_ERROR,
            "time: more than 60 s",
        ),
        (StudentError("out of memory", "memory"), "", Verdict.STUDENT_ERROR, "out of memory"),
        (StudentError("ended by itself", "ended"), "", Verdict.STUDENT_ERROR, "ended by itself"),
        (StudentError("not valid JSON", "output"), "", Verdict.STUDENT_ERROR, "not valid JSON"),
        (StudentError("defines no 'x'", "missing"), "", Verdict.UNANSWERED, "defines no 'x'"),
        (
            StudentError("defines no 'x'", "missing"),
            "NameError: y (line 3)",
            Verdict.STUDENT_ERROR,
            "defines no 'x' [the file stopped early: NameError: y (line 3)]",
        ),
        (
            41,
            "NameError: y (line 3)",
            Verdict.WRONG,
            "x must be 42 [the file stopped early: NameError: y (line 3)]",
        ),
        (
            StudentError("out of memory", "ended"),
            "out of memory",
            Verdict.STUDENT_ERROR,
            "out of memory",
        ),
        (42, "NameError: y (line 3)", Verdict.CORRECT, ""),
    ],
)
def test_a_failure_is_the_answers_the_codes_or_not_written(
    answer: object, stopped: str, verdict: Verdict, reason: str
) -> None:
    """Wrong, student-error and unanswered earn nothing; a file that stopped early says so."""
    got = run(reads_a_number, session(answer, stopped=stopped))
    assert (got.verdict, check_result(got, "full").reason) == (verdict, reason)
    assert got.points == (got.maximum if verdict is Verdict.CORRECT else 0)


@pytest.mark.parametrize(
    "error",
    [
        SandboxFault("bwrap is gone"),
        CourseError("bad lab"),
        KeyError("station"),
        RecursionError("too deep"),
        MemoryError(),
        OSError("disk full"),
        SystemExit(0),
        GeneratorExit(),
    ],
)
def test_anything_else_is_our_fault_and_no_zero(error: BaseException) -> None:
    """An exception that is neither the student's nor an assertion leaves no score."""
    got = run(reads_a_number, session(error))
    assert (got.verdict, got.points) == (Verdict.GRADER_FAULT, None)
    assert got.reason.endswith(f"{type(error).__name__}: {error}".strip())


@pytest.mark.parametrize(
    ("feedback", "reason"),
    [
        ("score", "does not do what the task asks [the file stopped early: NameError: y]"),
        ("hints", "does not do what the task asks [the file stopped early: NameError: y]"),
        ("full", "x must be 42 [the file stopped early: NameError: y]"),
    ],
)
def test_why_a_file_stopped_is_told_at_every_level(feedback: Feedback, reason: str) -> None:
    """What a check expected is cut out of its reason, and the student's own error is left in."""
    got = run(reads_a_number, session(41, stopped="NameError: y"))
    assert check_result(got, feedback).reason == reason


def test_an_interrupt_is_not_swallowed() -> None:
    """Ctrl-C ends the run."""
    with pytest.raises(KeyboardInterrupt):
        run(reads_a_number, session(KeyboardInterrupt()))


def load_check(folder: Path, body: str) -> Callable[[Lab], None]:
    """A check from a file of its own, with pytest's rewriting of assertions out of the way."""
    path = write(folder / "tiny/checks.py", f"def test_one(lab):\n{body}")
    spec = importlib.util.spec_from_file_location("tiny_checks_for_a_test", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast(Callable[[Lab], None], module.test_one)


def test_a_fault_names_the_line_of_the_check(tmp_path: Path) -> None:
    """The author of a broken check is told where it broke, not where Python noticed."""
    check = load_check(tmp_path, "    rows = lab.data\n    int('seven')\n")
    assert run(check, session()).reason == (
        "tiny/checks.py:3: ValueError: invalid literal for int() with base 10: 'seven'"
    )


def test_a_fault_below_the_check_still_names_the_check(tmp_path: Path) -> None:
    """Where the exception comes from deeper code, the line of the check is told."""
    check = load_check(tmp_path, "    import json\n    json.loads('{')\n")
    assert run(check, session()).reason.startswith("tiny/checks.py:3: JSONDecodeError: ")


def test_an_assertion_without_a_message_shows_itself(tmp_path: Path) -> None:
    """What does not hold is told as the author wrote it."""
    check = load_check(tmp_path, "    assert lab.value('x', returns=int) == 1\n")
    got = run(check, session(2))
    assert (got.verdict, got.reason) == (
        Verdict.WRONG,
        "does not hold: lab.value('x', returns=int) == 1",
    )


def test_an_assertion_over_several_lines_shows_itself_whole(tmp_path: Path) -> None:
    """It is told on one line, from its first line to its last and no further."""
    check = load_check(
        tmp_path,
        "    x = lab.value('x', returns=int)\n"
        "    assert sorted(\n        [x, 1]\n    ) == [\n        1,\n        3,\n    ]\n"
        "    assert x == 5\n",
    )
    assert run(check, session(2)).reason == "does not hold: sorted([x, 1]) == [1, 3]"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("\x1b[31mred\x1b[0m \u202eand\x00 more", "red and more"),
        ("::error::boom", "|::error::boom"),
        ("<object at 0x7f00deadbeef>", "<object at ...>"),
        ("run 0123456789abcdef0123456789abcdef failed", "run ... failed"),
        ("model m-0123456789abcdef0123456789abcdef", "model ..."),
        ("id 01234567-89ab-cdef-0123-456789abcdef!", "id ...!"),
        ("calling o1234.collectToPython", "calling o....collectToPython"),
        ("version 12 of 0x1F and o1", "version 12 of 0x1F and o1"),
    ],
)
def test_a_reason_is_clean_and_the_same_in_every_run(said: str, told: str) -> None:
    """Foreign text is cleaned, and what differs from run to run is left out."""

    def check(lab: Lab) -> None:
        raise AssertionError(said)

    assert run(check, session()).reason == told


def test_a_reason_is_not_endless() -> None:
    """Fifteen hundred characters are kept, and the cut is said."""

    def check(lab: Lab) -> None:
        raise AssertionError("x" * 100_000)

    assert run(check, session()).reason == "x" * 1500 + " ... (cut: 100000 characters)"


@pytest.mark.parametrize(
    ("verdict", "points"),
    [
        (Verdict.CORRECT, "3/2"),
        (Verdict.WRONG, "0"),
        (Verdict.STUDENT_ERROR, "0"),
        (Verdict.UNANSWERED, "0"),
        (Verdict.GRADER_FAULT, None),
        (Verdict.NOT_RUN, None),
    ],
)
def test_a_verdict_decides_the_points(verdict: Verdict, points: str | None) -> None:
    """All, none, or no score; the maximum is the check's in each case."""
    lab = lab_of(reads_a_number)
    got = decided(lab, lab.spec.checks[0], verdict, "told")
    assert (None if got.points is None else str(got.points), str(got.maximum)) == (points, "3/2")


def answer_by_request(role: str, op: str, fields: dict[str, Any]) -> Any:
    """What a session would answer, by request."""
    if op == "delta":
        return {
            "version": 1,
            "history": [{"operation": "CREATE TABLE"}, {"operation": "WRITE"}],
            "schema": {"a": "long"},
            "partitions": [],
            "active_files": 1,
            "files_on_disk": 2,
        }
    if op == "mlflow":
        run = {
            "id": "r1",
            "name": "train",
            "status": "FINISHED",
            "experiment": "e",
            "params": {"depth": "3"},
            "metrics": {"rmse": 1.5},
            "tags": {},
            "parent": None,
            "artifacts": [],
            "models": [
                {
                    "name": "m",
                    "id": "m-1",
                    "flavors": ["sklearn"],
                    "inputs": [],
                    "outputs": [],
                    "example": True,
                }
            ],
        }
        child = {**run, "id": "r2", "name": "fold", "parent": "r1", "models": []}
        return {"experiments": ["e"], "runs": [run, child], "registered": []}
    return [role, op, fields]


def test_the_vocabulary_is_requests_over_the_wall() -> None:
    """Each observation is one request, to the guest that may answer it."""

    def check(lab: Lab) -> None:
        table = lab.delta("rides")
        assert table.operations == ["CREATE TABLE", "WRITE"]
        assert table.rows(0) == cast(Any, ["inspector", "rows", {"table": "rides", "version": 0}])
        tracking = lab.mlflow
        (train,) = tracking.named("train")
        assert [r.name for r in tracking.children(train)] == ["fold"]
        assert train.models[0].flavors == ["sklearn"]
        assert lab.files("*.csv") == cast(Any, ["inspector", "files", {"pattern": "*.csv"}])
        assert lab.text("a.txt") == cast(Any, ["inspector", "text", {"path": "a.txt"}])
        assert lab.value("x", returns=list) == ["runner", "value", {"name": "x"}]
        assert lab.call("f", 1, returns=list, y=2) == [
            "runner",
            "call",
            {"function": "f", "args": (1,), "kwargs": {"y": 2}},
        ]
        assert lab.predict("models:/m/1", [{"a": 1}] * 3)[:2] == ["scorer", "predict"]
        assert lab.output == "printed"
        assert lab.data == {"seed": 1}

    on = session(answer_by_request, printed="\x1b[1mprinted\x1b[0m", data={"seed": 1})
    got = run(check, on)
    assert (got.verdict, got.reason) == (Verdict.CORRECT, "")


@pytest.mark.parametrize("answer", [None, 7, [], {}, {"runs": [1]}, {"runs": [{"models": [1]}]}])
def test_an_observation_without_sense_is_held_against_the_lab(answer: Any) -> None:
    """A crafted table or store that breaks our reader is no fault of the grader."""
    for check in (lambda lab: lab.delta("rides"), lambda lab: lab.mlflow):
        got = run(check, session(lambda *_: answer))
        assert got.verdict is Verdict.STUDENT_ERROR
        assert "cannot be made sense of" in got.reason


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ([1.0], "the model answered 1 values for 2 rows"),
        ("nonsense", "the prediction must be a list (got 'nonsense')"),
    ],
)
def test_a_prediction_is_one_value_a_row(answer: object, reason: str) -> None:
    """Anything else fails the check with a sentence."""

    def check(lab: Lab) -> None:
        lab.predict("models:/m/1", [{"a": 1}, {"a": 2}])

    got = run(check, session(answer))
    assert (got.verdict, got.reason) == (Verdict.WRONG, reason)


def test_hidden_data_is_the_same_for_everybody() -> None:
    """A lab's data depends on the course's secret and its id, and on nothing else."""
    seeds = [seed_of("s3cret", "a-lab"), seed_of("s3cret", "a-lab"), seed_of("s3cret", "b-lab")]
    numbers = [random.Random(seed).random() for seed in seeds]
    assert numbers[0] == numbers[1] != numbers[2]
    assert seed_of("another", "a-lab") != seeds[0]


def test_checks_that_ask_the_same_share_one_call() -> None:
    """An answer, which none of them can spoil for the next, and a failure."""
    calls: list[str] = []

    def answer(role: str, op: str, fields: dict[str, Any]) -> Any:
        calls.append(fields["function"])
        if fields["function"] == "broken":
            raise StudentError("time: more than 1 s", "timeout")
        return [len(calls)]

    on = session(answer)
    first, second = (Lab(on, on.data, on.answers) for _ in range(2))
    got: list[int] = first.call_once("count", 1, returns=list[int])
    got.append(99)
    assert second.call_once("count", 1, returns=list[int]) == [1]
    assert second.call_once("count", 2, returns=list[int]) == [2]
    assert second.call("count", 1, returns=list[int]) == [3]
    for lab in (first, second):
        with pytest.raises(StudentError, match="more than 1 s") as failed:
            lab.call_once("broken", returns=int)
        assert failed.value.kind == "timeout"
    with pytest.raises(WrongShape):
        second.call_once("count", 1, returns=list[str])
    assert calls == ["count", "count", "count", "broken"]
