"""What a course consists of: items, keys, papers, labs. Plain immutable values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

#: The letters that make up an answer. A single-answer item has exactly one.
Answer = frozenset[str]
Kind = Literal["single", "multiple"]
Status = Literal["sound", "disputed", "flawed", "dated"]
Credit = Literal["all-or-nothing", "per-option", "per-option-penalty"]
KeyPolicy = Literal["source", "verified"]
Feedback = Literal["score", "hints", "full"]


@dataclass(frozen=True, slots=True)
class Topic:
    """One of a domain's topics."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain of the certification and its topics, in the order of reports."""

    id: str
    title: str
    topics: tuple[Topic, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One item without its key."""

    id: str
    domain: str
    topic: str
    kind: Kind
    stem: str
    options: Mapping[str, str]
    tags: tuple[str, ...]
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """The key of one item. `accepted` holds `answer` and whatever else earns full points;
    `exam` is the name of the key's file."""

    id: str
    answer: Answer
    accepted: tuple[Answer, ...]
    status: Status
    reason: str
    explanation: str
    exam: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """A score band; `start` is the share of the points at which it begins."""

    start: Fraction
    label: str
    advice: str


@dataclass(frozen=True, slots=True)
class Focus:
    """Advice on one topic, shown where points were lost."""

    topic: str
    title: str
    advice: str


@dataclass(frozen=True, slots=True)
class Exam:
    """A paper: items in order, and how it is judged. Bands come best first."""

    id: str
    title: str
    minutes: int
    pass_mark: Fraction
    credit: Credit
    bands: tuple[Band, ...]
    focus: tuple[Focus, ...]
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bank:
    """The question bank. Keys may be absent (a student's copy); then nothing can be marked."""

    domains: tuple[Domain, ...]
    questions: Mapping[str, Question]
    exams: Mapping[str, Exam]
    keys: Mapping[str, Key]

    def topic_titles(self) -> dict[str, str]:
        """Topic id to title, in the order of reports."""
        return {t.id: t.title for d in self.domains for t in d.topics}


@dataclass(frozen=True, slots=True)
class Budgets:
    """Limits on a lab's student code. Engines' start-up is not counted.

    `run`, `call` and `cpu` are seconds, `memory` and `disk` MiB, `output` KiB; `processes` counts
    threads, `files` what the lab leaves in its folder, `open_files` descriptors of a process.
    """

    run: float = 120.0
    call: float = 60.0
    cpu: float = 300.0
    memory: int = 4096
    processes: int = 1536
    disk: int = 1024
    files: int = 20_000
    open_files: int = 4096
    output: int = 256


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """One check of a lab, known without running it."""

    name: str
    points: Fraction
    hint: str
    topic: str


@dataclass(frozen=True, slots=True)
class LabSpec:
    """A lab's definition: everything about it but its code.

    `seconds` is what its reference takes on warm engines, or None if nobody has measured it.
    """

    id: str
    title: str
    domain: str
    topics: tuple[str, ...]
    points: Fraction
    summary: str
    runtime: tuple[str, ...]
    budgets: Budgets = field(default_factory=Budgets)
    checks: tuple[CheckSpec, ...] = ()
    seconds: float | None = None
