"""Grade one submission, without pytest: mark its sheets, run its labs, keep what was decided.

A lab's checks are run together, in the order of its file, when the first of them is asked for:
a check may call the student's functions and so change what a later one sees, and a grade must
not depend on which of them a run selects or in which order.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import grader
from grader.core.feedback import check_result, item_result
from grader.core.grade import Grade, Policy, Problem, assemble
from grader.core.marking import Mark, mark
from grader.core.model import Bank
from grader.core.verdict import Result, Verdict
from grader.course.course import Course
from grader.course.schemas import Schemas
from grader.course.submission import Submission, read_submission
from grader.course.yamldoc import shown
from grader.errors import CourseError, GraderError
from grader.labs.checking import decided, run_check
from grader.labs.engines import engine_versions, open_sandbox, prepare
from grader.labs.load import LoadedLab, load_labs, misplaced
from grader.labs.session import Engines, LabSession
from grader.lint import engine
from grader.sandbox.intake import take_in
from grader.sandbox.interface import Sandbox

#: The key of a result: paper (exam or lab) and name (item or check).
Entry = tuple[str, str]


def load_course(course: Course) -> tuple[Bank, dict[str, LoadedLab]]:
    """Bank and labs, sound enough to grade with.

    Raises:
        CourseError: they are not; every flaw is named.
    """
    loaded = course.bank()
    flaws = [f.render(course.root) for f in loaded.flaws]
    flaws += [
        f"{shown(p.path, course.root)}:{p.line}:{p.column}: {p.message}"
        for p in engine.run(loaded.bank, loaded)
        if p.level == "error"
    ]
    labs: dict[str, LoadedLab] = {}
    try:
        labs = load_labs(course.labs_folder, course.schemas)
    except CourseError as error:
        flaws += str(error).splitlines()
    flaws += [f for lab in labs.values() for f in misplaced(lab.spec, loaded.bank)]
    if flaws:
        told = "\n".join(f"  {f}" for f in flaws[:50])
        raise CourseError(f"the course has flaws and cannot grade anybody:\n{told}")
    return loaded.bank, labs


@dataclass(slots=True)
class Workshop:
    """What all submissions of a run share. Engines are brought together when first needed."""

    bank: Bank
    labs: Mapping[str, LoadedLab]
    schemas: Schemas
    policy: Policy
    say: Callable[[str], None] = lambda _: None
    _engines: tuple[Sandbox, Engines] | None = None
    _failed: GraderError | None = None

    def engines(self) -> tuple[Sandbox, Engines]:
        """Sandbox and engines. A failure is final: it is raised again without another try.

        Raises:
            ProvisionError, SandboxFault: labs cannot be run here.
        """
        if self._failed:
            raise self._failed
        if self._engines is None:
            try:
                sandbox = open_sandbox()
                runtime = {r for lab in self.labs.values() for r in lab.spec.runtime}
                self._engines = sandbox, prepare(sandbox, runtime, self.say)
            except GraderError as error:
                self._failed = error
                raise
        return self._engines


@dataclass(slots=True)
class Grading:
    """One submission being graded; close it, or use it in a `with`."""

    shop: Workshop
    source: Path
    durations: dict[str, float] = field(default_factory=dict)
    _scratch: Path = field(init=False)
    _left_behind: list[Problem] = field(init=False)
    submission: Submission = field(init=False)
    _checks: dict[Entry, Result] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="grader-intake-"))
        self._scratch.chmod(0o711)
        copy = self._scratch / self.source.name
        self._left_behind = take_in(self.source, copy)
        exams = self.shop.bank.exams.values()
        labs = list(self.shop.labs)
        self.submission = read_submission(copy, exams, labs, self.shop.schemas)

    def close(self) -> None:
        """Remove the copy of the submission."""
        shutil.rmtree(self._scratch, ignore_errors=True)

    def problems(self) -> list[Problem]:
        """What could not be taken in or read."""
        return [*self._left_behind, *self.submission.problems]

    def item(self, exam_id: str, item_id: str) -> Result:
        """Mark one item."""
        bank, policy = self.shop.bank, self.shop.policy
        begun = time.perf_counter()
        exam, question, key = bank.exams[exam_id], bank.questions[item_id], bank.keys[item_id]
        sheet = self.submission.sheets[exam_id]
        done = mark(question, key, sheet.answers.get(item_id), exam.credit, policy.key_policy)
        if done.verdict is Verdict.UNANSWERED:
            if item_id in sheet.bad:
                told = sheet.bad[item_id]
                done = Mark(Verdict.STUDENT_ERROR, done.points, done.maximum, told, None)
            elif sheet.unusable:
                told = f"not answered: {sheet.unusable}"
                done = Mark(Verdict.UNANSWERED, done.points, done.maximum, told, None)
        title = bank.topic_titles().get(question.topic, question.topic)
        self._spent(exam_id, begun)
        return item_result(exam_id, question, key, done, policy.feedback, title)

    def check(self, lab_id: str, name: str) -> Result:
        """The result of one check; the first one asked for runs the lab."""
        if (lab_id, name) not in self._checks:
            begun = time.perf_counter()
            for result in self._run_lab(self.shop.labs[lab_id]):
                told = check_result(result, self.shop.policy.feedback)
                self._checks[lab_id, result.name] = told
            self._spent(lab_id, begun)
        return self._checks[lab_id, name]

    def _run_lab(self, lab: LoadedLab) -> list[Result]:
        file = self.submission.labs.get(lab.spec.id)
        checks = lab.spec.checks
        if file is None:
            told = f"labs/{lab.spec.id}.py was not handed in"
            return [decided(lab, c, Verdict.UNANSWERED, told) for c in checks]
        try:
            sandbox, engines = self.shop.engines()
            self.shop.say(f"running {lab.spec.id}")
            folder = file.parent.parent
            with LabSession(lab, file, folder, sandbox, engines) as session:
                session.run()
                return [run_check(lab, c, session) for c in checks]
        except Exception as error:  # whatever it is, it is not the student's
            told = str(error) if isinstance(error, GraderError) else repr(error)
            return [decided(lab, c, Verdict.GRADER_FAULT, told) for c in checks]
        finally:
            self.shop.say("")

    def _spent(self, paper: str, begun: float) -> None:
        self.durations[paper] = self.durations.get(paper, 0.0) + time.perf_counter() - begun

    def grade(
        self, results: Mapping[Entry, Result], durations: Mapping[str, float] | None = None
    ) -> Grade:
        """The grade from `results`, wherever they were decided."""
        return assemble(
            student=self.submission.student,
            name=self.submission.name,
            policy=self.shop.policy,
            version=grader.__version__,
            engines=engine_versions() if self.shop.labs else {},
            sandbox=self._tier(results),
            bank=self.shop.bank,
            labs=[lab.spec for lab in self.shop.labs.values()],
            results=results,
            problems=self.problems(),
            durations=self.durations if durations is None else durations,
        )

    def _tier(self, results: Mapping[Entry, Result]) -> str:
        ran = any(
            paper in self.shop.labs and result.verdict.scored and paper in self.submission.labs
            for (paper, _), result in results.items()
        )
        return "bwrap" if ran else "not-used"
