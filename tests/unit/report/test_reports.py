"""`grader.report`: renderings of a grade."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from grader.core.grade import Grade, Problem, to_json
from grader.core.model import Focus
from grader.core.verdict import Verdict
from grader.errors import GraderError
from grader.report import files, student, terminal
from grader.report.student import escape
from grader.report.terminal import number, percent
from tests.builders import bank, by_name, exam, grade, lab_spec, question, result, schemas, write

FOCUS = [Focus("tables", "Delta tables", "Read about\n  tables.")]
COURSE = bank(
    [question("q1-01"), question("q1-02", topic="files")],
    [exam("quiz-1", ["q1-01", "q1-02"], focus=FOCUS)],
)
LABS = [lab_spec("tiny", {"test_one": "3/2"})]
TITLES = {"tiny": "A tiny lab"}

RIGHT = result(name="q1-01", given="B", reason="answered B")
LOST = result(
    Verdict.WRONG, 0, name="q1-01", given="A", reason="answered A", hint="Review Delta tables"
)
FILES = result(name="q1-02", topic="files", given="C", reason="answered C")
CHECK = result(
    points="3/2", maximum="3/2", name="test_one", paper="tiny", domain="serving", topic="endpoints"
)
FAULT = result(
    Verdict.GRADER_FAULT,
    None,
    "3/2",
    name="test_one",
    paper="tiny",
    domain="serving",
    topic="endpoints",
    reason="no Java\x1b[31m",
)


def shown(of: Grade) -> list[str]:
    """A grade as a terminal shows it."""
    return list(terminal.render(of, COURSE, TITLES))


def decided(of: Grade) -> list[str]:
    """The lines of the decision alone."""
    return list(terminal.decision(of))


def test_a_terminal_shows_the_whole_grade() -> None:
    """Who, tables per domain, topic, exam and lab, bands, advice, and the decision last."""
    got = shown(grade(COURSE, LOST, FILES, CHECK, labs=LABS, name="Ada Lovelace"))
    assert got == [
        "Ada Lovelace (alice)",
        "",
        "  points per domain and topic",
        "    Storage                                                     1 / 2       50.0 %",
        "      Tables                                                    0 / 1        0.0 %",
        "      Files                                                     1 / 1      100.0 %",
        "    Serving                                                 1 1/2 / 1 1/2  100.0 %",
        "      Endpoints                                             1 1/2 / 1 1/2  100.0 %",
        "  points per exam",
        "    Paper quiz-1                                                1 / 2       50.0 %",
        "  points per lab",
        "    A tiny lab                                              1 1/2 / 1 1/2  100.0 %",
        "  quiz-1: not passed. Base: Read more.",
        "  Study next:",
        "    - Delta tables: Read about tables.",
        "",
        "  PASS: 2 1/2 of 3 1/2 points (71.4 %); 70.0 % passes",
    ]


def test_a_terminal_shows_what_could_not_be_read() -> None:
    """Problems come first, under the name."""
    problems = [Problem("alice/answers/quiz-1.yaml:3:1", "unknown key `x`")]
    assert shown(grade(COURSE, RIGHT, FILES, problems=problems))[:3] == [
        "alice",
        "  ! alice/answers/quiz-1.yaml:3:1: unknown key `x`",
        "",
    ]


def test_a_terminal_leaves_out_what_did_not_run() -> None:
    """A narrowed run shows its own topics, exams and labs only."""
    got = "\n".join(shown(grade(COURSE, RIGHT, labs=LABS)))
    assert "Tables" in got
    assert "Paper quiz-1" in got
    assert "Files" not in got
    assert "Serving" not in got
    assert "tiny lab" not in got


def test_a_terminal_shows_six_pieces_of_advice() -> None:
    """The rest is in the report, and it is said how much that is."""
    areas = [Focus("tables", f"Area {i}", "Read.") for i in range(8)]
    course = bank([question("q1-01")], [exam("quiz-1", ["q1-01"], focus=areas)])
    got = list(terminal.render(grade(course, LOST), course, {}))
    assert [line for line in got if "Area" in line][-1] == "    - Area 5: Read."
    assert "    ... and 2 more in the report" in got


def test_a_name_cannot_break_a_terminal() -> None:
    """Whatever a student calls themselves is printed clean, on one line."""
    got = shown(grade(COURSE, RIGHT, FILES, name="Ada\x1b[2J\n::error::x\u202e"))
    assert got[0] == "Ada |::error::x (alice)"


@pytest.mark.parametrize(
    ("results", "lines"),
    [
        ([RIGHT, FILES, CHECK], ["  PASS: 3 1/2 of 3 1/2 points (100.0 %); 70.0 % passes"]),
        (
            [LOST, FILES, result(Verdict.WRONG, 0, "3/2", name="test_one", paper="tiny")],
            ["  FAIL: 1 of 3 1/2 points (28.6 %); 70.0 % passes"],
        ),
        (
            [RIGHT],
            [
                "  PARTIAL: 1 of 3 items and checks were graded: 1 of 1 points; "
                "a part decides nothing"
            ],
        ),
        (
            [LOST, CHECK],
            [
                "  PARTIAL: 2 of 3 items and checks were graded: 1 1/2 of 2 1/2 points; "
                "a part decides nothing"
            ],
        ),
        (
            [RIGHT, FILES, FAULT],
            [
                "  GRADER FAULT: 1 could not be graded, and no decision was made.",
                "    no Java",
                "    This is not the student's doing; `grader doctor` examines this machine.",
            ],
        ),
    ],
)
def test_a_decision_is_told_in_a_line_or_two(results: list[Any], lines: list[str]) -> None:
    """Pass, fail, a part, or our own fault with its cause once."""
    assert decided(grade(COURSE, *results, labs=LABS)) == lines


def test_the_cause_of_many_faults_is_told_once() -> None:
    """Ten checks that met the same missing Java say it once."""
    names = [f"test_{i}" for i in range(10)]
    labs = [lab_spec("tiny", dict.fromkeys(names, "1"))]
    faults = [
        result(Verdict.GRADER_FAULT, None, name=n, paper="tiny", reason="no Java") for n in names
    ]
    got = decided(grade(COURSE, *faults, labs=labs))
    assert got[0] == "  GRADER FAULT: 10 could not be graded, and no decision was made."
    assert got.count("    no Java") == 1


def test_void_items_are_counted_under_the_verified_policy() -> None:
    """Whoever reads a smaller denominator is told why."""
    void = result(Verdict.VOID, 0, 0, name="q1-01")
    got = decided(grade(COURSE, void, FILES, key_policy="verified"))
    assert got == ["  PASS: 1 of 1 point (100.0 %), 1 items void; 70.0 % passes"]
    nothing = [replace(void, name=n) for n in ("q1-01", "q1-02")]
    assert decided(grade(COURSE, *nothing, key_policy="verified")) == [
        "  PARTIAL: 2 of 2 items and checks were graded: 0 of 0 points; a part decides nothing"
    ]


@pytest.mark.parametrize(
    ("share", "told"),
    [
        ("0", "0.0 %"),
        ("1", "100.0 %"),
        ("7/10", "70.0 %"),
        ("1/3", "33.3 %"),
        ("2/3", "66.7 %"),
        ("1/2000", "0.1 %"),
        ("1/2001", "0.0 %"),
        ("5/80", "6.3 %"),
    ],
)
def test_a_share_is_told_in_per_cent(share: str, told: str) -> None:
    """One decimal, halves upwards, with no float in between."""
    assert percent(Fraction(share)) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [("0", "0"), ("12", "12"), ("1/2", "1/2"), ("25/2", "12 1/2"), ("7/3", "2 1/3")],
)
def test_points_are_told_as_whole_and_fraction(value: str, told: str) -> None:
    """Exactly, and as people write them."""
    assert number(Fraction(value)) == told


def markdown(of: Grade) -> list[str]:
    """A grade as the student's report."""
    return list(student.render(of, COURSE, TITLES))


def test_the_students_report_shows_the_whole_grade() -> None:
    """Decision, points, advice, and every entry with its reason and hint."""
    problems = [Problem("alice/x.py", "was not read")]
    of = grade(COURSE, LOST, FILES, CHECK, labs=LABS, name="Ada", problems=problems)
    assert markdown(of) == [
        "# Ada",
        "",
        "PASS: 2 1/2 of 3 1/2 points (71.4 %); 70.0 % passes",
        "",
        "## What could not be read",
        "",
        "- alice/x.py: was not read",
        "",
        "## Points",
        "",
        "| domain or topic | points | of | share |",
        "|---|---:|---:|---:|",
        "| **Storage** | 1 | 2 | 50.0 % |",
        "| Tables | 0 | 1 | 0.0 % |",
        "| Files | 1 | 1 | 100.0 % |",
        "| **Serving** | 1 1/2 | 1 1/2 | 100.0 % |",
        "| Endpoints | 1 1/2 | 1 1/2 | 100.0 % |",
        "",
        "## Study next",
        "",
        "- **Delta tables**: Read about tables.",
        "",
        "## quiz-1: Paper quiz-1",
        "",
        "Base. Read more.",
        "",
        "- `q1-01` wrong, 0 of 1 point",
        "  - answered A",
        "  - Hint: Review Delta tables",
        "- `q1-02` correct, 1 of 1 point",
        "",
        "## tiny: A tiny lab",
        "",
        "- `test_one` correct, 3/2 of 3/2 points",
        "",
    ]


def test_a_part_is_reported_without_what_did_not_run() -> None:
    """Entries that were left out are not listed as lost."""
    got = "\n".join(markdown(grade(COURSE, RIGHT, labs=LABS)))
    assert "q1-01" in got
    assert "q1-02" not in got
    assert "test" not in got
    assert "| Tables | 1 | 1 | 100.0 % |" in got
    assert "Files" not in got
    assert "Serving" not in got


def test_a_fault_is_reported_without_a_score() -> None:
    """A student reads that there is no score, not that they lost one."""
    got = markdown(grade(COURSE, RIGHT, FILES, FAULT, labs=LABS))
    assert "- `test_one` grader-fault, no score of 3/2 points" in got
    assert "  - no Java" in got


def test_a_decision_is_no_markup() -> None:
    """What broke is told among the first lines of a report, and is text there as well."""
    reason = "<img src=x> *b* `c` [d](e)\n# Passed | \x1b[31m"
    got = markdown(grade(COURSE, RIGHT, FILES, replace(FAULT, reason=reason), labs=LABS))
    assert got[2:6] == [
        "GRADER FAULT: 1 could not be graded, and no decision was made.",
        r"\<img src=x\> \*b\* \`c\` \[d\](e) \# Passed \|",
        r"This is not the student's doing; \`grader doctor\` examines this machine.",
        "",
    ]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain text.", "plain text."),
        ("*bold* _it_ `code`", r"\*bold\* \_it\_ \`code\`"),
        ("<script>alert(1)</script>", r"\<script\>alert(1)\</script\>"),
        ("[link](http://x) ![img](y)", r"\[link\](http://x) \!\[img\](y)"),
        ("# heading | cell", r"\# heading \| cell"),
        ("back\\slash", r"back\\slash"),
        ("two\n# lines", r"two \# lines"),
        ("\x1b[31mred\u202e", "red"),
    ],
)
def test_foreign_text_is_no_markup(text: str, escaped: str) -> None:
    """Nothing that Markdown or HTML would obey, on one line."""
    assert escape(text) == escaped


def test_a_hostile_submission_cannot_forge_a_report() -> None:
    """Names, reasons and problems of a student's making stay text."""
    forged = "x\n# Passed\n\n<img src=x> | 100 |"
    of = grade(
        COURSE,
        result(Verdict.STUDENT_ERROR, 0, name="q1-01", reason=forged),
        FILES,
        name=forged,
        problems=[Problem(forged, forged)],
    )
    got = markdown(of)
    assert not [line for line in got if line.startswith("# ") and line != got[0]]
    assert not [line for line in got if "<img" in line.replace("\\<", "")]
    assert all("\n" not in line for line in got)


def write_report(of: Grade, folder: Path) -> Path:
    """Write the reports of a grade."""
    return files.write(of, folder, schemas().validator("grade"), COURSE, TITLES)


def test_a_report_is_written_as_json_and_markdown(tmp_path: Path) -> None:
    """`grade.json` is the record, `feedback.md` a rendering of it; nothing else is left."""
    of = grade(COURSE, RIGHT, FILES, CHECK, labs=LABS, name="Ädä 😀")
    path = write_report(of, tmp_path / "reports/alice")
    assert path == tmp_path / "reports/alice/grade.json"
    assert json.loads(path.read_text(encoding="utf-8")) == to_json(of)
    assert "Ädä 😀" in path.read_text(encoding="utf-8")
    feedback = path.with_name("feedback.md").read_text(encoding="utf-8")
    assert feedback == "\n".join(markdown(of)) + "\n"
    assert sorted(p.name for p in path.parent.iterdir()) == ["feedback.md", "grade.json"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_report_replaces_the_one_before(tmp_path: Path) -> None:
    """In one stroke: no reader meets half a file."""
    write(tmp_path / "grade.json", "x" * 100_000)
    path = write_report(grade(COURSE, RIGHT, FILES), tmp_path)
    assert json.loads(path.read_text(encoding="utf-8"))["decision"] == "pass"


def test_the_same_grade_is_written_the_same(tmp_path: Path) -> None:
    """Byte for byte, whatever the order of the run was."""
    one = write_report(grade(COURSE, RIGHT, FILES), tmp_path / "a").read_bytes()
    assert write_report(grade(COURSE, FILES, RIGHT), tmp_path / "b").read_bytes() == one


class Refusing:
    """A validator that finds fault."""

    def iter_errors(self, instance: Any) -> Iterable[Any]:
        """One error in the first item's points."""
        assert isinstance(instance, dict)
        yield SimpleNamespace(absolute_path=["items", 0, "points"], message="'x' is not a number")


def test_a_grade_that_does_not_fit_its_schema_is_not_written(tmp_path: Path) -> None:
    """Our own mistake is told with its place, and no file appears."""
    with pytest.raises(GraderError) as caught:
        files.write(grade(COURSE, RIGHT, FILES), tmp_path / "out", Refusing(), COURSE, TITLES)
    assert str(caught.value) == (
        "the grade does not fit grade.schema.json at items/0/points: 'x' is not a number"
    )
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """With the folder and the reason."""
    write(tmp_path / "file", "")
    with pytest.raises(GraderError) as caught:
        write_report(grade(COURSE, RIGHT, FILES), tmp_path / "file/alice")
    assert str(caught.value) == (
        f"{tmp_path / 'file/alice'}: the report cannot be written: Not a directory"
    )


def test_results_are_keyed_by_paper_and_name() -> None:
    """Two papers may have entries of the same name."""
    assert list(by_name(RIGHT, CHECK)) == [("quiz-1", "q1-01"), ("tiny", "test_one")]
