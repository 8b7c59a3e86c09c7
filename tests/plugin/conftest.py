"""A small course to run the plugin on: two exams, one lab that needs no engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import xmlschema

# Runs within this process forget what they import; so it is here once, before them.
import grader.course.validator
import grader.plugin.bank_checks
import grader.plugin.grading
import grader.plugin.lab_proofs  # noqa: F401 - see above
from tests.builders import ROOT

DOMAINS = """
- id: storage
  title: Storage
  topics: [{id: tables, title: Tables}, {id: files, title: Files}]
- id: serving
  title: Serving
  topics: [{id: endpoints, title: Endpoints}]
"""
QUESTION = """
id: {id}
domain: {domain}
topic: {topic}
kind: {kind}
stem: Which one?
options: {{A: one, B: two, C: three, D: four}}
tags: []
references: ["Manual: {topic}"]
"""
EXAM = """
id: {id}
title: Paper {id}
minutes: 10
pass_mark: 1/2
credit: per-option-penalty
bands:
  - {{from: 9/10, label: Top, advice: Keep going.}}
  - {{from: 0/1, label: Base, advice: Read more.}}
focus:
  - {{topic: tables, title: Table reading, advice: Read about tables.}}
items: [{items}]
"""
KEY = """
{id}:
  answer: {answer}
  accepted: {accepted}
  status: {status}
  {reason}
  explanation: It is SECRET-{id}; A, B, C and D considered.
"""
LAB = """
id: tiny
title: A tiny lab
domain: serving
topics: [endpoints]
points: 3
summary: Write two functions.
runtime: []
budgets: {run: 20, call: 3}
"""
CHECKS = '''
from grader.labs import Lab, points


@points(1, hint="Look at the sum.")
def test_adds(lab: Lab) -> None:
    """Two numbers."""
    assert lab.call("add", 2, 3, returns=int) == 5, "2 + 3 is SECRET-5"


@points(2, hint="Look at the order.")
def test_sorts(lab: Lab) -> None:
    """A list."""
    assert lab.call("order", [3, 1, 2], returns=list[int]) == [1, 2, 3]
'''
SOLUTION = """
def add(a, b):
    return a + b


def order(values):
    return sorted(values)
"""

#: Item id: domain, topic, kind, key.
ITEMS: dict[str, tuple[str, str, str, dict[str, str]]] = {
    "a-01": ("storage", "tables", "single", {"answer": "B", "accepted": "[B]"}),
    "a-02": (
        "storage",
        "files",
        "single",
        {"answer": "A", "accepted": "[A, C]", "status": "disputed"},
    ),
    "a-03": ("serving", "endpoints", "multiple", {"answer": "[A, C]", "accepted": "[[A, C]]"}),
    "b-01": ("storage", "tables", "single", {"answer": "D", "accepted": "[D]", "status": "flawed"}),
    "b-02": ("serving", "endpoints", "single", {"answer": "C", "accepted": "[C]"}),
}
EXAMS = {"quiz-a": ["a-01", "a-02", "a-03"], "quiz-b": ["b-01", "b-02"]}
RIGHT: dict[str, dict[str, Any]] = {
    "quiz-a": {"a-01": "B", "a-02": "A", "a-03": ["A", "C"]},
    "quiz-b": {"b-01": "D", "b-02": "C"},
}


#: Plugins of other packages in the environment, which cost seconds and have no part in this.
_QUICK = ("-p", "no:hypothesispytest", "-p", "no:anyio")


class Course:
    """The course in `pytester`'s folder, and runs in it."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.root = pytester.path
        self.write(
            "pyproject.toml", '[tool.pytest]\nminversion = "9.0"\naddopts = ["--strict-markers"]\n'
        )
        self.write("bank/domains.yaml", DOMAINS)
        for id_, (domain, topic, kind, _) in ITEMS.items():
            text = QUESTION.format(id=id_, domain=domain, topic=topic, kind=kind)
            self.write(f"bank/questions/{domain}/{id_}.yaml", text)
        for exam, items in EXAMS.items():
            self.write(f"bank/exams/{exam}.yaml", EXAM.format(id=exam, items=", ".join(items)))
            keys = ""
            for id_ in items:
                key = {"status": "sound", **ITEMS[id_][3]}
                reason = "" if key["status"] == "sound" else "reason: REASON-SECRET"
                keys += KEY.format(id=id_, reason=reason, **key)
            self.write(f"bank/keys/{exam}.yaml", keys)
        self.write("labs/tiny/lab.yaml", LAB)
        self.write("labs/tiny/checks.py", CHECKS)

    def write(self, path: str, text: str | bytes) -> Path:
        """Write a file below the root."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode() if isinstance(text, str) else text)
        return target

    def student(
        self, name: str, answers: dict[str, Any] | None = None, lab: str | None = SOLUTION
    ) -> Path:
        """A submission; everything right unless told otherwise."""
        for exam, given in (RIGHT if answers is None else answers).items():
            text = given if isinstance(given, str) else json.dumps({"exam": exam, "answers": given})
            self.write(f"submissions/{name}/answers/{exam}.yaml", text)
        if lab is not None:
            self.write(f"submissions/{name}/labs/tiny.py", lab)
        return self.root / "submissions" / name

    def run(self, *args: str) -> pytest.RunResult:
        """`pytest ARGS` in this process."""
        return self.pytester.runpytest_inprocess(*_QUICK, "-p", "no:cacheprovider", *args)

    def apart(self, *args: str) -> pytest.RunResult:
        """`pytest ARGS` in a process of its own: where a run changes its process, or is held
        against one that has loaded nothing yet."""
        return self.pytester.runpytest_subprocess(*_QUICK, "-p", "no:cacheprovider", *args)

    def cached(self, *args: str) -> pytest.RunResult:
        """`run` with pytest's cache, for `--lf`."""
        return self.pytester.runpytest_inprocess(*_QUICK, *args)

    def grade(self, name: str, folder: str = "reports") -> dict[str, Any]:
        """A student's grade.json without its durations."""
        text = (self.root / folder / name / "grade.json").read_text(encoding="utf-8")
        record: dict[str, Any] = json.loads(text)
        del record["durations"]
        return record


@pytest.fixture
def course(pytester: pytest.Pytester) -> Course:
    """A small course without submissions."""
    return Course(pytester)


@pytest.fixture(scope="session")
def xsd() -> xmlschema.XMLSchema:
    """The schema of the JUnit files that pytest writes."""
    return xmlschema.XMLSchema(str(ROOT / "tests" / "data" / "junit-xunit2.xsd"))
