"""What a bank consists of, and what its papers yield to takers who do not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from grader.core import takers
from grader.core.model import Bank


def render(bank: Bank) -> Iterator[str]:
    """Lines for a terminal."""
    yield f"{len(bank.questions)} items, {len(bank.keys)} keys, {len(bank.exams)} exams"
    statuses = Counter(k.status for k in bank.keys.values())
    yield "keys: " + ", ".join(f"{n} {status}" for status, n in sorted(statuses.items()))
    yield ""
    yield "items per domain and topic"
    for domain in bank.domains:
        mine = [q for q in bank.questions.values() if q.domain == domain.id]
        yield f"  {domain.title:<50} {len(mine):>4}"
        for topic in domain.topics:
            yield f"    {topic.title:<48} {sum(q.topic == topic.id for q in mine):>4}"
    yield ""
    yield "exam                 items  key letters           chance longest shortest  always"
    groups = {e: [e] for e in bank.exams}
    quizzes = [e for e in bank.exams if e.startswith("quiz")]
    if len(quizzes) > 1:
        groups["quizzes together"] = quizzes
    for name, exams in groups.items():
        paper = takers.paper(bank, exams)
        letters = paper.letters()
        if not paper.items:
            yield f"{name:<20} {0:>5}  (no keyed single-answer items)"
            continue
        spelt = " ".join(f"{k}{n}" for k, n in letters.items())
        best = max(letters, key=lambda letter: letters[letter])
        shares = [paper.chance, paper.score(takers.longest), paper.score(takers.shortest)]
        cells = " ".join(f"{_percent(s, len(paper.items)):>7}" for s in shares)
        habit = f"{best} {_percent(paper.score(takers.always(best)), len(paper.items))}"
        yield f"{name:<20} {len(paper.items):>5}  {spelt:<20} {cells}  {habit:>7}"


def _percent(points: Fraction, items: int) -> str:
    return f"{float(points / items):.0%}"
