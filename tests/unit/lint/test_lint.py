"""`grader.lint`: each rule fires at the right place, and not on its near miss."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grader.course.bank import LoadedBank
from grader.course.course import Course
from grader.lint import engine
from grader.lint.engine import Placed, by_file
from grader.lint.rule import Finding
from grader.lint.rules import RULES
from tests.builders import bank, exam, key, own_bank, question, write, write_course

ITEM = "bank/questions/storage/q1-01.yaml"
SET = "bank/questions/serving/q1-02.yaml"
KEYS = "bank/keys/quiz-1.yaml"
EXAM = "bank/exams/quiz-1.yaml"


def lint(root: Path, **changes: str) -> list[str]:
    """What the rules find in a small course with `changes`, which loads without a flaw."""
    loaded = Course(write_course(root, **changes)).bank()
    assert [f.render(root) for f in loaded.flaws] == []
    found = engine.run(loaded.bank, loaded)
    return [f"{p.path.relative_to(root)}:{p.line}:{p.column}: {p.code} {p.message}" for p in found]


def test_a_sound_course_has_no_findings(tmp_path: Path) -> None:
    """The course that the other tests break is sound."""
    assert lint(tmp_path) == []


BANDS = "quiz-1: bands must begin with the best score and end with one from 0/1"
FIRES = [
    # An item that nobody wrote, and one that nobody keyed.
    (
        {"bank_exams_quiz_1": "  - q1-02 ->   - q1-02\n  - q1-03"},
        [f"{EXAM}:13:5: B101 q1-03: the bank holds no such item"],
    ),
    (
        {"bank_keys_quiz_1": "q1-02: -> q1-04:"},
        [
            f"{EXAM}:12:5: B101 q1-02: has no key in bank/keys/",
            f"{KEYS}:7:1: B102 q1-04: the bank holds no such item, or its file is broken",
        ],
    ),
    # Domains and topics.
    (
        {"bank_domains": "- id: storage -> - id: storages"},
        [f"{ITEM}:2:9: B103 q1-01: there is no domain 'storage'; did you mean 'storages'?"],
    ),
    (
        {"bank_domains": "- id: storage -> - id: zzz"},
        [f"{ITEM}:2:9: B103 q1-01: there is no domain 'storage'"],
    ),
    (
        {"bank_questions_storage_q1_01": "topic: tables -> topic: table"},
        [
            f"{ITEM}:3:8: B103 q1-01: the domain storage has no topic 'table'; "
            "did you mean 'tables'?"
        ],
    ),
    (
        {"bank_questions_storage_q1_01": "topic: tables -> topic: endpoints"},
        [f"{ITEM}:3:8: B103 q1-01: the domain storage has no topic 'endpoints'"],
    ),
    # Letters of options.
    (
        {"bank_questions_serving_q1_02": "  C: three ->   C: three\n  E: five"},
        [
            f"{KEYS}:11:16: B106 q1-02: the explanation does not say why E is wrong",
            f"{SET}:6:1: B104 q1-02: the options are A, B, C, E; they must be A, B, C, D",
        ],
    ),
    (
        {"bank_questions_storage_q1_01": "A: one, B: two -> B: two, A: one"},
        [f"{ITEM}:6:10: B104 q1-01: the options are B, A, C; they must be A, B, C"],
    ),
    # Accepted answers.
    (
        {"bank_keys_quiz_1": "accepted: [B, C] -> accepted: [C]"},
        [
            f"{KEYS}:3:13: B105 q1-01: accepted must hold the answer (B)",
            f"{KEYS}:6:16: B106 q1-01: the explanation does not say why B is wrong",
        ],
    ),
    (
        {"bank_keys_quiz_1": "accepted: [[A, C]] -> accepted: [[A, B]]"},
        [
            f"{KEYS}:9:13: B105 q1-02: accepted must hold the answer (A, C)",
            f"{KEYS}:11:16: B106 q1-02: the explanation does not say why C is wrong",
        ],
    ),
    (
        {"bank_keys_quiz_1": "accepted: [B, C] -> accepted: [B, D]"},
        [f"{KEYS}:3:13: B105 q1-01: D is not an option (they are A, B, C)"],
    ),
    (
        {"bank_keys_quiz_1": "answer: B\n  accepted: [B, C] -> answer: D\n  accepted: [D]"},
        [
            f"{KEYS}:2:11: B105 q1-01: D is not an option (they are A, B, C)",
            f"{KEYS}:3:13: B105 q1-01: D is not an option (they are A, B, C)",
            f"{KEYS}:6:16: B106 q1-01: the explanation does not say why B is wrong",
        ],
    ),
    (
        {
            "bank_keys_quiz_1": "answer: B\n  accepted: [B, C] -> "
            "answer: [B, C]\n  accepted: [[B, C]]"
        },
        [
            f"{KEYS}:2:11: B105 q1-01: the item takes one letter, and answer names several",
            f"{KEYS}:3:13: B105 q1-01: the item takes one letter, and accepted names several",
        ],
    ),
    # Explanations.
    (
        {"bank_keys_quiz_1": "explanation: B is not it. -> explanation: Both are right."},
        [f"{KEYS}:11:16: B106 q1-02: the explanation does not say why B is wrong"],
    ),
    (
        {"bank_keys_quiz_1": "explanation: B is not it. -> explanation: BA and b and ABC."},
        [f"{KEYS}:11:16: B106 q1-02: the explanation does not say why B is wrong"],
    ),
    # Equal options.
    (
        {"bank_questions_storage_q1_01": "C: three -> C: ' one '"},
        [f"{ITEM}:6:30: B107 q1-01: options A and C are the same text"],
    ),
    (
        {"bank_questions_serving_q1_02": "B: two\n  C: three -> B: one\n  C: one"},
        [
            f"{SET}:8:6: B107 q1-02: options A and B are the same text",
            f"{SET}:9:6: B107 q1-02: options A and C are the same text",
        ],
    ),
    # An item on no exam, whose key then lies in a file of an exam that does not ask it.
    (
        {"bank_exams_quiz_1": "  - q1-02\n -> "},
        [
            f"{KEYS}:7:1: B109 q1-02: the exam quiz-1 does not ask this item",
            f"{SET}:1:5: B108 q1-02: stands on no exam in bank/exams/",
        ],
    ),
    # Bands, pass marks and focus areas.
    (
        {"bank_exams_quiz_1": "from: 0/1 -> from: 1/10"},
        [f"{EXAM}:5:1: B110 {BANDS}"],
    ),
    (
        {"bank_exams_quiz_1": "from: 9/10 -> from: 0/1"},
        [f"{EXAM}:5:1: B110 {BANDS}"],
    ),
    (
        {
            "bank_exams_quiz_1": "  - {from: 0/1, label: Base, advice: Read more.} -> "
            "  - {from: 95/100, label: Best, advice: Go on.}\n"
            "  - {from: 0/1, label: Base, advice: Read more.}"
        },
        [f"{EXAM}:5:1: B110 {BANDS}"],
    ),
    (
        {"bank_exams_quiz_1": "pass_mark: 7/10 -> pass_mark: '0'"},
        [f"{EXAM}:4:12: B110 quiz-1: the pass mark must be more than 0 and at most 1"],
    ),
    (
        {"bank_exams_quiz_1": "pass_mark: 7/10 -> pass_mark: 7/5"},
        [f"{EXAM}:4:12: B110 quiz-1: the pass mark must be more than 0 and at most 1"],
    ),
    (
        {"bank_exams_quiz_1": "{topic: tables, -> {topic: storage,"},
        [f"{EXAM}:9:13: B110 quiz-1: there is no topic 'storage'"],
    ),
    # Twins.
    (
        {"bank_domains": "{id: files, -> {id: tables,"},
        ["bank/domains.yaml:5:12: B111 tables: this topic id is taken"],
    ),
    (
        {"bank_domains": "{id: endpoints, -> {id: endpoints, title: Twin}, {id: files,"},
        ["bank/domains.yaml:8:47: B111 files: this topic id is taken"],
    ),
    # Status.
    (
        {"bank_keys_quiz_1": "status: disputed -> status: sound"},
        [f"{KEYS}:4:11: B112 q1-01: accepts 2 answers, and its status is sound"],
    ),
]


@pytest.mark.parametrize(("changes", "found"), FIRES)
def test_a_rule_fires_at_its_place(
    tmp_path: Path, changes: dict[str, str], found: list[str]
) -> None:
    """One wrong thing is found with its code, its file, line and column, and told in a sentence."""
    assert lint(tmp_path, **changes) == found


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        # A student's copy without any keys is sound (B101), and an item in no exam needs none.
        ("B101", {"bank_exams_quiz_1": "  - q1-02\n -> "}),
        # A key of an item that is in no exam still has its item (B102).
        ("B102", {"bank_exams_quiz_1": "  - q1-02\n -> "}),
        # Another topic of the same domain is fine (B103).
        ("B103", {"bank_questions_storage_q1_01": "topic: tables -> topic: files"}),
        # Two options are enough, and ten letters are too (B104).
        (
            "B104",
            {
                "bank_questions_serving_q1_02": "  C: three ->   C: three\n  D: d\n  E: e\n"
                "  F: f\n  G: g\n  H: h\n  I: i\n  J: j"
            },
        ),
        # The order of letters in a set says nothing (B105).
        ("B105", {"bank_keys_quiz_1": "accepted: [[A, C]] -> accepted: [[C, A], [A, B]]"}),
        # No accepted letter need be named (B106), nor stand apart from punctuation.
        (
            "B106",
            {"bank_keys_quiz_1": "A is not it, and C nearly is. -> A is not it."},
        ),
        (
            "B106",
            {
                "bank_keys_quiz_1": "  accepted: [[A, C]]\n  status: sound -> "
                "  accepted: [[A, C], [A, B]]\n  status: disputed\n  reason: B does, too."
            },
        ),
        (
            "B106",
            {"bank_keys_quiz_1": "A is not it, and C nearly is. -> '`A`/C: no.'"},
        ),
        # An exam may leave nothing but one band, and be passed by everything alone (B110).
        (
            "B110",
            {"bank_exams_quiz_1": "  - {from: 9/10, label: Top, advice: Keep going.}\n -> "},
        ),
        ("B110", {"bank_exams_quiz_1": "pass_mark: 7/10 -> pass_mark: '1'"}),
        # A topic may be named like its domain (B111).
        ("B111", {"bank_domains": "{id: endpoints, -> {id: serving,"}),
        # A disputed key may accept one answer, and a sound one may give a reason (B112).
        ("B112", {"bank_keys_quiz_1": "accepted: [B, C] -> accepted: [B]"}),
        ("B112", {"bank_keys_quiz_1": "status: sound -> status: sound\n  reason: Corrected."}),
        # Case counts (B107).
        ("B107", {"bank_questions_storage_q1_01": "B: two -> B: One"}),
    ],
)
def test_a_rule_does_not_fire_on_its_near_miss(
    tmp_path: Path, code: str, changes: dict[str, str]
) -> None:
    """What looks like a finding and is none is let through."""
    assert [f for f in lint(tmp_path, **changes) if f" {code} " in f] == []


def test_a_students_copy_is_sound(tmp_path: Path) -> None:
    """A bank without any keys is not short of keys."""
    write_course(tmp_path)
    (tmp_path / KEYS).unlink()
    loaded = Course(tmp_path).bank()
    assert engine.run(loaded.bank, loaded) == []


def test_a_key_file_is_named_after_an_exam(tmp_path: Path) -> None:
    """Keys in a file that no exam is named after are found, each at its own key."""
    write_course(tmp_path)
    (tmp_path / KEYS).rename(tmp_path / "bank/keys/quiz-9.yaml")
    loaded = Course(tmp_path).bank()
    assert [(p.path.name, p.line, p.code, p.message) for p in engine.run(loaded.bank, loaded)] == [
        (
            "quiz-9.yaml",
            line,
            "B109",
            f"{item}: there is no exam 'quiz-9', which this file is named after",
        )
        for line, item in ((1, "q1-01"), (7, "q1-02"))
    ]


def test_an_item_may_stand_on_several_exams(tmp_path: Path) -> None:
    """Its key lies in the file of one of them, which is enough."""
    write_course(tmp_path)
    text = (tmp_path / EXAM).read_text(encoding="utf-8")
    write(tmp_path / "bank/exams/exam-1.yaml", text.replace("id: quiz-1", "id: exam-1"))
    loaded = Course(tmp_path).bank()
    assert (loaded.flaws, engine.run(loaded.bank, loaded)) == ([], [])


def test_domains_are_no_twins(tmp_path: Path) -> None:
    """The second domain with an id is the one that is found."""
    write_course(tmp_path)
    text = (tmp_path / "bank/domains.yaml").read_text(encoding="utf-8")
    twin = text + "- id: storage\n  title: Again\n  topics: [{id: other, title: Other}]\n"
    write(tmp_path / "bank/domains.yaml", twin)
    loaded = Course(tmp_path).bank()
    twins = [p for p in engine.run(loaded.bank, loaded) if p.code == "B111"]
    assert [(p.path.name, p.line, p.column, p.message) for p in twins] == [
        ("domains.yaml", 9, 7, "storage: this domain id is taken")
    ]


def test_every_rule_has_a_test_that_fires() -> None:
    """A rule that is added without a test above is named here."""
    tested = {message.split()[1] for _, found in FIRES for message in found}
    assert {r.code for r in RULES} == tested


def test_codes_are_unique_and_in_order() -> None:
    """A code is for ever, and the rules run in the order of their codes."""
    codes = [r.code for r in RULES]
    assert codes == sorted(set(codes))
    assert len({r.name for r in RULES}) == len(RULES)


def test_rules_need_no_files() -> None:
    """Rules are pure: on a bank built by hand they find the same."""
    broken = bank(
        [question("q1-01", options={"A": "x", "B": " x"})],
        [exam(items=["q1-01", "q1-02"])],
        [key("C", explanation="A, B.")],
    )
    found = [f for r in RULES for f in r.check(broken)]
    assert found == [
        Finding("exam", "quiz-1", ("items", 1), "q1-02: the bank holds no such item"),
        Finding("key", "q1-01", ("answer",), "q1-01: C is not an option (they are A, B)"),
        Finding("key", "q1-01", ("accepted",), "q1-01: C is not an option (they are A, B)"),
        Finding("question", "q1-01", ("options", "B"), "q1-01: options A and B are the same text"),
    ]


def test_findings_are_sorted_and_grouped_by_file(tmp_path: Path) -> None:
    """By file, then line, then column; and a group keeps that order."""
    loaded: LoadedBank = Course(write_course(tmp_path)).bank()
    broken = replace(
        loaded.bank,
        domains=(),
        keys={k: replace(v, explanation="none") for k, v in loaded.bank.keys.items()},
    )
    found = engine.run(broken, loaded, reversed(RULES))
    assert found == sorted(found)
    groups = by_file(found)
    assert list(groups) == sorted(groups)
    assert [p for group in groups.values() for p in group] == found
    assert [(p.line, p.code) for p in groups[tmp_path / KEYS]] == [(6, "B106"), (11, "B106")]
    assert all(isinstance(p, Placed) and p.level == "error" for p in found)


def test_the_projects_own_bank_has_no_findings() -> None:
    """The bank that is shipped follows its own rules."""
    loaded = own_bank()
    assert [
        f"{p.path}:{p.line}: {p.code} {p.message}" for p in engine.run(loaded.bank, loaded)
    ] == []
