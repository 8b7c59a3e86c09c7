"""What the bank of this course promises: 160 items, the source's letters, no cue in lengths.

`tests/data/key-audit.csv` is what an audit of the source's keys found, by item: its letter,
and `ok`, `false`, `amb` (ambiguous), `arguable`, `expl` (explanation false) or `dated`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from fractions import Fraction
from math import sqrt

import pytest

from grader.core import takers
from grader.core.model import Bank, Key
from tests.builders import ROOT, own_bank

EXAMS = {
    "practice-exam-1": 60,
    "practice-exam-2": 60,
    "quiz-1": 10,
    "quiz-2": 10,
    "quiz-3": 10,
    "quiz-4": 10,
}
STATUS = {
    "ok": "sound",
    "expl": "sound",
    "false": "flawed",
    "amb": "disputed",
    "arguable": "disputed",
    "dated": "dated",
}


@pytest.fixture(scope="module")
def bank() -> Bank:
    """The course's bank."""
    return own_bank().bank


def audit() -> list[dict[str, str]]:
    """The rows of the audit."""
    with (ROOT / "tests" / "data" / "key-audit.csv").open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def test_there_are_six_papers_of_160_items(bank: Bank) -> None:
    """Every paper has its items, every item its key, and no item stands on two papers."""
    assert {e.id: len(e.items) for e in bank.exams.values()} == EXAMS
    asked = [i for e in bank.exams.values() for i in e.items]
    assert len(asked) == len(set(asked)) == len(bank.questions) == len(bank.keys) == 160


def amiss(key: Key, row: dict[str, str]) -> Iterator[str]:
    """What a key does not say of its row of the audit."""
    if key.answer != {row["letter"]}:
        yield f"its answer is {set(key.answer)}, and the source's {row['letter']}"
    if key.accepted[0] != key.answer:
        yield f"its answer {set(key.answer)} is not the first that is accepted"
    if key.status != STATUS[row["finding"]]:
        yield f"its status is {key.status}, and the audit's finding {row['finding']}"
    if bool(key.reason) is (row["finding"] == "ok"):
        yield f"its reason is {key.reason!r}, and the audit's finding {row['finding']}"


def test_every_finding_of_the_audit_is_in_the_key(bank: Bank) -> None:
    """The source's letter stays and is accepted; status and reason say what was found."""
    rows = audit()
    assert sorted(row["item"] for row in rows) == sorted(bank.keys)
    told = [f"{row['item']}: {what}" for row in rows for what in amiss(bank.keys[row["item"]], row)]
    assert not told, "\n".join(told)


@pytest.mark.parametrize(
    "exams",
    [["practice-exam-1"], ["practice-exam-2"], ["quiz-1", "quiz-2", "quiz-3", "quiz-4"]],
    ids=["practice-exam-1", "practice-exam-2", "quizzes"],
)
@pytest.mark.parametrize("habit", [takers.longest, takers.shortest])
def test_lengths_do_not_help(bank: Bank, exams: list[str], habit: takers.Habit) -> None:
    """Ticking the longest (or shortest) option scores as blind ticking does, within two standard
    errors: sqrt(p (1 - p) / n) with p = 1/4."""
    paper = takers.paper(bank, exams)
    n = len(paper.items)
    share = paper.score(habit) / n
    assert abs(share - Fraction(1, 4)) <= 2 * sqrt(0.25 * 0.75 / n)


def test_texts_are_plain(bank: Bank) -> None:
    """ASCII only, no stray white space: what a terminal, a form and a screen reader can show."""
    for q in bank.questions.values():
        for text in (q.stem, *q.options.values()):
            assert text.isascii(), q.id
            assert text == text.strip(), q.id


def test_each_domain_and_topic_is_asked(bank: Bank) -> None:
    """No topic of the course is without an item."""
    topics = {q.topic for q in bank.questions.values()}
    assert topics == {t.id for d in bank.domains for t in d.topics}
