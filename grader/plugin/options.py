"""Command-line options, and what they mean together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from grader.core.grade import Policy
from grader.core.suggest import suggest
from grader.course.course import SECRET, Course
from grader.course.submission import find_submissions
from grader.errors import CourseError, SubmissionError
from grader.labs.walls import SETTING, Wanted, minimum
from grader.sandbox.interface import TIERS

DEFAULT_PASS_MARK = Fraction(7, 10)


def add(parser: pytest.Parser) -> None:
    """Register the options."""
    group = parser.getgroup("grader", "grading submissions")
    group.addoption(
        "--submission",
        action="append",
        default=[],
        metavar="FOLDER",
        help="grade this submission (a folder, its name below submissions/, or a folder of "
        "submissions); may be repeated",
    )
    for what in ("exam", "lab", "domain"):
        group.addoption(
            f"--{what}",
            action="append",
            default=[],
            metavar="ID",
            help=f"grade this {what} only; may be repeated. The result is partial",
        )
    group.addoption(
        "--report-dir",
        default="reports",
        metavar="FOLDER",
        help="where reports go, one folder a student (default: reports)",
    )
    group.addoption(
        "--pass-mark",
        default=None,
        metavar="SHARE",
        help="share of all points that passes: 70%%, 0.7 or 7/10 (default: 70%%)",
    )
    group.addoption(
        "--feedback",
        choices=("score", "hints", "full"),
        default="hints",
        help="what reports may show: score, hints (default), or full with keys and explanations",
    )
    group.addoption(
        "--key-policy",
        choices=("source", "verified"),
        default="source",
        help="source (default): every item counts; verified: items with a flawed key are void",
    )
    _containment(group)
    group.addoption(
        "--deep",
        action="store_true",
        help="run the tests that are marked `deep`, too; with labs/, prove each lab with all its "
        "solutions, right and wrong",
    )
    group.addoption(
        "--seed",
        default=None,
        metavar="TEXT",
        help="what hidden data is generated from, such as a seed of reports/instructor.json, "
        f"instead of one from the course's secret ({SECRET} or bank/keys/secret.txt)",
    )


def _containment(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--sandbox",
        choices=("auto", *TIERS),
        default="auto",
        help="what separates students' code from this machine: the best there is (auto), or this",
    )
    group.addoption(
        "--min-sandbox",
        choices=TIERS,
        default=None,
        help="refuse to run labs with less than this (default: landlock, or grader_min_sandbox)",
    )
    group.addoption(
        "--i-trust-this-code",
        action="store_true",
        help="let students' code run without a sandbox where there is none (--sandbox=none)",
    )


def add_settings(parser: pytest.Parser) -> None:
    """Register what pyproject.toml can set."""
    parser.addini(SETTING, "refuse to run labs with a weaker sandbox than this")


def containment(config: pytest.Config) -> Wanted:
    """What sandbox the run asks for.

    Raises:
        pytest.UsageError: the setting names no tier.
    """
    least = config.getoption("--min-sandbox") or config.getini(SETTING) or None
    if least is None and (config.inipath is None or config.inipath.parent != config.rootpath):
        # With --rootdir pytest looks for settings where it was started. This one is the course's.
        try:
            least = minimum(config.rootpath)
        except CourseError as error:
            raise pytest.UsageError(str(error)) from error
    if least not in (None, *TIERS):
        raise pytest.UsageError(f"{SETTING} must be one of {', '.join(TIERS)} (got {least})")
    return Wanted(
        config.getoption("--sandbox"), least, bool(config.getoption("--i-trust-this-code"))
    )


@dataclass(frozen=True, slots=True)
class Request:
    """What a run was asked to grade. Empty selections mean everything."""

    course: Course
    submissions: tuple[Path, ...]
    exams: tuple[str, ...]
    labs: tuple[str, ...]
    domains: tuple[str, ...]
    report_dir: Path
    policy: Policy
    wanted: Wanted
    secret: str
    seed: str | None


def request(config: pytest.Config) -> Request:
    """The options of `config`.

    Raises:
        pytest.UsageError: one of them makes no sense; the message says which and why.
    """
    root, here = config.rootpath, config.invocation_params.dir
    folders: list[Path] = []
    for argument in config.getoption("--submission"):
        try:
            folders += find_submissions(argument, root, here)
        except SubmissionError as error:
            raise pytest.UsageError(str(error)) from error
    folders = list(dict.fromkeys(folders))
    _not_from_a_student(config, folders)
    names = [f.name for f in folders]
    for name in names:
        if names.count(name) > 1:
            twins = ", ".join(str(f) for f in folders if f.name == name)
            raise pytest.UsageError(f"two submissions have the same folder name: {twins}")
    course = Course(root)
    return Request(
        course=course,
        submissions=tuple(folders),
        exams=tuple(config.getoption("--exam")),
        labs=tuple(config.getoption("--lab")),
        domains=tuple(config.getoption("--domain")),
        report_dir=here / config.getoption("--report-dir"),
        policy=Policy(
            key_policy=config.getoption("--key-policy"),
            feedback=config.getoption("--feedback"),
            pass_mark=share(config.getoption("--pass-mark")),
        ),
        wanted=containment(config),
        secret=course.secret,
        seed=config.getoption("--seed"),
    )


def _not_from_a_student(config: pytest.Config, folders: Sequence[Path]) -> None:
    """Refuse to go on where pytest took its settings from a submission.

    Raises:
        pytest.UsageError: it did, since somebody wrote `--submission FOLDER`.
    """
    own = [path.resolve() for path in (config.inipath, config.rootpath) if path]
    for folder in folders:
        if any(path.is_relative_to(folder.resolve()) for path in own):
            raise pytest.UsageError(
                f"pytest has read its settings from the submission {folder.name}, and they can run "
                "code: start it in the course repository, and write --submission=FOLDER with an "
                "equals sign; with a space pytest takes the folder for an argument of its own"
            )


def share(text: str | None) -> Fraction:
    """`70%`, `0.7` or `7/10` as an exact fraction.

    Raises:
        pytest.UsageError: it is none of these, or not between 0 and 1.
    """
    if text is None:
        return DEFAULT_PASS_MARK
    try:
        plain = text.strip()
        value = Fraction(plain[:-1]) / 100 if plain.endswith("%") else Fraction(plain)
    except (ValueError, ZeroDivisionError):
        value = Fraction(-1)
    if not 0 <= value <= 1:
        raise pytest.UsageError(
            f"--pass-mark must be a share such as 70%, 0.7 or 7/10 (got {text})"
        )
    return value


def known(option: str, chosen: Sequence[str], available: Iterable[str]) -> None:
    """Check the ids given to `option`.

    Raises:
        pytest.UsageError: one is not available.
    """
    names = list(available)
    for name in chosen:
        if name not in names:
            hint = suggest(name, names) or f"; there are {', '.join(names) or 'none'}"
            raise pytest.UsageError(f"{option}: no {option.strip('-')} {name!r}{hint}")


def deep(config: pytest.Config) -> bool:
    """Whether what is marked `deep` runs: it was asked for, or `-m` speaks of it."""
    return bool(config.getoption("--deep")) or "deep" in config.getoption("-m")


def workers() -> int:
    """How many processes share this machine in this run: those of pytest-xdist."""
    count = os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")
    return int(count) if count.isdecimal() else 1
