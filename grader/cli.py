"""The `grader` command: everything that is not a test run.

Exit status: 0 it worked; 1 it found something to mend; 2 wrong usage; 3 the grader or the course
is at fault.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

import grader
from grader.course.course import Course
from grader.errors import CourseError, GraderError

if TYPE_CHECKING:  # commands import what they need when they run
    from grader.labs.load import LoadedLab


class _Group(click.Group):
    """Turns our own errors into a line and an exit status."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except GraderError as error:
            click.echo(f"grader: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(grader.__version__, prog_name="grader")
def main() -> None:
    """Look after a course that grades itself. To grade, use pytest --submission=FOLDER."""


def _course(root: Path) -> Course:
    return Course(root.resolve())


_root = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The course repository (default: this folder).",
)


@main.command()
@_root
def doctor(root: Path) -> None:
    """Say what this machine has, what it lacks, and what that costs.

    The best sandbox is tried with a lab that does what no lab may do.
    """
    from grader.doctor import examine
    from grader.labs.walls import Wanted, minimum

    usable = True
    for finding in examine(Wanted(minimum=minimum(root)).least, _secret(root)):
        mark = click.style("ok  ", fg="green") if finding.ok else click.style("MISS", fg="red")
        click.echo(f"{mark}  {finding.what:<10} {finding.found}")
        if not finding.ok:
            click.echo(f"      {'':<10} costs: {finding.costs}")
            click.echo(f"      {'':<10} mend:  {finding.mend}")
        usable = usable and (finding.ok or not finding.needed)
    click.echo(
        "usable: everything can be graded" if usable else "not usable: labs cannot be graded"
    )
    sys.exit(0 if usable else 1)


def _secret(root: Path) -> str | None:
    """The secret of the course in `root`; None if there is no course."""
    course = _course(root)
    return course.secret if (course.bank_folder / "domains.yaml").is_file() else None


@main.command()
@_root
def warm(root: Path) -> None:
    """Fetch the jars, prepare the stores and train Java now, so that grading starts quickly.

    What is fetched is what the labs of the course in ROOT need. Java is trained on them, which
    takes minutes, once per machine.
    """
    from grader.labs.engines import prepare
    from grader.labs.load import load_labs
    from grader.labs.pool import runtime_of
    from grader.labs.training import train
    from grader.labs.walls import open_sandbox

    def say(what: str) -> None:
        if sys.stderr.isatty():
            click.echo(what, err=True)

    sandbox, course = open_sandbox(), _course(root)
    labs = load_labs(course.labs_folder, course.schemas)
    needed = runtime_of([lab.spec for lab in labs.values()])
    prepare(sandbox, {"spark", "mlflow", *needed}, say)
    train(sandbox, labs, say, course.secret)
    click.echo("ready")


@main.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@_root
def lint(paths: tuple[Path, ...], form: str, root: Path) -> None:
    """Check the bank: its files and what the rules say of them.

    With PATHS only findings in these files and folders are told; the whole bank is read all the
    same, since most rules look across files. Exit status 1 if an error is found; warnings alone
    do not fail.
    """
    from grader.linting import lint_bank
    from grader.report import findings

    course = _course(root)
    found = lint_bank(course)
    if paths:
        chosen = [p.resolve() for p in paths]
        found = [f for f in found if any(f.path.is_relative_to(c) for c in chosen)]
    render = findings.as_json if form == "json" else findings.as_text
    for line in render(found, course.root):
        click.echo(line)
    sys.exit(1 if any(f.level == "error" for f in found) else 0)


@main.group()
def bank() -> None:
    """Look at the question bank."""


@bank.command()
@_root
def stats(root: Path) -> None:
    """Count items and keys, and score takers who do not read."""
    from grader.report import bank_stats

    for line in bank_stats.render(_course(root).bank().bank):
        click.echo(line)


@main.command()
@click.argument("item")
@click.option("--with-key", is_flag=True, help="Show the key and its explanation too.")
@_root
def show(item: str, with_key: bool, root: Path) -> None:
    """Print one item readably."""
    from grader.core.suggest import suggest
    from grader.report import item as report

    found = _course(root).bank().bank
    if item not in found.questions:
        raise CourseError(f"the bank has no item {item!r}{suggest(item, found.questions)}")
    key = found.keys.get(item)
    if with_key and key is None:
        raise CourseError(f"{item} has no key in bank/keys/")
    for line in report.render(found.questions[item], key if with_key else None, _code):
        click.echo(line)


@main.group()
def lab() -> None:
    """Look at the wrong solutions that a lab is proved with."""


@lab.command()
@click.argument("lab_id", metavar="LAB")
@click.argument("mutant")
@_root
def diff(lab_id: str, mutant: str, root: Path) -> None:
    """Print what MUTANT changes of the reference of LAB."""
    from grader.labs.mutant_editing import unified_diff

    course = _course(root)
    for line in unified_diff(_lab(course, lab_id), mutant, course.schemas):
        click.secho(line, fg={"-": "red", "+": "green", "@": "cyan"}.get(line[:1]))


@lab.command()
@click.argument("lab_id", metavar="LAB")
@click.argument("mutant")
@_root
def edit(lab_id: str, mutant: str, root: Path) -> None:
    """Open MUTANT of LAB in $EDITOR and store what it changes; a new name makes a new mutant.

    The docstring holds its summary and, after `Fails:`, the checks that it must fail.
    """
    from grader.labs.mutant_editing import draft, store

    course = _course(root)
    lab = _lab(course, lab_id)
    begun = draft(lab, mutant, course.schemas)
    for warning in begun.warnings:
        click.echo(f"left out: {warning}", err=True)
    file = Path(tempfile.mkdtemp(prefix="grader-")) / f"{mutant}.py"
    file.write_text(begun.text, encoding="utf-8")
    try:
        click.edit(filename=str(file))
        text = file.read_text(encoding="utf-8")
        changed = text != begun.text and store(lab, mutant, text, course.schemas)
    except (GraderError, click.ClickException):
        click.echo(f"not stored; your text is kept in {file}", err=True)
        raise
    shutil.rmtree(file.parent)
    click.echo(f"stored in labs/{lab_id}/mutants.yaml" if changed else "nothing has changed")


def _lab(course: Course, name: str) -> LoadedLab:
    """Return a lab of the course.

    Raises:
        CourseError: there is none of this name, or it has flaws.
    """
    from grader.core.suggest import suggest
    from grader.course.labs import lab_folders
    from grader.labs.load import load_one

    folders = {folder.name: folder for folder in lab_folders(course.labs_folder)}
    if name not in folders:
        raise CourseError(f"there is no lab {name!r}{suggest(name, folders)}")
    return load_one(folders[name], course.schemas)


def _code(text: str) -> str:
    return _highlighted(text) if sys.stdout.isatty() else f"`{text}`"


def _highlighted(text: str) -> str:
    from pygments import highlight
    from pygments.formatters import TerminalFormatter
    from pygments.lexers import PythonLexer

    return highlight(text, PythonLexer(), TerminalFormatter()).rstrip("\n")
