"""`pytest bank/`: a test a file, which tells all that is wrong there."""

from __future__ import annotations

from tests.plugin.conftest import EXAMS, ITEMS, Course

FILES = ["bank/domains.yaml"]
FILES += [f"bank/exams/{exam}.yaml" for exam in EXAMS]
FILES += [f"bank/keys/{exam}.yaml" for exam in EXAMS]
FILES += [f"bank/questions/{domain}/{id_}.yaml" for id_, (domain, *_) in ITEMS.items()]


def test_a_file_is_an_item(course: Course) -> None:
    """Every file of the bank, whatever it holds, and nothing else."""
    result = course.run("bank", "--co", "-q")
    found = [line for line in result.outlines if "::" in line]
    assert sorted(found) == sorted(f"{file}::sound" for file in FILES)


def test_a_sound_bank_passes(course: Course) -> None:
    """A file may be named, and `-k` takes parts of names."""
    course.run("bank").assert_outcomes(passed=len(FILES))
    course.run("bank/keys/quiz-a.yaml").assert_outcomes(passed=1)
    result = course.run("bank", "-k", "a-01 or quiz-a")
    result.assert_outcomes(passed=3, deselected=len(FILES) - 3)


def test_a_failure_tells_all_that_is_wrong_with_its_file(course: Course) -> None:
    """Each with its place and rule, whoever found it; every other file is sound."""
    keys = course.root / "bank/keys/quiz-b.yaml"
    text = keys.read_text(encoding="utf-8").replace("answer: C", "answer: E")
    text += "a-01:\n  answer: B\n  accepted: [B]\n  status: sound\n  explanation: A, C and D.\n"
    keys.write_text(text, encoding="utf-8")
    result = course.run("bank", "-rN")  # pytest's summary repeats it all where CI is set
    assert result.ret == 1
    result.assert_outcomes(failed=1, passed=len(FILES) - 1)
    told = [line for line in result.outlines if line.startswith("bank/keys/quiz-b.yaml:")]
    assert told == [
        "bank/keys/quiz-b.yaml:10:11: B105 accepted-answers: "
        "b-02: E is not an option (they are A, B, C, D)",
        "bank/keys/quiz-b.yaml:11:13: B105 accepted-answers: "
        "b-02: accepted must hold the answer (E)",
        "bank/keys/quiz-b.yaml:15:1: B001 readable: "
        "a-01: has a key in bank/keys/quiz-a.yaml already; keep one",
    ]


def test_findings_of_rules_that_look_across_files_have_a_place(course: Course) -> None:
    """An item that is gone is told where the exam asks for it, and where its key is."""
    (course.root / "bank/questions/storage/a-01.yaml").unlink()
    result = course.run("bank")
    result.assert_outcomes(failed=2, passed=len(FILES) - 3)
    result.stdout.fnmatch_lines(
        [
            "*_ bank/exams/quiz-a.yaml _*",
            "bank/exams/quiz-a.yaml:12:9: B101 exam-items: a-01: the bank holds no such item",
            "*_ bank/keys/quiz-a.yaml _*",
            "bank/keys/quiz-a.yaml:2:1: B102 key-items: a-01: the bank holds no such item*",
        ]
    )


def test_a_file_that_nobody_reads_is_told(course: Course) -> None:
    """It lies where the bank has no place for it."""
    course.write("bank/answers/quiz-a.yaml", "a-01: B\n")
    result = course.run("bank")
    result.assert_outcomes(failed=1, passed=len(FILES))
    result.stdout.fnmatch_lines(
        [
            "bank/answers/quiz-a.yaml:1:1: B001 readable: "
            "is not a place of the bank that is read (answers/)"
        ]
    )
