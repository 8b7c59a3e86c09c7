"""`grader.report.bank_stats`, `findings` and `item`: what instructors look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader.core.model import Key, Question
from grader.lint.engine import Placed
from grader.report import bank_stats, findings, item
from tests.builders import bank, exam, key, own_bank, question

HEADER = "exam                 items  key letters           chance longest shortest  always"


def sized(id_: str, *lengths: int) -> Question:
    """An item whose options A, B, ... are texts of these lengths."""
    return question(id_, options={x: "x" * n for x, n in zip("ABCD", lengths, strict=True)})


COURSE = bank(
    [
        sized("q1-01", 1, 2, 3, 4),
        sized("q1-02", 4, 4, 1, 2),
        question("q1-03", kind="multiple", domain="serving", topic="endpoints"),
        sized("q2-01", 1, 1, 1, 1),
    ],
    [
        exam("quiz-1", ["q1-01", "q1-02", "q1-03"]),
        exam("quiz-2", ["q2-01"]),
        exam("exam-1", ["q2-01"]),
    ],
    [
        key("D", id_="q1-01"),
        key("B", "A", id_="q1-02", status="disputed"),
        key("AC", id_="q1-03", status="flawed"),
        key("D", id_="q2-01"),
    ],
)


def test_a_bank_is_counted_and_its_papers_are_scored() -> None:
    """Items per domain and topic, keys per status, and what habits earn, quizzes together, too."""
    assert list(bank_stats.render(COURSE)) == [
        "4 items, 4 keys, 3 exams",
        "keys: 1 disputed, 1 flawed, 2 sound",
        "",
        "items per domain and topic",
        "  Storage                                               3",
        "    Tables                                              3",
        "    Files                                               0",
        "  Serving                                               1",
        "    Endpoints                                           1",
        "",
        HEADER,
        "quiz-1                   2  B1 D1                    25%     75%      0%    B 50%",
        "quiz-2                   1  D1                       25%     25%     25%   D 100%",
        "exam-1                   1  D1                       25%     25%     25%   D 100%",
        "quizzes together         3  B1 D2                    25%     58%      8%    D 67%",
    ]


def test_one_quiz_is_not_added_up() -> None:
    """Quizzes are taken together where there are several."""
    of = bank([sized("q1-01", 1, 2, 3, 4)], [exam("quiz-1", ["q1-01"])], [key("A")])
    got = list(bank_stats.render(of))
    assert [line.split()[0] for line in got[got.index(HEADER) + 1 :]] == ["quiz-1"]


def test_a_students_copy_has_nothing_to_score() -> None:
    """Without keys items are counted all the same."""
    of = bank([question("q1-01")], [exam("quiz-1", ["q1-01"])])
    got = list(bank_stats.render(of))
    assert got[:2] == ["1 items, 0 keys, 1 exams", "keys: "]
    assert got[-2:] == [HEADER, "quiz-1                   0  (no keyed single-answer items)"]


def test_an_empty_bank_has_statistics() -> None:
    """Nothing is divided by nothing."""
    got = list(bank_stats.render(bank()))
    assert (got[0], got[-1]) == ("0 items, 0 keys, 0 exams", HEADER)


def test_the_projects_own_bank_has_statistics() -> None:
    """Every exam of it has its line, and no line is wider than a terminal."""
    of = own_bank().bank
    got = list(bank_stats.render(of))
    assert all(len(line) <= 100 for line in got)
    after = [line.split()[0] for line in got[got.index(HEADER) + 1 :]]
    assert after[: len(of.exams)] == list(of.exams)


FOUND = [
    Placed(Path("/course/bank/keys/quiz-1.yaml"), 4, 11, "B112", "error", "accepts 2 answers"),
    Placed(Path("/course/bank/keys/quiz-1.yaml"), 10, 1, "B999", "warning", 'says "ümläut"'),
    Placed(Path("/course/bank/exams/exam 1.yaml"), 1, 1, "B001", "error", "is empty"),
]


def test_findings_are_lines_with_a_count() -> None:
    """As compilers write them, in the order they come, so that editors can follow."""
    assert list(findings.as_text(FOUND, Path("/course"))) == [
        "bank/keys/quiz-1.yaml:4:11: B112 accepts 2 answers",
        'bank/keys/quiz-1.yaml:10:1: B999 says "ümläut"',
        "bank/exams/exam 1.yaml:1:1: B001 is empty",
        "2 errors, 1 warnings",
    ]


def test_no_findings_are_a_count_alone() -> None:
    """Whoever reads the log sees that something was looked at."""
    assert list(findings.as_text([], Path("/course"))) == ["0 errors, 0 warnings"]


def test_findings_are_one_json_document() -> None:
    """A list of objects of which a program needs to know no more than the names."""
    got = json.loads("\n".join(findings.as_json(FOUND, Path("/course"))))
    assert got[1] == {
        "file": "bank/keys/quiz-1.yaml",
        "line": 10,
        "column": 1,
        "code": "B999",
        "level": "warning",
        "message": 'says "ümläut"',
    }
    assert [f["file"] for f in got] == [
        "bank/keys/quiz-1.yaml",
        "bank/keys/quiz-1.yaml",
        "bank/exams/exam 1.yaml",
    ]
    assert json.loads("\n".join(findings.as_json([], Path("/course")))) == []


def plain(code: str) -> str:
    """Code as a file shows it."""
    return f"`{code}`"


def lines(of: Question, keyed: Key | None = None) -> list[str]:
    """An item as a file shows it."""
    return list(item.render(of, keyed, plain))


def with_stem(stem: str) -> Question:
    """An item that asks this."""
    of = question(options="AB")
    return Question(of.id, of.domain, of.topic, of.kind, stem, of.options, (), of.references)


def test_an_item_is_shown_without_its_key() -> None:
    """Id, domain and topic, stem, options and references; no letter is marked."""
    of = question(options={"A": "one", "B": "two"}, references=["Manual: Tables", "API: OPTIMIZE"])
    assert lines(of) == [
        "q1-01  storage / tables",
        "",
        "Which one?",
        "",
        "    A) one",
        "    B) two",
        "",
        "see: Manual: Tables",
        "see: API: OPTIMIZE",
    ]


def test_an_item_is_shown_with_its_key() -> None:
    """Every accepted letter is marked; key, status, reason and explanation follow."""
    of = question(options={"A": "one", "B": "two", "C": "three"})
    keyed = key("B", "C", status="disputed", reason="C is right, too.", explanation="Not A.\n")
    assert lines(of, keyed) == [
        "q1-01  storage / tables",
        "",
        "Which one?",
        "",
        "    A) one",
        "  * B) two",
        "  * C) three",
        "",
        "key: B, accepted: B or C, disputed",
        "reason: C is right, too.",
        "",
        "Not A.",
        "",
        "see: Manual: Tables",
    ]


def test_an_item_of_several_answers_says_so() -> None:
    """And its key is spelled as a set."""
    of = question(kind="multiple", options="ABC")
    got = lines(of, key("AC"))
    assert got[0] == "q1-01  storage / tables; several answers"
    assert got[4:7] == ["  * A) option A", "    B) option B", "  * C) option C"]
    assert got[7:] == [
        "",
        "key: A and C, accepted: A and C, sound",
        "",
        "A, B, C and D.",
        "",
        "see: Manual: Tables",
    ]


def test_long_text_is_wrapped_under_its_letter() -> None:
    """Lines stay narrow, and what belongs to an option is indented with it."""
    of = question(options={"A": "word " * 40, "B": "two"})
    got = lines(of)
    assert got[4] == "    A) " + " ".join(["word"] * 14)
    assert got[5:7] == ["       " + " ".join(["word"] * n) for n in (14, 12)]
    assert got[7] == "    B) two"


def test_line_breaks_of_the_author_are_kept() -> None:
    """Also empty lines and what is indented: a stem may hold a program."""
    got = lines(with_stem("Given:\n\n    x = 1\n      y = 2\n\nWhat is x?\n"))
    assert got[2:8] == ["Given:", "", "    x = 1", "      y = 2", "", "What is x?"]
    got = lines(question(options={"A": "one\n\ntwo", "B": "three"}))
    assert got[4:8] == ["    A) one", "", "       two", "    B) three"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("see `df.show(1, 2)` here", ["df.show(1, 2)"]),
        ("`a b` and `c  d`", ["a b", "c  d"]),
        ("``", []),
        ("an open ` is text", []),
        ("`a\nb`", []),
        (
            "word " * 15 + "`OPTIMIZE rides ZORDER BY (station)` ends it",
            ["OPTIMIZE rides ZORDER BY (station)"],
        ),
    ],
)
def test_code_between_backticks_is_highlighted_whole(text: str, code: list[str]) -> None:
    """It is never broken over two lines, and reaches the highlighter as the author wrote it."""
    seen: list[str] = []

    def mark(found: str) -> str:
        seen.append(found)
        return f"<{found}>"

    got = "\n".join(item.render(with_stem(text), None, mark))
    assert seen == code
    assert all(f"<{c}>" in got for c in code)
    assert "\u00a0" not in got


def test_code_that_is_too_long_has_its_own_line() -> None:
    """A line may be too wide; code is not cut."""
    code = "SELECT " + ", ".join(f"column_{i}" for i in range(12))
    got = lines(with_stem(f"Look at `{code}` now."))
    assert got[2:5] == ["Look at", f"`{code}`", "now."]


def test_the_projects_own_items_can_be_shown() -> None:
    """Each of them, with its key, loses no word."""
    of = own_bank().bank
    assert of.keys
    for id_, question_ in of.questions.items():
        got = " ".join(" ".join(lines(question_, of.keys[id_])).split())
        for text in (question_.stem, *question_.options.values(), of.keys[id_].explanation):
            assert " ".join(text.split()) in got
