"""The summary under a run, for a terminal or a CI log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from fractions import Fraction

from grader.core.clean import clean_line
from grader.core.grade import Grade
from grader.core.model import Bank
from grader.core.tally import Total, total
from grader.core.verdict import Verdict

_WIDTH = 78


def render(grade: Grade, bank: Bank, labs: Mapping[str, str]) -> Iterator[str]:
    """Lines for one student. `labs` maps lab ids to titles."""
    who = grade.student if grade.name == grade.student else f"{grade.name} ({grade.student})"
    yield clean_line(who)
    for problem in grade.problems:
        yield f"  ! {problem.where}: {problem.message}"
    yield ""
    yield from _table("domain and topic", _domains(grade, bank))
    ran = {r.paper for r in grade.results if r.verdict is not Verdict.NOT_RUN}
    exams = {k: bank.exams[k].title for k in grade.by_exam}
    yield from _table("exam", _papers(grade.by_exam, exams, ran))
    yield from _table("lab", _papers(grade.by_lab, labs, ran))
    for exam, band in grade.bands.items():
        passed = "passed" if band.passed else "not passed"
        yield f"  {exam}: {passed}. {clean_line(band.label)}: {clean_line(band.advice, 2000)}"
    if grade.study:
        yield "  Study next:"
        for focus in grade.study[:6]:
            yield f"    - {clean_line(focus.title)}: {clean_line(focus.advice, 2000)}"
        if len(grade.study) > 6:
            yield f"    ... and {len(grade.study) - 6} more in the report"
    yield ""
    yield from decision(grade)
    if grade.sandbox != "not-used":
        yield f"  sandbox: {grade.sandbox}"


def decision(grade: Grade) -> Iterator[str]:
    """What was decided, in a line or two."""
    overall, share = grade.overall, percent(grade.overall.share)
    mark = percent(grade.policy.pass_mark)
    plural = "point" if overall.maximum == 1 else "points"
    scored = f"{number(overall.points)} of {number(overall.maximum)} {plural} ({share})"
    if grade.policy.key_policy == "verified":
        scored += f", {_void(grade)} items void"
    match grade.decision:
        case "pass":
            yield f"  PASS: {scored}; {mark} passes"
        case "fail":
            yield f"  FAIL: {scored}; {mark} passes"
        case "partial":
            ran = [r for r in grade.results if r.verdict is not Verdict.NOT_RUN]
            part = total(ran)
            yield (
                f"  PARTIAL: {len(ran)} of {len(grade.results)} items and checks were graded: "
                f"{number(part.points)} of {number(part.maximum)} points; a part decides nothing"
            )
        case _:
            faults = [r for r in grade.results if r.verdict is Verdict.GRADER_FAULT]
            yield f"  GRADER FAULT: {len(faults)} could not be graded, and no decision was made."
            for reason in dict.fromkeys(r.reason for r in faults):
                yield f"    {clean_line(reason, 500)}"
            yield "    This is not the student's doing; `grader doctor` examines this machine."


def percent(share: Fraction) -> str:
    """A share in per cent, one decimal, rounded half up."""
    tenths = int(share * 1000 + Fraction(1, 2))
    return f"{tenths // 10}.{tenths % 10} %"


def number(value: Fraction) -> str:
    """A number of points: exact, as whole and fraction (`12`, `12 1/2`)."""
    whole, rest = divmod(value.numerator, value.denominator)
    if not rest:
        return str(whole)
    part = f"{rest}/{value.denominator}"
    return f"{whole} {part}" if whole else part


def _void(grade: Grade) -> int:
    return sum(r.verdict is Verdict.VOID for r in grade.results)


def _domains(grade: Grade, bank: Bank) -> Iterator[tuple[str, Total]]:
    ran = {r.topic for r in grade.results if r.verdict is not Verdict.NOT_RUN}
    for domain in bank.domains:
        if any(topic.id in ran for topic in domain.topics):
            yield domain.title, grade.by_domain[domain.id]
            for topic in domain.topics:
                if topic.id in ran:
                    yield f"  {topic.title}", grade.by_topic[topic.id]


def _papers(
    totals: Mapping[str, Total], titles: Mapping[str, str], ran: Set[str]
) -> Iterator[tuple[str, Total]]:
    for paper, sums in totals.items():
        if paper in ran:
            yield titles.get(paper, paper), sums


def _table(what: str, rows: Iterator[tuple[str, Total]]) -> Iterator[str]:
    lines = [
        f"  {_cell(title, _WIDTH - 26)} {number(t.points):>8} / {number(t.maximum):<5}"
        f" {percent(t.share):>8}"
        for title, t in rows
    ]
    if lines:
        yield f"  points per {what}"
        yield from (f"  {line}" for line in lines)


def _cell(title: str, width: int) -> str:
    """`title` clean and just `width` long; a topic's stands further in than its domain's."""
    inset = len(title) - len(title.lstrip())
    return f"{' ' * inset}{clean_line(title)}"[:width].ljust(width)
