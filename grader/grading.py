"""Grade one submission, without pytest: mark its sheets, run its labs, keep what was decided.

A lab's checks are run together, in the order of its file: a check may call the student's functions
and so change what a later one sees, and a grade must not depend on which of them a run selects or
in which order. Labs that are known to be wanted are run beside whatever else is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
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
from grader.labs.checking import decided, faults
from grader.labs.engines import engine_versions, prepare
from grader.labs.lab_queue import LabQueue
from grader.labs.load import LoadedLab, load_labs, misplaced
from grader.labs.pool import Pool, runtime_of
from grader.labs.session import seed_of
from grader.labs.training import Background
from grader.labs.walls import Wanted, open_sandbox
from grader.lint import engine
from grader.sandbox import scratch
from grader.sandbox.intake import take_in
from grader.sandbox.interface import Sandbox

#: Submissions still to come that are worth training Java beside them: it takes some minutes.
WORTH_TRAINING = 8
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
    #: What containment was asked for, and what hidden data is generated from.
    wanted: Wanted = field(default_factory=Wanted)
    secret: str = ""
    #: Takes the place of what is derived from the secret.
    seed: str | None = None
    #: The labs of this run; None for all.
    chosen: Collection[str] | None = None
    #: Processes that grade side by side, and submissions that this one has still to begin.
    workers: int = 1
    to_come: int = 0
    #: The course's folder, where Java may be trained beside a long run.
    root: Path | None = None
    _trainer: Background | None = None
    _pool: Pool | None = None
    _sandbox: Sandbox | None = None
    _failed: GraderError | None = None

    def pool(self) -> Pool:
        """Where labs are run. A failure is final: it is raised again without another try.

        Raises:
            ProvisionError, SandboxFault: labs cannot be run here.
        """
        if self._failed:
            raise self._failed
        if self._pool is None:
            specs = [lab.spec for lab in self.labs.values() if self._chosen(lab.spec.id)]
            try:
                engines = prepare(self.sandbox(), runtime_of(specs), self.say)
            except GraderError as error:
                self._failed = error
                raise
            self._pool = Pool(self.sandbox(), engines, specs, self.workers)
            if self.root and self._pool.untrained and self.to_come >= WORTH_TRAINING:
                self._trainer = Background(self.root)
        return self._pool

    def sandbox(self) -> Sandbox:
        """The sandbox that labs run in.

        Raises:
            ProvisionError: there is none that will do.
        """
        if self._sandbox is None:
            self._sandbox = open_sandbox(self.wanted)
        return self._sandbox

    def warm(self, labs: Collection[str]) -> None:
        """Let engines start for somebody's `labs` while there is something else to do."""
        if wanted := [self.labs[lab].spec for lab in labs if self._chosen(lab)]:
            with suppress(GraderError):  # it is told where the labs are run
                self.pool().prepare(wanted)

    def close(self) -> None:
        """End what waits for another submission."""
        with ExitStack() as stack:
            if self._trainer is not None:
                stack.callback(self._trainer.close)
            if self._pool is not None:
                stack.callback(self._pool.close)

    def seed_of(self, lab: str) -> str:
        """What the hidden data of `lab` is generated from in this run."""
        return seed_of(self.secret, lab) if self.seed is None else self.seed

    def _chosen(self, lab: str) -> bool:
        return self.chosen is None or lab in self.chosen


@dataclass(slots=True)
class Grading:
    """One submission being graded; close it.

    `expected` are the labs that will be asked for, in their order: so nobody waits for another's.
    """

    shop: Workshop
    source: Path
    expected: Sequence[str] = ()
    durations: dict[str, float] = field(default_factory=dict)
    _begun: bool = False
    _queue: LabQueue | None = None
    _scratch: Path = field(init=False)
    _copy: Path = field(init=False)
    _left_behind: list[Problem] = field(init=False)
    submission: Submission = field(init=False)
    _checks: dict[Entry, Result] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._scratch = scratch.folder("intake")
        self._copy = copy = self._scratch / self.source.name
        self._left_behind = take_in(self.source, copy)
        exams = self.shop.bank.exams.values()
        labs = list(self.shop.labs)
        self.submission = read_submission(copy, exams, labs, self.shop.schemas)

    def close(self) -> None:
        """End what runs for the submission, and remove its copy."""
        try:
            if self._queue is not None:
                self._queue.close()
        finally:
            scratch.discard(self._scratch)

    def problems(self) -> list[Problem]:
        """What could not be taken in or read."""
        return [*self._left_behind, *self.submission.problems]

    def item(self, exam_id: str, item_id: str) -> Result:
        """Mark one item."""
        self._begin()
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
        """The result of one check, once its lab was run."""
        self._begin()
        if (lab_id, name) not in self._checks:
            for result in self._results_of(self.shop.labs[lab_id]):
                told = check_result(result, self.shop.policy.feedback)
                self._checks[lab_id, result.name] = told
        return self._checks[lab_id, name]

    def _results_of(self, lab: LoadedLab) -> list[Result]:
        id_ = lab.spec.id
        self.durations.setdefault(id_, 0.0)
        if id_ not in self.submission.labs:
            told = f"labs/{id_}.py was not handed in"
            return [decided(lab, c, Verdict.UNANSWERED, told) for c in lab.spec.checks]
        try:
            self.shop.say(f"running {id_}")
            ran = self._enqueued([id_]).ran(id_)
        except Exception as error:  # whatever it is, it is not the student's
            return faults(lab, error)
        finally:
            self.shop.say("")
        self.durations[id_] += ran.seconds
        return ran.results

    def _enqueued(self, labs: Collection[str]) -> LabQueue:
        """The queue, with those of `labs` that were handed in.

        Raises:
            ProvisionError, SandboxFault: labs cannot be run here.
        """
        if self._queue is None:
            pool = self.shop.pool()
            self._queue = LabQueue(pool, self._copy, more=self.shop.to_come > 0)
        handed_in = self.submission.labs
        shop = self.shop
        self._queue.add(
            (shop.labs[id_], handed_in[id_], shop.seed_of(id_)) for id_ in labs if id_ in handed_in
        )
        return self._queue

    def _begin(self) -> None:
        """The first verdict is asked for: engines and labs can start while sheets are marked."""
        if self._begun:
            return
        self._begun = True
        self.shop.to_come = max(0, self.shop.to_come - 1)
        handed_in = self.submission.labs
        if self.shop.workers > 1:  # which labs come to this process is not known
            self.shop.warm(handed_in)
        elif wanted := [id_ for id_ in self.expected if id_ in handed_in]:
            with suppress(GraderError):  # it is told where the labs are asked for
                self._enqueued(wanted)

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
        return self.shop.sandbox().tier if ran else "not-used"
