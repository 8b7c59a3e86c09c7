"""The `grader` command: everything that is not a test run.

Exit status: 0 it worked; 1 it found something to mend; 2 wrong usage; 3 the grader or the course
is at fault.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

import grader
from grader.errors import GraderError


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


@main.command()
def doctor() -> None:
    """Say what this machine has, what it lacks, and what that costs."""
    from grader.doctor import examine

    usable = True
    for finding in examine():
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


@main.command()
def warm() -> None:
    """Fetch the jars and prepare the stores now, so that the first grading need not."""
    from grader.labs.engines import RUNTIME, open_sandbox, prepare

    def say(what: str) -> None:
        if sys.stderr.isatty():
            click.echo(what, err=True)

    prepare(open_sandbox(), RUNTIME, say)
    click.echo("ready")


@main.command()
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The course repository (default: this folder).",
)
def lint(root: Path) -> None:
    """Check the bank's files and rules; `pytest bank/` does the same, item by item."""
    from grader.course.course import Course
    from grader.lint import engine

    course = Course(root.resolve())
    bank = course.bank()
    lines = [f.render(course.root) for f in bank.flaws]
    for p in engine.run(bank.bank, bank):
        where = p.path.relative_to(course.root)
        lines.append(f"{where}:{p.line}:{p.column}: {p.code} {p.message}")
    for line in lines:
        click.echo(line)
    items = len(bank.bank.questions)
    click.echo(f"{len(lines)} findings in {items} items", err=True)
    sys.exit(1 if lines else 0)
