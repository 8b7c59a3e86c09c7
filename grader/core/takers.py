"""Takers who do not read: what an exam yields to a fixed habit.

A habit names, for one item, the letters it hesitates between; it ticks one of them at random, so
its expected score is the sum over the items of 1/n where the key is among the n letters, else 0.
Only single-answer items are counted, and only against the source's letter: an accepted second
letter would flatter every habit. Chance is the sum of 1/(number of options).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from grader.core.model import Bank, Key, Question

Habit = Callable[[Question], set[str]]


@dataclass(frozen=True, slots=True)
class Paper:
    """The single-answer items of some exams, with their keys."""

    items: tuple[tuple[Question, Key], ...]

    @property
    def chance(self) -> Fraction:
        """The expected score of blind ticking."""
        return sum((Fraction(1, len(q.options)) for q, _ in self.items), Fraction(0))

    def score(self, habit: Habit) -> Fraction:
        """The expected score of a habit."""
        total = Fraction(0)
        for question, key in self.items:
            letters = habit(question)
            if key.answer <= letters:
                total += Fraction(1, len(letters))
        return total

    def letters(self) -> Mapping[str, int]:
        """How often each letter is the key."""
        counts = Counter(letter for _, key in self.items for letter in key.answer)
        return dict(sorted(counts.items()))


def paper(bank: Bank, exams: Iterable[str]) -> Paper:
    """The single-answer items of `exams` that have a key."""
    return Paper(
        tuple(
            (bank.questions[i], bank.keys[i])
            for e in exams
            for i in bank.exams[e].items
            if i in bank.questions and i in bank.keys and bank.questions[i].kind == "single"
        )
    )


def longest(question: Question) -> set[str]:
    """Tick the option with the most characters."""
    return _extreme(question, max)


def shortest(question: Question) -> set[str]:
    """Tick the option with the fewest characters."""
    return _extreme(question, min)


def always(letter: str) -> Habit:
    """Tick the same letter everywhere."""
    return lambda question: {letter} & set(question.options)


def _extreme(question: Question, pick: Callable[[Iterable[int]], int]) -> set[str]:
    lengths = {letter: len(text.strip()) for letter, text in question.options.items()}
    wanted = pick(lengths.values())
    return {letter for letter, length in lengths.items() if length == wanted}
