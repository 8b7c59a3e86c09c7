"""Grade submissions in a pytest run: collection, verdicts, reports, exit status.

Registered only when `--submission` is given. With pytest-xdist the workers decide verdicts and
attach them to their reports; the controller alone gathers them and writes reports, so a grade is
the same however its items were spread.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from grader.core.clean import clean_line
from grader.core.grade import Grade
from grader.core.verdict import Result, Verdict
from grader.errors import GraderError
from grader.grading import Grading, Workshop, load_course
from grader.plugin import cargo
from grader.plugin.nodes import (
    Entry,
    GradedItem,
    GraderFaultError,
    NotCorrect,
    Paper,
    SubmissionNode,
)
from grader.plugin.options import Request, known
from grader.plugin.progress import Progress
from grader.report import files, terminal


class GradingPlugin:
    """State of one process of a run."""

    def __init__(self, request: Request, config: pytest.Config, selectors: list[str]) -> None:
        self._request = request
        self._config = config
        self._selectors = selectors
        self._worker = hasattr(config, "workerinput")
        self._progress = Progress(config)
        bank, labs = load_course(request.course)
        known("--exam", request.exams, bank.exams)
        known("--lab", request.labs, labs)
        known("--domain", request.domains, [d.id for d in bank.domains])
        self._shop = Workshop(
            bank, labs, request.course.schemas, request.policy, self._progress.say
        )
        self._open: Grading | None = None
        self._results: dict[str, dict[tuple[str, str], Result]] = {
            f.name: {} for f in request.submissions
        }
        self._spent: dict[str, dict[str, float]] = {f.name: {} for f in request.submissions}
        self._other_failed = False
        self._unkeyed: list[str] = []
        self._grades: list[Grade] = []
        self._faults: list[str] = []
        self._written: list[Path] = []

    # -- collection

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Put submissions beside whatever else the session collects."""
        report = yield
        if isinstance(collector, pytest.Session) and report.passed:
            papers = self._papers()
            report.result += [
                SubmissionNode.from_parent(
                    collector,
                    name=folder.name,
                    nodeid=folder.name,
                    source=folder,
                    papers=papers,
                    opener=self._opened,
                )
                for folder in self._request.submissions
            ]
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep what node ids on the command line name."""
        if not self._selectors:
            return
        for selector in self._selectors:
            if not any(_selects(selector, i.nodeid) for i in items):
                raise pytest.UsageError(f"not found: {selector}")
        dropped = [
            i
            for i in items
            if isinstance(i, GradedItem) and not any(_selects(s, i.nodeid) for s in self._selectors)
        ]
        if dropped:
            self._config.hook.pytest_deselected(items=dropped)
            items[:] = [i for i in items if i not in set(dropped)]

    def _papers(self) -> list[Paper]:
        bank, wanted = self._shop.bank, self._request
        papers = []
        both = bool(wanted.exams or wanted.labs)
        for exam in bank.exams.values():
            if both and exam.id not in wanted.exams:
                continue
            if not all(i in bank.keys for i in exam.items):
                self._unkeyed.append(exam.id)  # a student's copy: nothing to mark with
                continue
            questions = [bank.questions[i] for i in exam.items]
            one = Fraction(1)
            entries = [
                Entry(q.id, q.domain, q.topic, one) for q in questions if self._wants(q.domain)
            ]
            papers.append(Paper("exam", exam.id, tuple(entries)))
        for lab in self._shop.labs.values():
            if (both and lab.spec.id not in wanted.labs) or not self._wants(lab.spec.domain):
                continue
            entries = [Entry(c.name, lab.spec.domain, c.topic, c.points) for c in lab.spec.checks]
            papers.append(Paper("lab", lab.spec.id, tuple(entries)))
        return [p for p in papers if p.entries]

    def _wants(self, domain: str) -> bool:
        return not self._request.domains or domain in self._request.domains

    def _opened(self, folder: Path) -> Grading:
        """The grading of `folder`; one is open at a time, since students come one by one."""
        if self._open is None or self._open.source != folder:
            if self._open is not None:
                self._open.close()
            self._open = Grading(self._shop, folder)
        return self._open

    # -- verdicts

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach the verdict to the report that decides an item."""
        report = yield
        expected = (NotCorrect, GraderFaultError)
        if not isinstance(item, GradedItem):
            return report
        if report.failed and call.excinfo and not isinstance(call.excinfo.value, expected):
            told = clean_line(f"{type(call.excinfo.value).__name__}: {call.excinfo.value}")
            item.result = item.fault(f"while grading: {told}")
            cargo.load(report, item)
        elif item.result is not None:
            fault = item.result.verdict is Verdict.GRADER_FAULT
            if report.when == ("setup" if fault else "call"):
                cargo.load(report, item)
            if fault and report.failed:
                # pytest shows a traceback for whatever fails in setup; there is nothing to see.
                told = "not the student's doing: this entry has no score"
                report.longrepr = f"grader fault: {item.result.reason}\n{told}"
            if report.skipped:  # a void item is skipped because of its paper, not of our code
                report.longrepr = (item.nodeid, 0, f"Skipped: {item.result.reason}")
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a verdict in (the controller, or the only process)."""
        found = cargo.unload(report)
        if found is None:
            self._other_failed |= report.failed
        else:
            student, result, spent = found
            self._results[student][result.paper, result.name] = result
            times = self._spent[student]
            times[result.paper] = times.get(result.paper, 0.0) + spent

    @pytest.hookimpl(optionalhook=True)  # there is no such hook without pytest-xdist
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Keep a paper on one worker, so that a lab runs once, unless the user says otherwise."""
        if config.getoption("dist") != "load":
            return None
        from xdist.scheduler import LoadScopeScheduling

        return LoadScopeScheduling(config, log)

    # -- the end

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write reports and decide the exit status."""
        self._progress.say("")
        if self._open is not None:
            self._open.close()
        if self._worker or self._config.option.collectonly:
            return
        if exitstatus in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR):
            return
        for folder in self._request.submissions:
            if self._results[folder.name]:
                self._finish(folder)
        if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            session.exitstatus = self._status(exitstatus)

    def _finish(self, folder: Path) -> None:
        grading = Grading(self._shop, folder)
        try:
            grade = grading.grade(self._results[folder.name], self._ordered_times(folder.name))
            self._grades.append(grade)
            schema = self._request.course.schemas.validator("grade")
            where = self._request.report_dir / folder.name
            self._written.append(files.write(grade, where, schema, self._shop.bank, self._titles))
        except GraderError as error:
            self._faults.append(f"{folder.name}: {error}")
        finally:
            grading.close()

    def _ordered_times(self, student: str) -> dict[str, float]:
        times = self._spent[student]
        order = [*self._shop.bank.exams, *self._shop.labs]
        return {paper: times[paper] for paper in order if paper in times}

    def _status(self, exitstatus: int) -> int:
        decisions = {g.decision for g in self._grades}
        if self._faults or "grader-fault" in decisions:
            return int(pytest.ExitCode.INTERNAL_ERROR)
        if self._other_failed or "fail" in decisions:
            return int(pytest.ExitCode.TESTS_FAILED)
        if "partial" in decisions:
            return exitstatus  # nothing was decided: pytest's own meaning stays
        return int(pytest.ExitCode.OK)

    @property
    def _titles(self) -> Mapping[str, str]:
        return {id_: lab.spec.title for id_, lab in self._shop.labs.items()}

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print each student's summary."""
        tr = terminalreporter
        for grade in self._grades:
            tr.section(f"grade of {grade.student}", sep="=")
            for line in terminal.render(grade, self._shop.bank, self._titles):
                tr.write_line(line)
        if self._unkeyed:
            exams = ", ".join(self._unkeyed)
            tr.write_line(f"  not marked, since bank/keys/ holds no keys for them: {exams}")
        if self._written:
            tr.write_line("")
            here = self._config.invocation_params.dir
            for path in self._written:
                shown = path.relative_to(here) if path.is_relative_to(here) else path
                tr.write_line(f"  report: {shown}")
        for fault in self._faults:
            tr.write_line(f"  grader fault: {fault}", red=True)


def _selects(selector: str, nodeid: str) -> bool:
    return nodeid == selector or nodeid.startswith((f"{selector}::", f"{selector}/"))
