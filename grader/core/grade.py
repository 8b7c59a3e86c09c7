"""The grade of one submission and its JSON form, the one record that every report renders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from grader.core.model import Bank, Feedback, Focus, KeyPolicy, LabSpec
from grader.core.tally import Decision, Total, band, decide, study, total, totals_by
from grader.core.verdict import Result, Verdict

SCHEMA = "urn:lakehouse-grader:schema:grade:1"


@dataclass(frozen=True, slots=True)
class Policy:
    """How a run grades and what its reports may show."""

    key_policy: KeyPolicy
    feedback: Feedback
    pass_mark: Fraction


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read or used. `where` is a place in a file, or an id."""

    where: str
    message: str


@dataclass(frozen=True, slots=True)
class BandReached:
    """The band of one paper that was graded whole."""

    label: str
    advice: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Grade:
    """Everything that is known about one graded submission.

    `items` and `checks` come in the order of the course, whatever the order of the run.
    """

    student: str
    name: str
    policy: Policy
    version: str
    engines: Mapping[str, str]
    sandbox: str
    items: tuple[Result, ...]
    checks: tuple[Result, ...]
    overall: Total
    by_exam: Mapping[str, Total]
    by_lab: Mapping[str, Total]
    by_domain: Mapping[str, Total]
    by_topic: Mapping[str, Total]
    bands: Mapping[str, BandReached]
    study: tuple[Focus, ...]
    decision: Decision
    problems: tuple[Problem, ...]
    durations: Mapping[str, float] = field(default_factory=dict)

    @property
    def results(self) -> tuple[Result, ...]:
        """Items, then checks."""
        return self.items + self.checks

    @property
    def not_run(self) -> int:
        """How many entries this run left out."""
        return sum(r.verdict is Verdict.NOT_RUN for r in self.results)


def assemble(
    *,
    student: str,
    name: str,
    policy: Policy,
    version: str,
    engines: Mapping[str, str],
    sandbox: str,
    bank: Bank,
    labs: Sequence[LabSpec],
    results: Mapping[tuple[str, str], Result],
    problems: Sequence[Problem],
    durations: Mapping[str, float],
) -> Grade:
    """Build the grade of a submission from the results of a run, in the order of the course.

    `results` is keyed by paper and name. Whatever of the course it lacks did not run.
    """
    items = [
        results.get((exam.id, i)) or _not_run(exam.id, i, q.domain, q.topic, Fraction(1))
        for exam in bank.exams.values()
        for i in exam.items
        for q in (bank.questions[i],)
    ]
    checks = [
        results.get((lab.id, c.name)) or _not_run(lab.id, c.name, lab.domain, c.topic, c.points)
        for lab in labs
        for c in lab.checks
    ]
    every = items + checks
    titles = bank.topic_titles()
    bands = {}
    by_exam = totals_by(items, lambda r: r.paper)
    for exam in bank.exams.values():
        mine = [r for r in items if r.paper == exam.id]
        if by_exam[exam.id].maximum and all(r.verdict.scored for r in mine):
            reached = band(exam, by_exam[exam.id].share)
            passed = by_exam[exam.id].share >= exam.pass_mark
            bands[exam.id] = BandReached(reached.label, reached.advice, passed)
    order_d = [d.id for d in bank.domains]
    return Grade(
        student=student,
        name=name,
        policy=policy,
        version=version,
        engines=engines,
        sandbox=sandbox,
        items=tuple(items),
        checks=tuple(checks),
        overall=total(every),
        by_exam=by_exam,
        by_lab=totals_by(checks, lambda r: r.paper),
        by_domain=_ordered(totals_by(every, lambda r: r.domain), order_d),
        by_topic=_ordered(totals_by(every, lambda r: r.topic), list(titles)),
        bands=bands,
        study=tuple(study(bank.exams.values(), every, titles)),
        decision=decide(every, policy.pass_mark),
        problems=tuple(problems),
        durations=durations,
    )


def _not_run(paper: str, name: str, domain: str, topic: str, maximum: Fraction) -> Result:
    return Result(paper, name, domain, topic, Verdict.NOT_RUN, None, maximum)


def _ordered(totals: dict[str, Total], order: Sequence[str]) -> dict[str, Total]:
    return {k: totals[k] for k in order if k in totals}


def result_to_json(r: Result) -> dict[str, Any]:
    """The part of an entry that items and checks share."""
    return {
        "domain": r.domain,
        "topic": r.topic,
        "verdict": r.verdict.value,
        "points": None if r.points is None else str(r.points),
        "maximum": str(r.maximum),
        "reason": r.reason,
        "hint": r.hint,
    }


def _total(t: Total) -> dict[str, str]:
    return {"points": str(t.points), "maximum": str(t.maximum)}


def to_json(grade: Grade) -> dict[str, Any]:
    """The grade as schema/grade.schema.json describes it."""
    items = [
        {
            "id": r.name,
            "exam": r.paper,
            "given": list(r.given) if isinstance(r.given, tuple) else r.given,
            **result_to_json(r),
        }
        for r in grade.items
    ]
    groups = ("by_exam", "by_lab", "by_domain", "by_topic")
    return {
        "schema": SCHEMA,
        "student": {"id": grade.student, "name": grade.name},
        "grader": {"version": grade.version, "engines": dict(grade.engines)},
        "policy": {
            "key_policy": grade.policy.key_policy,
            "feedback": grade.policy.feedback,
            "pass_mark": str(grade.policy.pass_mark),
        },
        "sandbox": grade.sandbox,
        "items": items,
        "checks": [{"lab": r.paper, "check": r.name, **result_to_json(r)} for r in grade.checks],
        "totals": {
            "overall": _total(grade.overall),
            **{g: {k: _total(t) for k, t in getattr(grade, g).items()} for g in groups},
        },
        "bands": {
            k: {"label": b.label, "advice": b.advice, "passed": b.passed}
            for k, b in grade.bands.items()
        },
        "study": [{"topic": f.topic, "title": f.title, "advice": f.advice} for f in grade.study],
        "decision": grade.decision,
        "not_run": grade.not_run,
        "problems": [{"where": p.where, "message": p.message} for p in grade.problems],
        "durations": {k: round(v, 3) for k, v in grade.durations.items()},
    }
