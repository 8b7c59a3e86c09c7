"""The student's own report, in Markdown. It shows what the grade holds, and the grade was
assembled under the run's feedback policy: nothing is added here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from grader.core.clean import clean, clean_line
from grader.core.feedback import points_text
from grader.core.grade import Grade
from grader.core.model import Bank
from grader.core.tally import Total
from grader.core.verdict import Result, Verdict
from grader.report.terminal import decision, number, percent

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#!])")


def render(grade: Grade, bank: Bank, labs: Mapping[str, str]) -> Iterator[str]:
    """Lines of Markdown for one student. `labs` maps lab ids to titles."""
    yield f"# {escape(grade.name)}"
    yield ""
    yield from (escape(line) for line in decision(grade))
    yield ""
    if grade.sandbox != "not-used":
        yield f"Labs ran in the sandbox `{grade.sandbox}`."
        yield ""
    if grade.problems:
        yield "## What could not be read"
        yield ""
        yield from (f"- {escape(p.where)}: {escape(p.message)}" for p in grade.problems)
        yield ""
    yield "## Points"
    yield ""
    yield "| domain or topic | points | of | share |"
    yield "|---|---:|---:|---:|"
    ran = {r.topic for r in grade.results if r.verdict is not Verdict.NOT_RUN}
    for domain in bank.domains:
        if not any(topic.id in ran for topic in domain.topics):
            continue
        yield _row(f"**{escape(domain.title)}**", grade.by_domain[domain.id])
        for topic in domain.topics:
            if topic.id in ran:
                yield _row(escape(topic.title), grade.by_topic[topic.id])
    yield ""
    if grade.study:
        yield "## Study next"
        yield ""
        for focus in grade.study:
            yield f"- **{escape(focus.title)}**: {escape(' '.join(focus.advice.split()))}"
        yield ""
    titles = {**{e.id: e.title for e in bank.exams.values()}, **labs}
    paper = ""
    for result in grade.results:
        if result.verdict is Verdict.NOT_RUN:
            continue
        if result.paper != paper:
            if paper:
                yield ""
            paper = result.paper
            yield f"## {escape(paper)}: {escape(titles.get(paper, ''))}"
            yield ""
            if band := grade.bands.get(paper):
                yield f"{escape(band.label)}. {escape(' '.join(band.advice.split()))}"
                yield ""
        yield from _entry(result)
    yield ""


def _row(title: str, total: Total) -> str:
    share = percent(total.share)
    return f"| {title} | {number(total.points)} | {number(total.maximum)} | {share} |"


def _entry(result: Result) -> Iterator[str]:
    # A name is an item's id or a function's name, fixed by the course: safe between backticks.
    yield f"- `{result.name}` {result.verdict.value}, {points_text(result)}"
    if result.reason and result.verdict is not Verdict.CORRECT:
        yield f"  - {escape(clean(result.reason))}"
    if result.hint:
        yield f"  - Hint: {escape(result.hint)}"


@lru_cache(maxsize=1024)  # hints, titles and advice are the same for a whole class
def escape(text: str) -> str:
    """`text` on one line, with nothing that Markdown or HTML would obey."""
    return _SPECIAL.sub(r"\\\1", clean_line(text, 2000))
