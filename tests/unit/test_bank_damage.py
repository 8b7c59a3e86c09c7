# ruff: noqa: E501 - a table of damages reads best with a row a line
"""A damaged bank is caught, each kind of damage at its file and line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader.course.course import Course
from grader.linting import lint_bank
from tests.builders import ROOT, own_bank, write

Q = "questions/experimentation/q1-01.yaml"
K = "keys/quiz-1.yaml"
E = "exams/quiz-1.yaml"


@dataclass(frozen=True)
class Damage:
    """One change to one file, and where it must be told.

    `old` is a pattern, replaced once by `new`. The finding must stand in `told_in` (the damaged
    file unless given) on the line that holds `line` once the damage is done.
    """

    name: str
    file: str
    old: str
    new: str
    line: str
    message: str
    told_in: str = ""


DAMAGES = [
    Damage("unknown key", Q, r"(?m)^tags:", "tag:", "tag:", "unknown key `tag`"),
    Damage("missing key", Q, r"(?m)^topic: .*\n", "", "id: q1-01", "`topic` is missing"),
    Damage("unknown topic", Q, "topic: delta-lake", "topic: delta-lakes", "topic:", "did you mean 'delta-lake'"),
    Damage("unknown domain", Q, "domain: exp", "domain: xp", "domain: xp", "names the domain"),
    Damage("id is not the file's name", Q, "id: q1-01", "id: q1-10", "id: q1-10", "must be the file's name"),
    Damage("bad kind", Q, "kind: single", "kind: singel", "kind:", "must be one of single, multiple"),
    Damage("a gap in the letters", Q, "  D: CLEAN", "  E: CLEAN", "options:", "they must be A, B, C, D"),
    Damage("two options alike", Q, "  C: COMPACT", "  C: ' OPTIMIZE '", "C: ' OPT", "B and C are the same"),
    Damage("an option given twice", Q, "  D: CLEAN", "  C: CLEAN", "  C: CLEAN", "already in line"),
    Damage("an empty stem", Q, r"(?s)stem: >-\n.*?options:", "stem: ''\noptions:", "stem: ''", "must not be empty"),
    Damage("no reference", Q, r"(?s)references:.*", "references: []\n", "references: []", "must not be empty"),
    Damage("not YAML", Q, "tags: \\[", "tags: [[", "references", "not valid YAML"),
    Damage("a tag", Q, "kind: single", "kind: !!str single", "kind:", "tags (!) are not used"),
    Damage("an anchor", Q, "kind: single", "kind: &x single", "kind:", "anchors (&)"),
    Damage("a key's letter is no option", K, r"q1-01:\n  answer: B\n  accepted: \[B\]", "q1-01:\n  answer: E\n  accepted: [E]", "answer: E", "E is not an option"),
    Damage("accepted lacks the answer", K, r"accepted: \[B\]", "accepted: [A]", "accepted: [A]", "must hold the answer"),
    Damage("two letters for one", K, r"answer: B\n  accepted: \[B\]", "answer: [A, B]\n  accepted: [[A, B]]", "answer: [A, B]", "takes one letter"),
    Damage("no explanation", K, r"(?s)explanation: .*?(?=\nq1-02)", "explanation: ''\n", "explanation: ''", "must not be empty"),
    Damage("a distractor is not explained", K, r"(?s)explanation: .*?(?=\nq1-02)", "explanation: B; A and C.\n", "explanation: B", "why D is wrong"),
    Damage("disputed without a reason", K, "status: sound", "status: disputed", "q1-01:", "`reason` is missing"),
    Damage("sound and accepts two", K, r"accepted: \[B\]", "accepted: [B, C]", "status: sound", "its status is sound"),
    Damage("a key without an item", K, "q1-01:", "q1-99:", "q1-99:", "holds no such item"),
    Damage("a key twice", K, "q1-02:", "q1-01:", "q1-01:", "already in line"),
    Damage("an item without a key", K, r"(?s)\A.*?(?=q1-02:)", "", "  - q1-01", "has no key", E),
    Damage("an exam asks an unknown item", E, "- q1-01", "- q1-77", "- q1-77", "holds no such item"),
    Damage("an exam asks an item twice", E, "- q1-02", "- q1-01", "- q1-01", "names 'q1-01' twice"),
    Damage("an item on no exam", E, "  - q1-01\n", "", "id: q1-01", "stands on no exam", Q),
    Damage("bands out of order", E, 'from: "9/10"', 'from: "6/10"', "bands:", "bands must begin"),
    Damage("a pass mark in words", E, 'pass_mark: "7/10"', "pass_mark: most", "pass_mark:", "right form"),
    Damage("a focus on nothing", E, "topic: delta-lake", "topic: lakes", "topic: lakes", "no topic 'lakes'"),
    Damage("a topic twice", "domains.yaml", "id: feature-store", "id: delta-lake", "- {id: delta-lake, title: Feature", "topic id is taken"),
]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of one exam: what the bank holds for it."""
    root = tmp_path_factory.mktemp("course")
    asked = [f"questions/*/{id_}.yaml" for id_ in own_bank().bank.exams["quiz-1"].items]
    for pattern in ("domains.yaml", E, K, *asked):
        for path in (ROOT / "bank").glob(pattern):
            write(root / path.relative_to(ROOT), path.read_bytes())
    return root


def test_the_exam_is_sound(whole: Path) -> None:
    """Without damage nothing is found."""
    assert len(list(whole.glob("bank/**/*.yaml"))) == 13
    assert lint_bank(Course(whole)) == []


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.name.replace(" ", "-"))
def test_damage_is_told_where_it_was_done(whole: Path, damage: Damage) -> None:
    """The file, the line and the reason; and all is well again once it is mended."""
    path = whole / "bank" / damage.file
    before = path.read_text(encoding="utf-8")
    after = re.sub(damage.old, damage.new.replace("\\", r"\\"), before, count=1)
    assert after != before, "the damage was not done"
    path.write_text(after, encoding="utf-8")
    try:
        found = lint_bank(Course(whole))
        place = whole / "bank" / (damage.told_in or damage.file)
        lines = place.read_text(encoding="utf-8").split("\n")
        told = [f for f in found if f.path == place and damage.message in f.message]
        assert told, found
        assert any(damage.line in lines[f.line - 1] for f in told), told
    finally:
        path.write_text(before, encoding="utf-8")
