"""`grader.course.submission`: finding submissions, and every way an answer sheet can be bad."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.core.grade import Problem
from grader.core.marking import Given
from grader.course.submission import (
    MAX_SHEET,
    MAX_STRANGERS,
    Sheet,
    Submission,
    find_submissions,
    read_submission,
)
from grader.course.yamldoc import MAX_FLAWS
from grader.errors import SubmissionError
from tests.builders import exam, schemas, write

EXAM = exam("quiz-1", ["q1-01", "q1-02", "q1-03"])
OTHER = exam("quiz-2", ["q2-01"])


def read_text(folder: Path, text: str | bytes) -> Submission:
    """The submission `alice` with this text as its one answer sheet."""
    write(folder / "alice/answers/quiz-1.yaml", text)
    return read_submission(folder / "alice", [EXAM], [], schemas())


def problems(read: Submission) -> list[str]:
    """The problems of a submission, as reports print them."""
    return [f"{p.where}: {p.message}" for p in read.problems]


HEAD = "exam: quiz-1\nanswers:\n"
WHERE = "alice/answers/quiz-1.yaml"


@pytest.mark.parametrize(
    ("value", "given"),
    [
        ("B", "B"),
        ("'B'", "B"),
        ("b", "b"),
        ("[A, C]", ["A", "C"]),
        ("[B]", ["B"]),
        ("[]", []),
        ("null", None),
        ("", None),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("N", "N"),
        ("'2'", "2"),
        ("A, C", "A, C"),
    ],
)
def test_a_readable_answer_is_taken_as_it_stands(tmp_path: Path, value: str, given: Given) -> None:
    """Letters and lists of letters reach the marking; `no` is a text and not false."""
    read = read_text(tmp_path, f"{HEAD}  q1-01: {value}\n")
    assert read.sheets["quiz-1"] == Sheet({"q1-01": given})
    assert problems(read) == []


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2", ":3:10: `q1-01`: must be null, text or a list (got the number 2)"),
        ("1.5", ":3:10: `q1-01`: must be null, text or a list (got the number 1.5)"),
        ("true", ":3:10: `q1-01`: must be null, text or a list (got true)"),
        ("{A: B}", ":3:10: `q1-01`: must be null, text or a list (got a mapping)"),
        ("[A, 2]", ":3:14: `1`: must be text (got the number 2)"),
        ("[null]", ":3:11: `0`: must be text (got nothing)"),
        ("[[A]]", ":3:11: `0`: must be text (got a list of one)"),
    ],
)
def test_a_bad_answer_costs_its_item_only(tmp_path: Path, value: str, message: str) -> None:
    """A number for a letter and its like are told at their place; the rest of the sheet counts."""
    read = read_text(tmp_path, f"{HEAD}  q1-01: {value}\n  q1-02: B\n")
    sheet = read.sheets["quiz-1"]
    assert (dict(sheet.answers), sheet.unusable) == ({"q1-02": "B"}, "")
    assert problems(read) == [f"{WHERE}{message}"]
    assert dict(sheet.bad) == {"q1-01": message.split(": ", 1)[1]}


def test_a_bad_entry_in_a_block_names_itself(tmp_path: Path) -> None:
    """What is wrong with an item is told of the entry, also where entries have lines of their own,
    and of two bad ones the first."""
    read = read_text(
        tmp_path, f"{HEAD}  q1-01:\n    - A\n    - 2\n    - 3\n  q1-02: [B]\n  q1-03: 4\n"
    )
    sheet = read.sheets["quiz-1"]
    assert dict(sheet.answers) == {"q1-02": ["B"]}
    assert dict(sheet.bad) == {
        "q1-01": "`1`: must be text (got the number 2)",
        "q1-03": "`q1-03`: must be null, text or a list (got the number 4)",
    }


def test_a_sheet_of_errors_does_not_fill_a_report(tmp_path: Path) -> None:
    """Fifty are told; what is bad beyond them is still no answer."""
    items = [f"q1-{i:03}" for i in range(150)]
    write(tmp_path / "alice/answers/quiz-1.yaml", HEAD + "".join(f"  {i}: 1\n" for i in items))
    read = read_submission(tmp_path / "alice", [exam("quiz-1", items)], [], schemas())
    sheet = read.sheets["quiz-1"]
    assert len(read.problems) == MAX_FLAWS + 1
    assert list(sheet.bad) == items
    untold = [i for i, told in sheet.bad.items() if told == "is not an answer"]
    assert len(untold) == 150 - MAX_FLAWS


@pytest.mark.parametrize(
    ("id_", "message"),
    [
        ("q1-1", "q1-1 is not an item of quiz-1; did you mean 'q1-01'?"),
        ("Q1-02", "Q1-02 is not an item of quiz-1; did you mean 'q1-02'?"),
        ("zzz", "zzz is not an item of quiz-1"),
        ("7", "7 is not an item of quiz-1"),
        ("''", "'' is not an item of quiz-1"),
        ("'<<'", "<< is not an item of quiz-1"),
        ('"z\\e[31m\\u202ez"', "zz is not an item of quiz-1"),
    ],
)
def test_an_unknown_item_is_told_at_its_key(tmp_path: Path, id_: str, message: str) -> None:
    """With what was perhaps meant; the other answers count."""
    read = read_text(tmp_path, f"{HEAD}  q1-03: A\n  {id_}: B\n")
    assert read.sheets["quiz-1"] == Sheet({"q1-03": "A"})
    assert problems(read) == [f"{WHERE}:4:3: {message.strip()}"]


@pytest.mark.parametrize(("more", "told"), [(0, []), (1, ["1"]), (4980, ["4980"])])
def test_unknown_items_are_counted_beyond_the_first(
    tmp_path: Path, more: int, told: list[str]
) -> None:
    """Twenty are told by name, with what was meant; how many more there are is one line."""
    strange = "".join(f"  z{i:04}: A\n" for i in range(MAX_STRANGERS + more))
    read = read_text(tmp_path, f"{HEAD}  q1-01: A\n{strange}  q1-02: B\n")
    assert read.sheets["quiz-1"] == Sheet({"q1-01": "A", "q1-02": "B"})
    named = [f"{WHERE}:{4 + i}:3: z{i:04} is not an item of quiz-1" for i in range(MAX_STRANGERS)]
    count = [f"{WHERE}:2:1: {n} more answers are to items that quiz-1 does not have" for n in told]
    assert problems(read) == count + named


@pytest.mark.parametrize(
    ("text", "unusable", "told"),
    [
        (
            "",
            "the answer sheet is empty",
            [":1:1: the sheet is empty; it should hold `exam:` and `answers:`"],
        ),
        (
            "# nothing yet\n",
            "the answer sheet is empty",
            [":1:1: the sheet is empty; it should hold `exam:` and `answers:`"],
        ),
        (
            f"{HEAD}  q1-01: A\n q1-02: B\n",
            "the answer sheet cannot be read",
            [":4:2: not valid YAML: did not find expected key"],
        ),
        (
            f"{HEAD}  q1-01: [A\n",
            "the answer sheet cannot be read",
            [":4:1: not valid YAML: did not find expected ',' or ']'"],
        ),
        (
            f"{HEAD}  q1-01: &a A\n  q1-02: *a\n",
            "the answer sheet cannot be read",
            [":3:10: anchors (&) and aliases (*) are not used here; write the value out"],
        ),
        (
            f"{HEAD}  q1-01: !!python/name:os.system A\n",
            "the answer sheet cannot be read",
            [":3:10: tags (!) are not used here; remove the tag"],
        ),
        (
            f"{HEAD}  q1-01: A\n---\n{HEAD}  q1-01: B\n",
            "the answer sheet cannot be read",
            [":1:1: holds several YAML documents; keep the first and drop the `---` lines"],
        ),
        (
            f"{HEAD}  q1-01: {'[' * 5000}\n",
            "the answer sheet cannot be read",
            [":3:28: is nested more than 20 levels deep"],
        ),
        (
            HEAD.encode() + b"  q1-01: \xe4\n",
            "the answer sheet cannot be read",
            [":3:1: is not UTF-8 text; save the file as UTF-8"],
        ),
        (
            b"#" * MAX_SHEET + b"\n",
            "the answer sheet cannot be read",
            [":1:1: is larger than 128 KiB; a file of this kind is a few KiB"],
        ),
        (
            f"{HEAD}  q1-01: A\n  q1-02: \x07\n",
            "the answer sheet cannot be read",
            [":4:10: holds a character that YAML forbids: control characters are not allowed"],
        ),
        (
            "- q1-01: A\n",
            "the answer sheet cannot be read",
            [":1:1: must be a mapping (key: value) (got a list of one)"],
        ),
        (
            "A\n",
            "the answer sheet cannot be read",
            [":1:1: must be a mapping (key: value) (got 'A')"],
        ),
        (
            "exam: quiz-1\nanswers: [A, B]\n",
            "the answer sheet cannot be read",
            [":2:10: `answers`: must be a mapping (key: value) (got a list of 2)"],
        ),
        (
            "exam: quiz-1\nanswers:\n",
            "the answer sheet cannot be read",
            [":2:9: `answers`: must be a mapping (key: value) (got nothing)"],
        ),
        (
            "exam: quiz-1\n",
            "the answer sheet cannot be read",
            [":1:1: `answers` is missing"],
        ),
        (
            "exam: quiz-1\nanswer: {q1-01: A}\n",
            "the answer sheet cannot be read",
            [
                ":1:1: `answers` is missing",
                ":2:1: unknown key `answer`; did you mean 'answers'?",
            ],
        ),
        (
            "exam: quiz-2\nanswers: {q1-01: A}\n",
            "the answer sheet is for 'quiz-2'",
            [":1:7: this sheet is for 'quiz-2', and the file's name says 'quiz-1'"],
        ),
    ],
)
def test_a_bad_sheet_costs_its_exam_only(
    tmp_path: Path, text: str | bytes, unusable: str, told: list[str]
) -> None:
    """A sheet that cannot be used says why, with its place, and leaves no answer."""
    write(tmp_path / "alice/answers/quiz-2.yaml", "exam: quiz-2\nanswers: {q2-01: C}\n")
    write(tmp_path / "alice/answers/quiz-1.yaml", text)
    read = read_submission(tmp_path / "alice", [EXAM, OTHER], [], schemas())
    assert read.sheets["quiz-1"] == Sheet(unusable=unusable)
    assert read.sheets["quiz-2"] == Sheet({"q2-01": "C"})
    assert problems(read) == [f"{WHERE}{t}" for t in told]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("answers: {q1-01: A}\n", ":1:1: `exam` is missing"),
        ("exam:\nanswers: {q1-01: A}\n", ":1:6: `exam`: must be text (got nothing)"),
        (
            "exam: quiz-1\nname: Alice\nanswers: {q1-01: A}\n",
            ":2:1: unknown key `name`; known here: exam, answers",
        ),
        (
            "exam: quiz-1\nanswers: {q1-01: A, q1-01: B}\n",
            ":2:21: `q1-01` stands here and already in line 2; keep one",
        ),
        ("exam: quiz-1\nanswers: {q1-01: A, [x]: B}\n", ":2:21: a key must be plain text"),
        (
            "exam: quiz-1\nanswers: {q1-01: A, <<: {q1-02: B}}\n",
            ":2:21: merge keys (<<) are not used here; write it out",
        ),
        (
            'exam: "quiz-1"\nanswers: {q1-01: A, "q1-02\\n": B}\n',
            ":2:21: q1-02 is not an item of quiz-1; did you mean 'q1-02'?",
        ),
    ],
)
def test_a_small_flaw_is_told_and_the_answers_count(tmp_path: Path, text: str, told: str) -> None:
    """What leaves no doubt about the answers does not cost them; of two, the first counts."""
    read = read_text(tmp_path, text)
    assert read.sheets["quiz-1"] == Sheet({"q1-01": "A"})
    assert problems(read) == [f"{WHERE}{told}"]


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    """A sheet saved by an editor that marks its files is read like any other."""
    read = read_text(tmp_path, b"\xef\xbb\xbf" + f"{HEAD}  q1-01: A\n".encode())
    assert (read.sheets["quiz-1"], problems(read)) == (Sheet({"q1-01": "A"}), [])


def test_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    """Lines may end as they do on Windows."""
    read = read_text(tmp_path, f"{HEAD}  q1-01: A\n".replace("\n", "\r\n"))
    assert (read.sheets["quiz-1"], problems(read)) == (Sheet({"q1-01": "A"}), [])


def test_a_missing_sheet_is_named(tmp_path: Path) -> None:
    """An exam without a sheet is unusable, which is no error in any file; a folder is no sheet."""
    (tmp_path / "alice/answers/quiz-2.yaml").mkdir(parents=True)
    read = read_submission(tmp_path / "alice", [EXAM, OTHER], ["my-lab"], schemas())
    assert read.sheets["quiz-1"] == Sheet(unusable="answers/quiz-1.yaml was not handed in")
    assert read.sheets["quiz-2"] == Sheet(unusable="answers/quiz-2.yaml was not handed in")
    assert problems(read) == [
        "alice/answers/quiz-1.yaml: was not handed in",
        "alice/answers/quiz-2.yaml: was not handed in",
        "alice/labs/my-lab.py: was not handed in",
    ]


def test_files_that_belong_to_nothing_are_named(tmp_path: Path) -> None:
    """A misspelt file name is told, with what was perhaps meant."""
    for name in (
        "answers/quiz-1.yaml",
        "answers/quizz-1.yaml",
        "answers/zzz.txt",
        "labs/my_lab.py",
    ):
        write(tmp_path / "alice" / name, f"{HEAD}  q1-01: A\n")
    read = read_submission(tmp_path / "alice", [EXAM], ["my-lab"], schemas())
    assert problems(read) == [
        "alice/answers/quizz-1.yaml: is no exam of this course and is not graded; "
        "did you mean 'quiz-1'?",
        "alice/answers/zzz.txt: is no exam of this course and is not graded",
        "alice/labs/my_lab.py: is no lab of this course and is not graded; did you mean 'my-lab'?",
        "alice/labs/my-lab.py: was not handed in",
    ]


def test_a_file_of_the_wrong_kind_is_told_as_what_to_hand_it_in(tmp_path: Path) -> None:
    """The right name with another ending is no stranger; a second copy beside it is told, too."""
    for name in (
        "answers/quiz-1.yml",
        "answers/quiz-1",
        "labs/my-lab.ipynb",
        "labs/other.py",
        "labs/other.txt",
    ):
        write(tmp_path / "alice" / name, "")
    (tmp_path / "alice/labs/my-lab").mkdir()
    read = read_submission(tmp_path / "alice", [EXAM], ["my-lab", "other"], schemas())
    assert problems(read) == [
        "alice/answers/quiz-1.yaml: was not handed in",
        "alice/answers/quiz-1: was not read: this exam is handed in as quiz-1.yaml",
        "alice/answers/quiz-1.yml: was not read: this exam is handed in as quiz-1.yaml",
        "alice/labs/my-lab.ipynb: was not read: this lab is handed in as my-lab.py",
        "alice/labs/other.txt: was not read: this lab is handed in as other.py",
        "alice/labs/my-lab.py: was not handed in",
    ]
    assert dict(read.labs) == {"other": tmp_path / "alice/labs/other.py"}


def test_a_lab_is_found_by_its_name(tmp_path: Path) -> None:
    """`labs/<id>.py` is the student's file for the lab of that id."""
    path = write(tmp_path / "alice/labs/my-lab.py", "")
    read = read_submission(tmp_path / "alice", [], ["my-lab"], schemas())
    assert (dict(read.labs), read.problems) == ({"my-lab": path}, ())


def test_without_a_card_the_folder_names_the_student(tmp_path: Path) -> None:
    """`submission.yaml` is optional."""
    (tmp_path / "alice").mkdir()
    read = read_submission(tmp_path / "alice", [], [], schemas())
    assert (read.student, read.name, read.problems) == ("alice", "alice", ())


@pytest.mark.parametrize(
    ("folder", "student"),
    [
        (os.fsdecode(b"caf\xe9"), "caf"),
        ("a\u202ec", "ac"),
        (os.fsdecode(b"\xff\xfe"), "unnamed"),
        ("\u200b", "unnamed"),
        ("n" * 101, "n" * 100 + " ... (cut: 101 characters)"),
    ],
)
def test_a_folders_name_is_cleaned(tmp_path: Path, folder: str, student: str) -> None:
    """Bytes that are no text and characters that cannot be seen are no part of a student's id."""
    write(tmp_path / folder / "answers/quiz-1.yaml", f"{HEAD}  q1-01: A\n  zzz: B\n")
    read = read_submission(tmp_path / folder, [EXAM], [], schemas())
    assert (read.student, read.name) == (student, student)
    assert read.sheets["quiz-1"] == Sheet({"q1-01": "A"})
    assert "".join(problems(read)).encode().isascii()


@pytest.mark.parametrize(
    ("card", "student", "name"),
    [
        ("id: a.lovelace\n", "a.lovelace", "a.lovelace"),
        ("id: a1\nname: Ada Lovelace\n", "a1", "Ada Lovelace"),
        ('id: a1\nname: "Ada\\e[31m\\u202e Love\\nlace"\n', "a1", "Ada Love lace"),
        ("id: a1\nname: '  '\n", "a1", "a1"),
        ('id: a1\nname: "\\t\\n"\n', "a1", "a1"),
        ('id: a1\nname: "\\u200b\\u202e\\e[31m"\n', "a1", "a1"),
    ],
)
def test_a_card_names_the_student(tmp_path: Path, card: str, student: str, name: str) -> None:
    """Id and name come from the card; the name is cleaned into one line."""
    write(tmp_path / "alice/submission.yaml", card)
    read = read_submission(tmp_path / "alice", [], [], schemas())
    assert (read.student, read.name, read.problems) == (student, name, ())


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("", ":1:1: must be a mapping (key: value) (got nothing)"),
        ("name: Ada\n", ":1:1: `id` is missing"),
        ("id: 7\n", ":1:5: `id`: must be text (got the number 7)"),
        ("id: ''\n", ":1:5: `id`: must not be empty"),
        (f"id: {'x' * 101}\n", ":1:5: `id`: must hold at most 100"),
        ("id: a1\nname: ''\n", ":2:7: `name`: must not be empty"),
        ("id: a1\nnick: Ada\n", ":2:1: unknown key `nick`; known here: id, name"),
        ("id: [\n", ":2:1: not valid YAML: did not find expected node content"),
        (
            f"id: a1\n#{'x' * MAX_SHEET}\n",
            ":1:1: is larger than 128 KiB; a file of this kind is a few KiB",
        ),
    ],
)
def test_a_bad_card_leaves_the_folders_name(tmp_path: Path, card: str, message: str) -> None:
    """A card that cannot be used is told, and the student is still known."""
    write(tmp_path / "alice/submission.yaml", card)
    read = read_submission(tmp_path / "alice", [], [], schemas())
    assert (read.student, read.name) == ("alice", "alice")
    assert f"alice/submission.yaml{message}" in problems(read)


@pytest.mark.parametrize("id_", ["../bob", "a/b", ".hidden", "-rf", "a b", "ä", '"bob\\n"'])
def test_an_id_can_be_no_path(tmp_path: Path, id_: str) -> None:
    """An id that would lead elsewhere as a file's name is refused."""
    write(tmp_path / "alice/submission.yaml", f"id: {id_}\n")
    read = read_submission(tmp_path / "alice", [], [], schemas())
    assert read.student == "alice"
    assert problems(read)[0].startswith("alice/submission.yaml:1:5: `id`: ")


def test_problems_are_clean(tmp_path: Path) -> None:
    """Names of files and words of sheets reach a problem without control characters."""
    write(tmp_path / "alice/answers/\x1b[31mred\u202e.yaml", "")
    read = read_text(tmp_path, 'exam: "\\e]0;x\\a\\u202eq"\nanswers: {}\n')
    told = "".join(f"{p.where}{p.message}" for p in read.problems)
    assert told.isprintable()
    stranger = Problem("alice/answers/red.yaml", "is no exam of this course and is not graded")
    assert stranger in read.problems


def make(root: Path, *names: str) -> None:
    """Submissions below `root`."""
    for name in names:
        write(root / name / "answers/quiz-1.yaml", "")


def test_a_submission_is_found_by_path_and_by_name(tmp_path: Path) -> None:
    """As a path from here, from the root, or by its name below submissions/."""
    root, here = tmp_path / "course", tmp_path / "here"
    make(root, "submissions/alice", "submissions/bob", "extra/carol")
    make(here, "dave")
    alice = root / "submissions/alice"
    assert find_submissions("alice", root, here) == [alice]
    assert find_submissions("alice/", root, here) == [alice]
    assert find_submissions("extra/carol", root, here) == [root / "extra/carol"]
    assert find_submissions("dave", root, here) == [here / "dave"]
    assert find_submissions(str(alice), root, here) == [alice]


def test_a_folder_of_submissions_is_all_of_them(tmp_path: Path) -> None:
    """In the order of their names; what is no submission is left out."""
    make(tmp_path, "submissions/bob", "submissions/alice")
    write(tmp_path / "submissions/notes/readme.txt", "")
    assert find_submissions("submissions", tmp_path, tmp_path) == [
        tmp_path / "submissions/alice",
        tmp_path / "submissions/bob",
    ]


@pytest.mark.parametrize("part", ["answers/x", "labs/x", "submission.yaml"])
def test_any_part_makes_a_submission(tmp_path: Path, part: str) -> None:
    """Answers alone, labs alone or a card alone are a submission."""
    write(tmp_path / "alice" / part, "")
    assert find_submissions("alice", tmp_path, tmp_path) == [tmp_path / "alice"]


def test_an_unknown_submission_is_told_with_a_suggestion(tmp_path: Path) -> None:
    """Where it was looked for, and who was perhaps meant."""
    make(tmp_path, "submissions/alice")
    with pytest.raises(SubmissionError) as caught:
        find_submissions("alcie", tmp_path, tmp_path)
    assert str(caught.value) == (
        f"no submission 'alcie': there is no such folder here, in {tmp_path}, or in "
        f"{tmp_path / 'submissions'}; did you mean 'alice'?"
    )


def test_a_folder_without_submissions_is_told(tmp_path: Path) -> None:
    """An existing folder that holds none says what would make it one."""
    write(tmp_path / "notes/readme.txt", "")
    with pytest.raises(SubmissionError) as caught:
        find_submissions("notes", tmp_path, tmp_path)
    assert str(caught.value) == (
        f"{tmp_path / 'notes'} is not a submission: it holds none of answers/, labs/, "
        "submission.yaml, and no folder in it does"
    )
