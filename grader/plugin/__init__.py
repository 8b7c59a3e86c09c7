"""The pytest plugin: the only importer of pytest. `pytest --submission=alice/` starts here.

Without `--submission` it grades nothing; it then only collects a course's `bank/` and `labs/`,
when pytest walks there. Importing it loads neither Spark nor MLflow.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course.course import Course
from grader.errors import CourseError
from grader.plugin import options

_MARKERS = {
    "exam(id)": "items of this exam",
    "lab(id)": "checks of this lab",
    "domain(id)": "items and checks of this domain",
    "topic(id)": "items and checks of this topic",
    "deep": "slow and thorough; runs with --deep, with -m deep, or when its node id is given",
    "engine": "needs the sandbox and real engines: seconds, not milliseconds",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    options.add(parser)
    options.add_settings(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register what this run needs."""
    for marker, meaning in _MARKERS.items():
        config.addinivalue_line("markers", f"{marker}: {meaning}")
    course = Course(config.rootpath)
    if course.bank_folder.is_dir():
        from grader.plugin.bank_checks import BankPlugin
        from grader.plugin.lab_proofs import LabsPlugin

        config.pluginmanager.register(BankPlugin(course), "grader-bank")
        config.pluginmanager.register(LabsPlugin(course, config), "grader-labs")
    if config.getoption("--submission"):
        _grade(config)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked `deep`, unless it is asked for."""
    if options.deep(config):
        return
    named = [argument for argument in config.args if "::" in argument]
    here = config.invocation_params.dir
    left_out = [
        item
        for item in items
        if item.get_closest_marker("deep") and not any(_names(a, item, here) for a in named)
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def _names(argument: str, item: pytest.Item, here: Path) -> bool:
    """Whether an argument of the command line, `file::name`, is the node id of `item`."""
    file, _, name = argument.partition("::")
    own = item.nodeid.partition("::")[2]
    return here / file == item.path and (own == name or own.startswith((f"{name}::", f"{name}[")))


def _grade(config: pytest.Config) -> None:
    """Turn the run into a grading run."""
    from grader.plugin.grading import GradingPlugin

    request = options.request(config)
    # Node ids of submissions are not paths; pytest must not look for them.
    names = tuple(f.name for f in request.submissions)
    given = config.args if config.args_source is config.ArgsSource.ARGS else []
    here = config.invocation_params.dir
    selectors = [
        a
        for a in given
        if a.split("::")[0].split("/")[0] in names and ("::" in a or not (here / a).exists())
    ]
    config.args = [a for a in given if a not in selectors]
    try:
        plugin = GradingPlugin(request, config, selectors)
    except CourseError as error:
        pytest.exit(str(error), returncode=int(pytest.ExitCode.INTERNAL_ERROR))
    config.pluginmanager.register(plugin, "grader-grading")
