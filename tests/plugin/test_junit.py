"""The JUnit file: valid, and complete as far as points go."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from fractions import Fraction

import pytest
import xmlschema

from tests.builders import ROOT
from tests.plugin.conftest import CHECKS, RIGHT, Course


@pytest.fixture(scope="module")
def xsd() -> xmlschema.XMLSchema:
    """The schema of the dialect."""
    return xmlschema.XMLSchema(str(ROOT / "tests" / "data" / "junit-xunit2.xsd"))


def test_junit_is_valid_and_carries_points(course: Course, xsd: xmlschema.XMLSchema) -> None:
    """Every outcome there is validates; the properties add up to the grade."""
    course.write("labs/tiny/checks.py", CHECKS.replace("== [1, 2, 3]", "== nonsense"))
    evil = 'def add(a, b):\n    raise ValueError("\\x00\\x1b[31m\\ufffe]]>&<")\n'
    course.student("ann", {"quiz-a": {"a-01": "B", "a-02": "D", "a-03": ["A"]}}, lab=evil)
    course.student("ben", {**RIGHT, "quiz-b": {"b-01": "A"}})
    args = ("--submission=submissions", "--key-policy=verified", "--junitxml=junit.xml")
    assert course.run(*args).ret == 3
    path = course.root / "junit.xml"
    xsd.validate(str(path))
    cases = list(ET.parse(path).iter("testcase"))
    assert {case.get("classname") for case in cases} == {
        f"{s}.{p}" for s in ("ann", "ben") for p in ("quiz-a", "quiz-b", "tiny")
    }
    outcomes = {child.tag for case in cases for child in case}
    assert outcomes == {"properties", "failure", "error", "skipped"}
    sums = {"ann": Fraction(0), "ben": Fraction(0)}
    for case in cases:
        told = {p.get("name"): p.get("value") for p in case.iter("property")}
        assert {"student", "domain", "topic", "verdict", "points", "maximum"} <= set(told)
        assert ("exam" in told and "item" in told) or ("lab" in told and "check" in told)
        sums[str(told["student"])] += Fraction(str(told["points"] or 0))
    for name, points in sums.items():
        assert course.grade(name)["totals"]["overall"]["points"] == str(points)


def test_junit_is_the_same_with_xdist(course: Course, xsd: xmlschema.XMLSchema) -> None:
    """The same cases with the same properties, whoever ran them."""
    course.student("ann", {**RIGHT, "quiz-b": {"b-01": "A"}})
    found = []
    for extra in ((), ("-n", "2")):
        course.run("--submission=ann", "--junitxml=junit.xml", *extra)
        xsd.validate(str(course.root / "junit.xml"))
        cases = ET.parse(course.root / "junit.xml").iter("testcase")
        found.append(
            sorted(
                (
                    str(c.get("name")),
                    sorted((str(p.get("name")), str(p.get("value"))) for p in c.iter("property")),
                )
                for c in cases
            )
        )
    assert found[0] == found[1]
