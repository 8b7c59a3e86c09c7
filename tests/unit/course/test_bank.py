"""`grader.course.bank` and `grader.course.course`: from a course's files to core models."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from grader.core.model import Band, Focus, Key, Question, Topic
from grader.course.bank import LoadedBank, letters
from grader.course.course import Course
from grader.errors import CourseError
from tests.builders import ROOT, own_bank, write, write_course


def load(root: Path, **changes: str) -> LoadedBank:
    """The bank of a small course with `changes`."""
    return Course(write_course(root, **changes)).bank()


def told(root: Path, **changes: str) -> list[str]:
    """What is wrong with such a course, as a person reads it."""
    return [f.render(root) for f in load(root, **changes).flaws]


def test_a_sound_bank_is_loaded_whole(tmp_path: Path) -> None:
    """Every part of every file arrives in the core's models, letters as sets, shares exact."""
    loaded = load(tmp_path)
    assert loaded.flaws == []
    bank = loaded.bank
    assert [d.id for d in bank.domains] == ["storage", "serving"]
    assert bank.domains[0].topics == (Topic("tables", "Tables"), Topic("files", "Files"))
    assert bank.topic_titles() == {"tables": "Tables", "files": "Files", "endpoints": "Endpoints"}
    assert bank.questions["q1-01"] == Question(
        id="q1-01",
        domain="storage",
        topic="tables",
        kind="single",
        stem="Which one?",
        options={"A": "one", "B": "two", "C": "three"},
        tags=("delta",),
        references=("Manual: Tables",),
    )
    exam = bank.exams["quiz-1"]
    assert (exam.pass_mark, exam.credit, exam.minutes) == (Fraction(7, 10), "all-or-nothing", 20)
    assert exam.bands == (
        Band(Fraction(9, 10), "Top", "Keep going."),
        Band(Fraction(0), "Base", "Read more."),
    )
    assert exam.focus == (Focus("tables", "Tables", "Read about tables."),)
    assert exam.items == ("q1-01", "q1-02")
    assert bank.keys["q1-01"] == Key(
        id="q1-01",
        answer=frozenset("B"),
        accepted=(frozenset("B"), frozenset("C")),
        status="disputed",
        reason="C can be defended.",
        explanation="A is not it, and C nearly is.",
        exam="quiz-1",
    )
    assert bank.keys["q1-02"].accepted == (frozenset("AC"),)
    assert bank.keys["q1-02"].reason == ""


def test_the_rule_for_credit_is_read(tmp_path: Path) -> None:
    """An exam may name how its multiple-select items are marked."""
    loaded = load(tmp_path, bank_exams_quiz_1="minutes: 20 -> minutes: 20\ncredit: per-option")
    assert loaded.flaws == []
    assert loaded.bank.exams["quiz-1"].credit == "per-option"


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        (
            "bank_questions_storage_q1_01",
            "id: q1-01 -> id: q1-09",
            "bank/questions/storage/q1-01.yaml:1:5: q1-09: the id must be the file's name without "
            ".yaml (q1-01); did you mean 'q1-01'?",
        ),
        (
            "bank_questions_storage_q1_01",
            "domain: storage -> domain: serving",
            "bank/questions/storage/q1-01.yaml:2:9: q1-01: the item lies in the folder storage/ "
            "but names the domain serving; make them agree",
        ),
        (
            "bank_questions_storage_q1_01",
            "kind: single -> kind: singel",
            "bank/questions/storage/q1-01.yaml:4:7: q1-01: `kind`: must be one of single, multiple "
            "(got 'singel'); did you mean 'single'?",
        ),
        (
            "bank_questions_storage_q1_01",
            "stem: Which one? -> steem: Which one?",
            "bank/questions/storage/q1-01.yaml:5:1: q1-01: "
            "unknown key `steem`; did you mean 'stem'?",
        ),
        (
            "bank_questions_storage_q1_01",
            "{A: one, B: two, C: three} -> {A: one, b: two}",
            "bank/questions/storage/q1-01.yaml:6:19: q1-01: `options`: `b` is not a valid key here",
        ),
        (
            "bank_questions_storage_q1_01",
            "C: three -> B: three",
            "bank/questions/storage/q1-01.yaml:6:27: `B` stands here and already in line 6; "
            "keep one",
        ),
        (
            "bank_questions_storage_q1_01",
            'references: ["Manual: Tables"] -> references: []',
            "bank/questions/storage/q1-01.yaml:8:13: q1-01: `references`: must not be empty",
        ),
        (
            "bank_exams_quiz_1",
            "id: quiz-1 -> id: quiz-2",
            "bank/exams/quiz-1.yaml:1:5: quiz-2: the id must be the file's name without .yaml "
            "(quiz-1); did you mean 'quiz-1'?",
        ),
        (
            "bank_exams_quiz_1",
            "minutes: 20 -> minutes: 0",
            "bank/exams/quiz-1.yaml:3:10: quiz-1: `minutes`: must be at least 1",
        ),
        (
            "bank_exams_quiz_1",
            "  - q1-02 ->   - q1-01",
            "bank/exams/quiz-1.yaml:12:5: quiz-1: `items`: names 'q1-01' twice",
        ),
        (
            "bank_keys_quiz_1",
            "  reason: C can be defended.\n -> ",
            "bank/keys/quiz-1.yaml:1:1: `q1-01`: `reason` is missing",
        ),
        (
            "bank_keys_quiz_1",
            "status: sound -> status: fine",
            "bank/keys/quiz-1.yaml:10:11: q1-02: "
            "`status`: must be one of sound, disputed, flawed, dated "
            "(got 'fine')",
        ),
        (
            "bank_keys_quiz_1",
            "q1-02: -> Q1-02:",
            "bank/keys/quiz-1.yaml:7:1: `Q1-02` is not a valid key here",
        ),
        (
            "bank_keys_quiz_1",
            "q1-02: -> q1-01:",
            "bank/keys/quiz-1.yaml:7:1: `q1-01` stands here and already in line 1; keep one",
        ),
        (
            "bank_domains",
            "- id: serving -> - id: Serving",
            "bank/domains.yaml:6:7: `id`: 'Serving' does not have the right form: The domain's "
            "id; also the folder of its items.",
        ),
    ],
)
def test_a_flaw_is_told_with_its_place(
    tmp_path: Path, file: str, change: str, message: str
) -> None:
    """One wrong thing in a file has its line: file, line, column, what, and what was meant."""
    assert message in told(tmp_path, **{file: change})


@pytest.mark.parametrize("status", ["fine", "Disputed", "disputd", "3"])
def test_a_misspelt_status_is_one_mistake(tmp_path: Path, status: str) -> None:
    """It is told as such, and no reason is asked for besides."""
    change = f"status: disputed\n  reason: C can be defended. -> status: {status}"
    (found,) = told(tmp_path, bank_keys_quiz_1=change)
    assert found.startswith(
        "bank/keys/quiz-1.yaml:4:11: q1-01: `status`: must be one of sound, disputed"
    )


@pytest.mark.parametrize("status", ["disputed", "flawed", "dated"])
def test_a_key_that_is_not_sound_says_why(tmp_path: Path, status: str) -> None:
    """Each of the others wants a reason; a missing status does not ask for one, too."""
    change = f"status: disputed\n  reason: C can be defended. -> status: {status}"
    assert told(tmp_path, bank_keys_quiz_1=change) == [
        "bank/keys/quiz-1.yaml:1:1: `q1-01`: `reason` is missing"
    ]
    change = "  status: disputed\n  reason: C can be defended.\n -> "
    assert told(tmp_path, bank_keys_quiz_1=change) == [
        "bank/keys/quiz-1.yaml:1:1: `q1-01`: `status` is missing"
    ]


def test_a_name_ends_without_a_line_break(tmp_path: Path) -> None:
    """An id or a letter with one behind it is another text, and not accepted."""
    assert told(tmp_path, bank_keys_quiz_1='answer: B -> answer: "B\\n"') != []
    assert (
        told(tmp_path, bank_exams_quiz_1='minutes: 20 -> minutes: 20\ncredit: "per-option\\n"')
        != []
    )
    assert told(tmp_path, bank_exams_quiz_1='pass_mark: 7/10 -> pass_mark: "7/10\\n"') == [
        "bank/exams/quiz-1.yaml:4:12: quiz-1: `pass_mark`: '7/10' does not have the right form: "
        "The share of the points that passes, as an exact fraction: 7/10."
    ]


def test_a_broken_file_costs_that_file_only(tmp_path: Path) -> None:
    """What can be read is loaded, and what cannot is told."""
    loaded = load(tmp_path, bank_questions_storage_q1_01="id: [")
    assert list(loaded.bank.questions) == ["q1-02"]
    assert list(loaded.bank.exams) == ["quiz-1"]
    assert [f.path.name for f in loaded.flaws] == ["q1-01.yaml"]


def test_an_id_is_taken_once(tmp_path: Path) -> None:
    """The second file with an id is told where the first is."""
    write_course(tmp_path)
    text = (tmp_path / "bank/questions/storage/q1-01.yaml").read_text()
    write(tmp_path / "bank/questions/storage/more/q1-01.yaml", text)
    loaded = Course(tmp_path).bank()
    assert [f.render(tmp_path) for f in loaded.flaws if "taken" in f.message] == [
        "bank/questions/storage/q1-01.yaml:1:5: q1-01: this id is taken by "
        "bank/questions/storage/more/q1-01.yaml; rename one"
    ]


def test_an_item_is_keyed_once(tmp_path: Path) -> None:
    """A key that two files hold is told at the second."""
    write_course(tmp_path)
    text = (tmp_path / "bank/keys/quiz-1.yaml").read_text()
    write(tmp_path / "bank/keys/quiz-2.yaml", text.partition("q1-02")[0])
    assert [f.render(tmp_path) for f in Course(tmp_path).bank().flaws] == [
        "bank/keys/quiz-2.yaml:1:1: q1-01: has a key in bank/keys/quiz-1.yaml already; keep one"
    ]


def test_a_students_copy_has_no_keys(tmp_path: Path) -> None:
    """Without bank/keys/ everything else is loaded, without a flaw."""
    write_course(tmp_path)
    (tmp_path / "bank/keys/quiz-1.yaml").unlink()
    loaded = Course(tmp_path).bank()
    assert (loaded.flaws, dict(loaded.bank.keys)) == ([], {})
    assert list(loaded.bank.exams) == ["quiz-1"]


def test_flaws_come_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    """Sorted by path, then by place, however they were found."""
    found = told(
        tmp_path,
        bank_questions_storage_q1_01="id: q1-01\ndomain: storage\n",
        bank_exams_quiz_1="minutes: 20 -> minutes: 0\nzzz: 1",
        bank_domains="[]",
    )
    places = [f.split(": ")[0] for f in found]
    assert places == sorted(places)
    assert len({p.split(":")[0] for p in places}) == 3


def test_blueprints_are_checked(tmp_path: Path) -> None:
    """A blueprint is named after its file and fits its schema."""
    text = (
        "id: other\ntitle: T\nvalid_from: 2025-09\nsource: S\nquestions: 60\nminutes: 120\n"
        "domains: [{title: D, weight: 100}]\n"
    )
    write_course(tmp_path)
    write(tmp_path / "bank/blueprints/associate.yaml", text)
    write(tmp_path / "bank/blueprints/bad.yaml", "id: bad\n")
    found = [f.render(tmp_path) for f in Course(tmp_path).bank().flaws]
    assert found[0] == (
        "bank/blueprints/associate.yaml:1:5: other: the id must be the file's name without .yaml "
        "(associate)"
    )
    assert "bank/blueprints/bad.yaml:1:1: bad: `title` is missing" in found


def test_a_subject_has_a_place(tmp_path: Path) -> None:
    """A subject is where its key stands, or its file begins; a part is where its value stands."""
    loaded = load(tmp_path)
    folder = tmp_path / "bank"
    keys, item = folder / "keys/quiz-1.yaml", folder / "questions/storage/q1-01.yaml"
    assert loaded.place("key", "q1-02", ()) == (keys, 7, 1)
    assert loaded.place("key", "q1-02", ("status",)) == (keys, 10, 11)
    assert loaded.place("question", "q1-01", ()) == (item, 1, 1)
    assert loaded.place("question", "q1-01", ("options", "B")) == (item, 6, 22)
    assert loaded.place("exam", "quiz-1", ("items", 1)) == (folder / "exams/quiz-1.yaml", 12, 5)
    assert loaded.place("domain", "serving", ("topics",)) == (folder / "domains.yaml", 8, 11)


def test_an_answer_is_a_set_of_letters() -> None:
    """A letter alone and a list of one are the same answer."""
    assert letters("B") == letters(["B"]) == frozenset("B")


def test_a_folder_without_a_bank_is_no_course(tmp_path: Path) -> None:
    """Run from the wrong folder, a person is told where to run."""
    with pytest.raises(CourseError) as caught:
        Course(tmp_path).bank()
    assert str(caught.value) == (
        f"{tmp_path} is not a course: there is no bank/domains.yaml; "
        "run from the course repository (or name it: --root, with pytest --rootdir)"
    )


def test_a_course_is_found_below_its_root(tmp_path: Path) -> None:
    """Folders come from the root that was given, not from where this package lies."""
    course = Course(write_course(tmp_path))
    assert course.bank_folder == tmp_path / "bank"
    assert course.labs_folder == tmp_path / "labs"
    assert course.schemas.validator("exam") is course.schemas.validator("exam")


def test_the_projects_own_bank_has_no_flaw() -> None:
    """The bank that is shipped loads whole."""
    assert [f.render(ROOT) for f in own_bank().flaws] == []


def test_a_course_loads_its_bank_once(tmp_path: Path) -> None:
    """Whoever asks again gets the same, whatever has become of the files."""
    course = Course(write_course(tmp_path))
    loaded = course.bank()
    write(tmp_path / "bank/questions/storage/q1-01.yaml", "")
    assert course.bank() is loaded
