"""Submissions whose text is the attack: on parsers that read it, on reports that show it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.attacks.catalogue import WRONG, Build, Places, fill, registering
from tests.builders import write

#: Family, builder, and whether only root can build it.
BUILT: list[tuple[str, Build, bool]] = []
attack = registering(BUILT)


def _sheet(folder: Path, text: str | bytes) -> None:
    write(folder / "answers" / "quiz-1.yaml", text)


@attack("parsers")
def yaml_of_a_billion(folder: Path, places: Places) -> None:
    """Let aliases of aliases unfold to a billion letters.

    Verdict: unanswered
    Message: anchors
    Naive: not-tried
    """
    lines = ["a0: &a0 [B, B, B, B, B, B, B, B, B]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    _sheet(folder, "exam: quiz-1\n" + "\n".join(lines) + "\nanswers: {q1-01: *a9}\n")


@attack("parsers")
def yaml_that_builds_objects(folder: Path, places: Places) -> None:
    """Let a tag call a function while the sheet is read.

    Verdict: unanswered
    Message: tags
    Naive: touches
    """
    command = f"echo owned > {places['ROOT']}/drop/tripwire.txt"
    _sheet(folder, f"exam: quiz-1\nanswers: !!python/object/apply:os.system ['{command}']\n")


@attack("parsers")
def yaml_without_a_bottom(folder: Path, places: Places) -> None:
    """Nest a sheet 50,000 deep.

    Verdict: unanswered
    Message: levels deep
    Naive: not-tried
    """
    _sheet(folder, "exam: quiz-1\nanswers: " + "[" * 50_000 + "]" * 50_000)


@attack("parsers")
def yaml_without_an_end(folder: Path, places: Places) -> None:
    """Hand in a sheet of 7 MB, one of ten thousand strange answers, and a name of 100 KB.

    Verdict: unanswered
    Message: is larger than
    Naive: not-tried
    """
    _sheet(folder, "exam: quiz-1\nanswers:\n" + "  q1-01: B\n" * 600_000)
    write(folder / "submission.yaml", "id: " + "x" * 100_000 + "\nname: |\n" + "  y\n" * 5000)


@attack("parsers")
def yaml_of_strange_answers(folder: Path, places: Places) -> None:
    """Answer with everything at once, with other types, with points, and twice.

    Verdict: unanswered
    Message: quiz-1.yaml
    Naive: not-tried
    """
    _sheet(
        folder,
        "exam: quiz-1\npoints: 2\nverdict: correct\nanswers:\n  q1-01: [A, B, C, D]\n"
        "  q1-01: B\n  q1-02: {A: true, C: true, points: 1}\n  q1-99: B\n  '*': B\n",
    )


@attack("parsers")
def yaml_in_other_codes(folder: Path, places: Places) -> None:
    """Hand in a sheet in UTF-16, with zeros, and a card in bytes that are no text.

    Verdict: unanswered
    Message: UTF-8
    Naive: not-tried
    """
    _sheet(folder, "exam: quiz-1\nanswers: {q1-01: B}\n".encode("utf-16"))
    write(folder / "submission.yaml", b"id: \xff\xfe\x00\n")


@attack("parsers")
def yaml_of_numbers(folder: Path, places: Places) -> None:
    """Put numbers and dates of absurd size where letters belong.

    Verdict: unanswered
    Message: is not an option
    Naive: not-tried
    """
    digits = "9" * 50_000
    _sheet(
        folder,
        f"exam: quiz-1\nanswers:\n  q1-01: {digits}\n  q1-02: [1e999999999, .inf, 0o7, 1:2:3]\n",
    )


@attack("parsers")
def notebook_bomb(folder: Path, places: Places) -> None:
    """Hand in notebooks: one nested without end, one of a single huge cell.

    Verdict: unanswered
    Message: this lab is handed in as probe.py
    Naive: not-tried
    """
    write(folder / "labs" / "probe.ipynb", '{"cells":' + "[" * 500_000)
    huge = {"cell_type": "code", "source": ["x" * 7_000_000], "outputs": [], "metadata": {}}
    write(folder / "labs" / "tight.ipynb", json.dumps({"cells": [huge], "nbformat": 4}))


@attack("parsers")
def python_in_disguise(folder: Path, places: Places) -> None:
    """Hand in a lab of zeros, in a code page that turns comments into code.

    Verdict: student-error
    Message: not valid Python
    Naive: not-tried
    """
    write(folder / "labs" / "probe.py", b"# coding: no-such-code\n\x00\x00" + b"(" * 100_000)


@attack("injection")
def in_the_card(folder: Path, places: Places) -> None:
    """Have a name that clears screens, commands CI services and is markup.

    Verdict: wrong
    Naive: not-tried
    """
    write(folder / "labs" / "probe.py", WRONG)
    name = "\\e]0;owned\\a\\e[2J<script>alert(1)</script>\\n::error::\\u202e![x](http://127.0.0.1/)"
    write(folder / "submission.yaml", f'id: mallory\nname: "{name}"\n')


@attack("injection")
def in_the_sheet(folder: Path, places: Places) -> None:
    """Write answers, keys and ids that a terminal or a browser would obey.

    Verdict: unanswered
    Message: is not an item of quiz-1
    Naive: not-tried
    """
    evil = "\\e[2J\\e]52;c;eA==\\a\\n::error::<img src=x>\\u202e"
    _sheet(
        folder,
        f'exam: quiz-1\nanswers:\n  q1-01: "B{evil}"\n  q1-02: ["A", "{evil}"]\n  "{evil}": B\n',
    )


@attack("injection")
def in_the_source(folder: Path, places: Places) -> None:
    """Hide commands in the line that the interpreter quotes when a file does not compile.

    Verdict: student-error
    Message: not valid Python
    Naive: not-tried
    """
    source = "x = 1\n\x1b[2J\x1b]0;owned\x07 = = <img src=x> \u202e ::error::\n"
    write(folder / "labs" / "probe.py", fill(source, places))
