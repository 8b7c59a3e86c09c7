"""Mark one answer against one key.

Credit for a multiple-select item with options O, key K and ticked letters T, per accepted K,
the best of which counts:

- all-or-nothing: 1 if T = K, else 0
- per-option: |{o in O : (o in T) = (o in K)}| / |O|
- per-option-penalty: max(0, (|T & K| - |T - K|) / |K|)

A single-answer item earns 1 for an accepted letter and 0 otherwise, under every rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from grader.core.clean import clean_line
from grader.core.model import Answer, Credit, Key, KeyPolicy, Question
from grader.core.verdict import Verdict

#: An answer as a sheet holds it, after the sheet itself was found readable.
Given = str | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A verdict on one answer; `given` holds the letters in order."""

    verdict: Verdict
    points: Fraction
    maximum: Fraction
    reason: str
    given: str | tuple[str, ...] | None


def credit(rule: Credit, options: Answer, key: Answer, ticked: Answer) -> Fraction:
    """The share of a multiple-select item's point that `ticked` earns, from 0 to 1."""
    if rule == "all-or-nothing":
        return Fraction(int(ticked == key))
    if rule == "per-option":
        return Fraction(sum((o in ticked) == (o in key) for o in options), len(options))
    return max(Fraction(0), Fraction(len(ticked & key) - len(ticked - key), len(key)))


def spell(answer: Answer | Sequence[str]) -> str:
    """Letters for people: `B`, or `A and C`."""
    letters = sorted(answer)
    return letters[0] if len(letters) == 1 else ", ".join(letters[:-1]) + " and " + letters[-1]


def complaint(question: Question, given: str | Sequence[str]) -> str:
    """Why `given` is no answer to `question` at all; empty if it is one."""
    letters = [given] if isinstance(given, str) else list(given)
    known = ", ".join(question.options)
    strange = [x for x in letters if x.strip().upper() not in question.options]
    if strange:
        shown = ", ".join(repr(clean_line(x, 20)) for x in strange[:3])
        return f"{shown} is not an option of this item; its options are {known}"
    if len({x.strip().upper() for x in letters}) != len(letters):
        return "an option is named twice"
    if question.kind == "single" and len(letters) > 1:
        return f"{len(letters)} options were given; this item takes one of {known}"
    return ""


def _told(given: Given) -> str | tuple[str, ...] | None:
    """What was given, fit for a record, whatever it was."""
    if given is None or isinstance(given, str):
        return given and clean_line(given, 40)
    return tuple(clean_line(x, 40) for x in given[:26])


def mark(question: Question, key: Key, given: Given, rule: Credit, policy: KeyPolicy) -> Mark:
    """Mark `given`.

    A flawed key is void under the verified policy: nothing to earn, nothing to lose. Letters
    count in either case. What is no answer at all is the student's error, not a wrong answer.
    """
    one = Fraction(1)
    letters = _told(given)
    if key.status == "flawed" and policy == "verified":
        return Mark(Verdict.VOID, Fraction(0), Fraction(0), f"void: {key.reason}", letters)
    if not given:
        return Mark(Verdict.UNANSWERED, Fraction(0), one, "not answered", None)
    wrong_form = complaint(question, given)
    if wrong_form:
        return Mark(Verdict.STUDENT_ERROR, Fraction(0), one, wrong_form, letters)
    ticked = frozenset(x.strip().upper() for x in ([given] if isinstance(given, str) else given))
    ordered = tuple(sorted(ticked))
    shown: str | tuple[str, ...] = ordered[0] if question.kind == "single" else ordered
    if question.kind == "single":
        share = Fraction(int(ticked in key.accepted))
    else:
        options = frozenset(question.options)
        share = max(credit(rule, options, k, ticked) for k in key.accepted)
    verdict = Verdict.WRONG if share == 0 else Verdict.CORRECT if share == 1 else Verdict.PARTIAL
    return Mark(verdict, share, one, f"answered {spell(ordered)}", shown)
