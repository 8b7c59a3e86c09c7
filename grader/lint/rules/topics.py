"""B103: domains and topics exist, and a topic belongs to its item's domain.

Points are counted per domain and topic; a misspelt one would open a group of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from grader.core.model import Bank
from grader.core.suggest import suggest
from grader.lint.rule import Finding, Rule


def check(bank: Bank) -> Iterator[Finding]:
    """Yield items whose domain or topic `bank/domains.yaml` does not have."""
    topics = {d.id: [t.id for t in d.topics] for d in bank.domains}
    for q in bank.questions.values():
        if q.domain not in topics:
            message = f"{q.id}: there is no domain {q.domain!r}{suggest(q.domain, topics)}"
            yield Finding("question", q.id, ("domain",), message)
        elif q.topic not in topics[q.domain]:
            hint = suggest(q.topic, topics[q.domain])
            message = f"{q.id}: the domain {q.domain} has no topic {q.topic!r}{hint}"
            yield Finding("question", q.id, ("topic",), message)


RULE = Rule("B103", "topics", "error", "question", check)
