"""B111: domains and topics have ids of their own.

Totals are kept per id; two topics of one id would share their points.
"""

from __future__ import annotations

from collections.abc import Iterator

from grader.core.model import Bank
from grader.lint.rule import Finding, Rule


def check(bank: Bank) -> Iterator[Finding]:
    """Yield domains and topics whose id is taken."""
    domains: set[str] = set()
    topics: set[str] = set()
    for domain in bank.domains:
        if domain.id in domains:
            yield Finding("domain", domain.id, ("id",), f"{domain.id}: this domain id is taken")
        domains.add(domain.id)
        for index, topic in enumerate(domain.topics):
            if topic.id in topics:
                message = f"{topic.id}: this topic id is taken"
                yield Finding("domain", domain.id, ("topics", index, "id"), message)
            topics.add(topic.id)


RULE = Rule("B111", "domain-twins", "error", "domain", check)
