"""From results to totals, bands, advice and the decision. All arithmetic is exact."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from grader.core.model import Band, Exam, Focus
from grader.core.verdict import Result, Verdict

Decision = Literal["pass", "fail", "partial", "grader-fault"]


@dataclass(frozen=True, slots=True)
class Total:
    """Points earned of the points there were. The maximum never depends on what ran."""

    points: Fraction
    maximum: Fraction

    @property
    def share(self) -> Fraction:
        """Points per maximum; 0 where there was nothing to earn."""
        return self.points / self.maximum if self.maximum else Fraction(0)


def total(results: Iterable[Result]) -> Total:
    """Sum of points and maxima; what has no score earns nothing and keeps its maximum."""
    results = list(results)
    return Total(
        _sum([r.points for r in results if r.points is not None]),
        _sum([r.maximum for r in results]),
    )


def _sum(values: Iterable[Fraction]) -> Fraction:
    """The sum; equal denominators are added as the whole numbers they are, which is cheap."""
    tops: dict[int, int] = {}
    for value in values:
        tops[value.denominator] = tops.get(value.denominator, 0) + value.numerator
    return sum((Fraction(top, bottom) for bottom, top in tops.items()), Fraction(0))


def totals_by(results: Iterable[Result], key: Callable[[Result], str]) -> dict[str, Total]:
    """Totals per group, in order of first appearance."""
    groups: dict[str, list[Result]] = {}
    for r in results:
        groups.setdefault(key(r), []).append(r)
    return {k: total(v) for k, v in groups.items()}


def decide(results: Sequence[Result], pass_mark: Fraction) -> Decision:
    """The decision on a whole submission.

    A fault of ours comes first, since it could have cost points; then whatever did not run,
    since a part is no pass (nor is nothing, when every item is void); then the pass mark.
    """
    if any(r.verdict is Verdict.GRADER_FAULT for r in results):
        return "grader-fault"
    overall = total(results)
    if any(r.verdict is Verdict.NOT_RUN for r in results) or not overall.maximum:
        return "partial"
    return "pass" if overall.share >= pass_mark else "fail"


def band(exam: Exam, share: Fraction) -> Band:
    """The best band that `share` reaches. `exam.bands` ends with one that begins at 0."""
    return next((b for b in exam.bands if share >= b.start), exam.bands[-1])


def study(
    exams: Iterable[Exam], results: Iterable[Result], titles: Mapping[str, str]
) -> list[Focus]:
    """What to study next: topics with lost points, the largest lost share first.

    Each topic brings the focus areas of the exams that lost points in it, or of any exam where
    only labs did; one without any brings its title. No heading comes twice.
    """
    exams = list(exams)
    scored = [r for r in results if r.verdict.scored and r.verdict is not Verdict.VOID]
    losers = {(r.paper, r.topic) for r in scored if (r.points or 0) < r.maximum}
    order = list(titles)
    lost = sorted(
        ((t.share, order.index(k) if k in order else len(order), k))
        for k, t in totals_by(scored, lambda r: r.topic).items()
        if t.points < t.maximum
    )
    found: dict[str, Focus] = {}
    for _, _, topic in lost:
        title = titles.get(topic, topic)
        every = [(e.id, area) for e in exams for area in e.focus if area.topic == topic]
        mine = [area for exam, area in every if (exam, topic) in losers]
        areas = mine or [area for _, area in every]
        for area in areas or [Focus(topic, title, f"Go over {title} again.")]:
            found.setdefault(area.title, area)
    return list(found.values())
