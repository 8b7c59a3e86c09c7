"""Run a lab's checks on a session and decide their verdicts, in the trusted process.

- an assertion that fails: wrong
- the student's code raised, hung or answered nonsense: student-error; unanswered where it is
  merely not written
- anything else, above all an exception of the check's own: grader-fault, never a zero
"""

from __future__ import annotations

import ast
import linecache
import re
import traceback
from fractions import Fraction

from grader.core.clean import clean
from grader.core.model import CheckSpec
from grader.core.verdict import Result, Verdict
from grader.errors import GraderError, StudentError
from grader.labs.lab import Lab
from grader.labs.load import LoadedLab
from grader.labs.session import LabSession

#: What differs from run to run in a message: addresses, run and model ids, temporary names.
_VOLATILE = re.compile(
    r"0x[0-9a-f]{6,}|\b(?:m-)?[0-9a-f]{32}\b"
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|(?<=\bo)\d{2,}\b"
)


def run_check(lab: LoadedLab, check: CheckSpec, session: LabSession) -> Result:
    """Run one check. Never raises."""
    function = lab.checks[check.name]
    verdict, reason = Verdict.CORRECT, ""
    try:
        function(Lab(session, session.data, session.answers))
    except AssertionError as error:
        verdict, reason = Verdict.WRONG, _assertion(error)
    except StudentError as error:
        reason = str(error)
        unwritten = error.kind == "missing" and not session.stopped
        verdict = Verdict.UNANSWERED if unwritten else Verdict.STUDENT_ERROR
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        verdict, reason = Verdict.GRADER_FAULT, _fault(error)
    failed = verdict in (Verdict.WRONG, Verdict.STUDENT_ERROR)
    return decided(lab, check, verdict, reason, session.stopped if failed else "")


def faults(lab: LoadedLab, error: Exception) -> list[Result]:
    """The results of a lab that `error`, which is not the student's, kept from being graded."""
    told = str(error) if isinstance(error, GraderError) else repr(error)
    return [decided(lab, check, Verdict.GRADER_FAULT, told) for check in lab.spec.checks]


def decided(
    lab: LoadedLab, check: CheckSpec, verdict: Verdict, reason: str = "", stopped: str = ""
) -> Result:
    """The result of `check` with `verdict`: all its points, none, or no score."""
    points = {Verdict.CORRECT: check.points}.get(verdict, Fraction(0))
    return Result(
        paper=lab.spec.id,
        name=check.name,
        domain=lab.spec.domain,
        topic=check.topic,
        verdict=verdict,
        points=points if verdict.scored else None,
        maximum=check.points,
        reason=_steady(reason),
        hint=check.hint,
        stopped=_steady(stopped),
    )


def _steady(text: str) -> str:
    """`text` clean, and without what differs from run to run."""
    return _VOLATILE.sub("...", clean(text, 1500)).strip()


def _assertion(error: AssertionError) -> str:
    """The author's message, or the assertion itself."""
    told = str(error).strip()
    if told:
        return told
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"does not hold: {_asserted(frame.filename, frame.lineno or 1)}"


def _asserted(path: str, line: int) -> str:
    """The condition of the assertion around `line`, on one line."""
    try:
        tree = ast.parse("".join(linecache.getlines(path)))
    except SyntaxError:
        return "an assertion"
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and node.lineno <= line <= (node.end_lineno or line):
            return ast.unparse(node.test)
    return linecache.getline(path, line).strip()


def _fault(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    inside = next((f for f in reversed(frames) if f.filename.endswith("checks.py")), frames[-1])
    where = f"{'/'.join(inside.filename.split('/')[-2:])}:{inside.lineno}"
    return f"{where}: {type(error).__name__}: {error}"
