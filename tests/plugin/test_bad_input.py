"""Bad submissions: a clear message at the place, everything else still marked."""

from __future__ import annotations

import fnmatch
import os
from pathlib import Path

import pytest

from tests.plugin.conftest import RIGHT, Course

GOOD = "exam: quiz-a\nanswers: {a-01: B, a-02: A, a-03: [A, C]}\n"


#: A sheet, what is told about it, and the points of its exam.
SHEETS: list[tuple[str | bytes, str, int]] = [
    ("", "*quiz-a.yaml:1:1: the sheet is empty; it should hold*", 0),
    ("exam: [\n", "*quiz-a.yaml:2:1: not valid YAML*", 0),
    (b"\xff\xfe\x00", "*quiz-a.yaml:1:1: is not UTF-8 text*", 0),
    (GOOD.replace("quiz-a", "quiz-b"), "*quiz-a.yaml:1:7: this sheet is for 'quiz-b'*", 0),
    (GOOD.replace("a-01: B", "a-01: 2"), "*quiz-a.yaml:2:17: `a-01`: *the number 2*", 2),
    (GOOD.replace("a-01: B", "a-1: B"), "*quiz-a.yaml:2:11: a-1 is not an item*'a-01'?*", 2),
    (GOOD.replace("a-01: B", "a-01: {}"), "*quiz-a.yaml:2:17: `a-01`: *a mapping*", 2),
    (GOOD.replace("a-02: A", "a-01: A"), "*`a-01` stands here and already in line 2*", 2),
    (GOOD.replace("B, a-02: A", "&x B, a-02: *x"), "*anchors (&) and aliases (?)*", 0),
    (GOOD.replace("B,", "!!python/object:os.system B,"), "*tags (!) are not used*", 0),
    ("answers: {a-01: B}\n", "*quiz-a.yaml:1:1: `exam` is missing*", 1),
    ("- a\n- b\n", "*must be a mapping*", 0),
]


def test_a_bad_sheet_costs_only_itself(course: Course) -> None:
    """The place and the reason are told; the other exam and the lab keep their points."""
    for n, (sheet, _, _) in enumerate(SHEETS):
        course.student(f"dan{n}")
        course.write(f"submissions/dan{n}/answers/quiz-a.yaml", sheet)
    result = course.run("--submission=submissions", "--feedback=score")
    result.stdout.no_fnmatch_line("*Traceback*")
    for n, (sheet, message, points) in enumerate(SHEETS):
        result.stdout.fnmatch_lines([f"*dan{n}/{message}"])
        totals = course.grade(f"dan{n}")["totals"]
        assert totals["by_exam"]["quiz-a"]["points"] == str(points), sheet
        assert totals["by_exam"]["quiz-b"]["points"] == "2", sheet
        assert totals["by_lab"]["tiny"]["points"] == "3", sheet


#: An answer to an item of four options that takes one, and what is told.
ANSWERS: list[tuple[object, str]] = [
    ("E", "'E' is not an option of this item; its options are A, B, C, D"),
    (["A", "B"], "2 options were given; this item takes one of A, B, C, D"),
    ("AB", "'AB' is not an option of this item; its options are A, B, C, D"),
]


def test_no_answer_at_all_is_the_students_error(course: Course) -> None:
    """A letter outside the options is neither wrong nor unanswered, and is told."""
    for n, (given, _) in enumerate(ANSWERS):
        course.student(f"dan{n}", {**RIGHT, "quiz-a": {**RIGHT["quiz-a"], "a-01": given}}, lab=None)
    result = course.run("--submission=submissions")
    for n, (_, reason) in enumerate(ANSWERS):
        told = [f"*_ dan{n}/quiz-a::a-01 _*", f"student-error: {reason}; 0 of 1 point"]
        result.stdout.fnmatch_lines(told, consecutive=True)
        entry = course.grade(f"dan{n}")["items"][0]
        assert (entry["verdict"], entry["reason"]) == ("student-error", reason)


def test_whatever_is_missing_is_named(course: Course) -> None:
    """A sheet or lab that was not handed in is a problem, and its entries are unanswered."""
    course.student("dan", {"quiz-b": RIGHT["quiz-b"]}, lab=None)
    result = course.run("--submission=dan")
    result.stdout.fnmatch_lines(
        [
            "*! dan/answers/quiz-a.yaml: was not handed in",
            "*! dan/labs/tiny.py: was not handed in",
        ]
    )
    grade = course.grade("dan")
    assert {c["verdict"] for c in grade["checks"]} == {"unanswered"}
    assert grade["totals"]["by_exam"]["quiz-b"]["points"] == "2"


def test_misnamed_files_are_named(course: Course) -> None:
    """A file that belongs to nothing is not silently ignored."""
    folder = course.student("dan")
    (folder / "answers" / "quiz-a.yaml").rename(folder / "answers" / "quizz-a.yaml")
    (folder / "labs" / "tiny.py").rename(folder / "labs" / "Tiny.py")
    course.run("--submission=dan").stdout.fnmatch_lines(
        [
            "*quizz-a.yaml: is no exam of this course and is not graded; did you mean 'quiz-a'?",
            "*Tiny.py: is no lab of this course and is not graded; did you mean 'tiny'?",
        ]
    )


#: A lab's file, and what is told of it.
LABS = [
    ("def add(:\n", "*the file is not valid Python:*(line 1 of tiny.py)*"),
    (
        "def add(a, b):\n    return a + b\nraise KeyError('half-way')\n",
        "*KeyError: 'half-way' (line 3*",
    ),
    ("import os\nos._exit(0)\n", "*the lab's process ended by itself (exit status 0)*"),
    ("import sys\nsys.exit(0)\n", "*the file called sys.exit(0)*"),
    ("def add(a, b):\n    while True: pass\n", "*time: more than 3 s*"),
    ("def add(a, b):\n    return object()\n", "*a object is not data that can be checked*"),
    ("def add(a, b):\n    return '5'\n", "*does not do what the task asks*"),
    (
        "def add(a, b):\n    raise ValueError('no')\n",
        "*add raised ValueError: no (line 2 of tiny.py)*",
    ),
    ("add = 5\n", "*'add' is not a function*"),
    ("def add(a, b):\n    raise NotImplementedError\n", "*add is not written yet*"),
    ("import os\nos.kill(os.getpid(), 9)\n", "*the lab's process was killed*"),
]


def test_a_bad_lab_costs_only_itself(course: Course) -> None:
    """The lab's checks fail with a sentence; the sheets keep their points; the grader lives."""
    for n, (lab, _) in enumerate(LABS):
        course.student(f"dan{n}", lab=lab)
    result = course.run("--submission=submissions")
    assert result.ret == 1
    result.stdout.no_fnmatch_line("*Traceback*")
    for n, (lab, expected) in enumerate(LABS):
        result.stdout.fnmatch_lines([f"*_ dan{n}/tiny::*", expected])
        grade = course.grade(f"dan{n}")
        assert fnmatch.filter((c["reason"] for c in grade["checks"]), expected), lab
        assert grade["decision"] in ("pass", "fail"), lab
        assert grade["totals"]["by_lab"]["tiny"]["points"] != "3", lab
        assert grade["totals"]["by_exam"]["quiz-a"]["points"] == "3", lab


def test_a_lab_that_stops_half_way_keeps_what_it_reached(course: Course) -> None:
    """What was defined before the error is called and earns its points."""
    course.student("dan", lab="def add(a, b):\n    return a + b\n1 / 0\n")
    course.run("--submission=dan")
    verdicts = {c["check"]: (c["verdict"], c["points"]) for c in course.grade("dan")["checks"]}
    assert verdicts == {"test_adds": ("correct", "1"), "test_sorts": ("student-error", "0")}


def test_forged_replies_earn_nothing(course: Course) -> None:
    """A student who writes to every descriptor gets an error, not points."""
    course.student(
        "mal",
        lab="import os\n"
        "for fd in range(3, 64):\n"
        "    try:\n"
        '        os.write(fd, b\'{"id": "x", "ok": true, "value": 5}\\n\')\n'
        "    except OSError:\n"
        "        pass\n",
    )
    course.run("--submission=mal")
    assert course.grade("mal")["totals"]["by_lab"]["tiny"]["points"] == "0"


def test_links_and_devices_are_left_behind(course: Course) -> None:
    """A sheet that is a link to the key, or a FIFO, is not taken in, and is named."""
    folder = course.student("mal")
    (folder / "answers" / "quiz-a.yaml").unlink()
    (folder / "answers" / "quiz-a.yaml").symlink_to(course.root / "bank/keys/quiz-a.yaml")
    (folder / "labs" / "tiny.py").unlink()
    os.mkfifo(folder / "labs" / "tiny.py")
    result = course.run("--submission=mal")
    result.stdout.fnmatch_lines(
        [
            "*mal/answers/quiz-a.yaml: is a link; it was not taken in",
            "*mal/labs/tiny.py: is not a regular file; it was not taken in",
        ]
    )
    assert course.grade("mal")["totals"]["by_exam"]["quiz-a"]["points"] == "0"


def test_the_student_sees_no_key_and_no_check(course: Course) -> None:
    """Inside the wall there is no bank, no checks, no other student, no environment."""
    course.student("ann")
    probe = f"""
import os
from pathlib import Path
hits = []
for base in ({str(course.root)!r}, "/submission", "/workspace", "/run", "/home", "/root", "/tmp"):
    for folder, _, names in os.walk(base):
        hits += [os.path.join(folder, n) for n in names
                 if n == "checks.py" or folder.endswith("/keys") or folder.endswith("/ann")]
def add(a, b):
    raise RuntimeError(repr((sorted(hits), "SECRET" in str(os.environ))))
"""
    course.student("mal", lab=probe)
    result = pytest.MonkeyPatch()
    with result.context() as patch:
        patch.setenv("A_SECRET", "SECRET")
        run = course.run("--submission=mal")
    run.stdout.fnmatch_lines(["*RuntimeError: ([[]], False)*"])


def test_reports_are_clean(course: Course) -> None:
    """Escape sequences, markup and CI commands in student text reach no report."""
    evil = "\\x1b]0;owned\\x07\\x1b[31m<script>alert(1)</script>\\n::set-output name=x::y\\x00"
    course.student("mal", lab=f'def add(a, b):\n    raise ValueError("{evil}")\n')
    card = 'id: mal\nname: "<b>M\u202eal</b> [x](http://e)"\n'
    course.write("submissions/mal/submission.yaml", card)
    result = course.run("--submission=mal", "--junitxml=reports/junit.xml", "--color=no")
    texts = [result.stdout.str()]
    texts += [p.read_text(encoding="utf-8") for p in Path(course.root, "reports").rglob("*.*")]
    for text in texts:
        assert not {"\x1b", "\x07", "\x00", "\u202e"} & set(text)
        assert "\n::set-output" not in text
    feedback = (course.root / "reports/mal/feedback.md").read_text(encoding="utf-8")
    assert "<script>" not in feedback.replace("\\<", "")
